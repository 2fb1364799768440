"""The words with a closed set: what each of them is called and means, and which module does it.

Settings, flags, help, documentation and the doctor read these tables; nobody else spells the words.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Generic, TypeVar

#: Whatever fits best here.
AUTO = "auto"


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """One word of a set, and what it means in few words."""

    word: str
    help: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Way(Choice):
    """A way to do something, which may need a container engine (``Docker``; empty: none).

    ``auto`` tries the automatic ones in their order.
    """

    engine: str = ""
    automatic: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class BuilderWay(Way):
    """A way to firmware, done by ``module``, which is imported when it is taken.

    The module has a function ``open_builder(context, why)``. ``compiles`` is whether it runs the
    build command.
    """

    module: str
    compiles: bool = True


C = TypeVar("C", bound=Choice)
W = TypeVar("W", bound=Way)


class Choices(Generic[C]):
    """A closed set of words for one thing.

    >>> LOADERS.words, LOADERS["bios"].help, "tftp" in LOADERS
    (('kernel', 'bios', 'device'), 'as a firmware image: -bios', False)
    """

    def __init__(self, name: str, *choices: C) -> None:
        self.name = name
        self._choices = {one.word: one for one in choices}

    def __getitem__(self, word: str) -> C:
        return self._choices[word]

    def __contains__(self, word: object) -> bool:
        return word in self._choices

    def __str__(self) -> str:
        *rest, last = self.words
        return f"{', '.join(rest)} or {last}"

    @property
    def words(self) -> tuple[str, ...]:
        """All words, in order."""
        return tuple(self._choices)

    @property
    def meanings(self) -> str:
        """All words, each with what it means."""
        return "; ".join(f"'{one.word}': {one.help}" for one in self._choices.values())


class Ways(Choices[W]):
    """A closed set of ways, of which ``auto`` takes the first that can work.

    >>> BUILDERS.words, str(LAUNCHERS)
    (('auto', 'docker', 'local', 'prebuilt'), 'auto, host or docker')
    """

    @property
    def words(self) -> tuple[str, ...]:
        """All words; ``auto`` is the first."""
        return (AUTO, *self._choices)

    @property
    def meanings(self) -> str:
        """All words, each with what it means."""
        order = ", else ".join(way.word for way in self.in_turn(AUTO))
        return f"'{AUTO}': {order}; {super().meanings}"

    def __contains__(self, word: object) -> bool:
        return word in self.words

    def in_turn(self, word: str) -> tuple[W, ...]:
        """Return the ways that ``word`` means, in the order in which they are tried.

        >>> [way.word for way in BUILDERS.in_turn("auto")], len(BUILDERS.in_turn("prebuilt"))
        (['docker', 'local'], 1)
        """
        if word == AUTO:
            return tuple(way for way in self._choices.values() if way.automatic)
        return (self._choices[word],)

    def taken(self, word: str, *, engines: Collection[str]) -> W:
        """Return the way that ``word`` takes where these container ``engines`` answer.

        >>> BUILDERS.taken("auto", engines=()).word, BUILDERS.taken("docker", engines=()).word
        ('local', 'docker')
        """
        ways = self.in_turn(word)
        return next((way for way in ways if not way.engine or way.engine in engines), ways[0])

    def may_need(self, word: str, engine: str) -> bool:
        """Tell whether ``word`` can come to take a way that needs ``engine``."""
        return any(way.engine == engine for way in self.in_turn(word))

    def must_have(self, word: str, engine: str) -> bool:
        """Tell whether ``word`` takes no way without ``engine``.

        >>> LAUNCHERS.may_need("auto", DOCKER), LAUNCHERS.must_have("auto", DOCKER)
        (True, False)
        """
        return all(way.engine == engine for way in self.in_turn(word))


#: The container engine.
DOCKER = "Docker"

BUILDERS: Ways[BuilderWay] = Ways(
    "builder",
    BuilderWay(
        word="docker",
        help="in a container of the builder image",
        module="pytest_karatos.builders.docker",
        engine=DOCKER,
    ),
    BuilderWay(
        word="local", help="with the tools of this machine", module="pytest_karatos.builders.local"
    ),
    BuilderWay(
        word="prebuilt",
        help="nothing is built, --karatos-elf names the ELFs",
        module="pytest_karatos.builders.prebuilt",
        automatic=False,
        compiles=False,
    ),
)
LOCAL, PREBUILT = "local", "prebuilt"


def is_compiled(builder: str) -> bool:
    """Tell whether firmware of this builder was built, and not only taken.

    >>> is_compiled("docker"), is_compiled("prebuilt"), is_compiled("one of another version")
    (True, False, True)
    """
    # A ledger of another version, or a hostile one, may have any word, such as that for the choice.
    return builder == AUTO or builder not in BUILDERS or BUILDERS[builder].compiles


#: What a board runs on; a hook may bring more.
QEMU, SERIAL = "qemu", "serial"
KINDS: Choices[Choice] = Choices(
    "kind of board",
    Choice(word=QEMU, help="in QEMU"),
    Choice(word=SERIAL, help="as hardware on a serial port"),
)

HOST, CONTAINER = "host", "docker"
LAUNCHERS: Ways[Way] = Ways(
    "launcher",
    Way(word=HOST, help="on this machine"),
    Way(word=CONTAINER, help="in a container of the builder image", engine=DOCKER),
)

KERNEL, BIOS, DEVICE = "kernel", "bios", "device"
LOADERS: Choices[Choice] = Choices(
    "loader",
    Choice(word=KERNEL, help="as a kernel: -kernel"),
    Choice(word=BIOS, help="as a firmware image: -bios"),
    Choice(word=DEVICE, help="by the generic loader: -device loader"),
)

LITTLE, BIG = "little", "big"
ENDIANS: Choices[Choice] = Choices(
    "byte order",
    Choice(word=LITTLE, help="least significant byte first"),
    Choice(word=BIG, help="most significant byte first"),
)

#: The profiles that every build system has; others are declared in the settings.
DEBUG, RELEASE = "debug", "release"
PROFILES = (DEBUG, RELEASE)

#: A console that is not a UART.
SEMIHOSTING = "semihosting"
#: The end that is none: the machine must still run.
NEVER = "never"
#: An instruction counter that does not count.
OFF = "off"
