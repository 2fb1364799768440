"""List every setting once: validation, environment, options, provenance and schema read this."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from pytest_karatos.settings import kinds
from pytest_karatos.settings.kinds import Kind

#: A crash's first words, whoever prints them. Each is more than a word that a healthy banner could
#: hold ("HardFault handler installed" is no crash).
FAULTS = (
    "panicked at",
    "Kernel panic - ",
    "kernel panic:",
    "KERNEL PANIC",
    "Hard Fault at",
    "HardFault at",
    "HardFault:",
    "HARD FAULT",
    "FATAL ERROR",
    " panic task=",
    " fault kind=",
)

#: What a tree holds for its tests, and what they write there: edited or written, no build is due.
NOT_SOURCES = (
    *("test_*.py", "conftest.py", "pytest.ini", "karatos.toml"),
    *("report*.html", "karatos*.json", "junit*.xml", ".coverage"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """One setting. In ``name`` a ``*`` stands for any name (a board's, an arch's).

    ``typed`` is its word in what the command line hands over; ``karatos_<typed>`` is the ini key.
    ``same_as`` names the key that this is another spelling of.
    """

    name: str
    kind: Kind
    help: str
    default: object = None
    typed: str = ""
    env: str = ""
    same_as: str = ""

    @property
    def path(self) -> tuple[str, ...]:
        """The name's parts."""
        return tuple(self.name.split("."))

    @property
    def flag(self) -> str:
        """The option that sets it, or nothing."""
        if not self.typed:
            return ""
        return "--arch" if self.typed == "arch" else f"--karatos-{self.typed}"

    @property
    def in_file(self) -> bool:
        """Whether a settings file may hold it."""
        return self.name != "config"


def _key(name: str, kind: Kind, default: object, text: str, typed: str = "", **more: str) -> Key:
    env = more.get("env", f"KARATOS_{typed.upper()}" if typed else "")
    same = more.get("same_as", "")
    return Key(name=name, kind=kind, help=text, default=default, typed=typed, env=env, same_as=same)


_PLACES = "{arch} {profile} {cargo_profile} {board} {triple} {features}"
_READY = "what the firmware prints when it takes input; waited for before the first is typed"
_FILTER = "program and arguments that turn the console's bytes into text (defmt); {elf} is the ELF"
_EXIT = "how a machine ends when all is well: an exit status or 'never'"
KEYS: tuple[Key, ...] = (
    _key("config", kinds.PATH, None, "the settings file, instead of karatos.toml", "config"),
    _key("run.arch", kinds.TEXTS, None, "archs to test: names or 'all'; all by default", "arch"),
    _key("run.board", kinds.NAMES, None, "further boards, by name", "board"),
    _key("run.expect_exit", kinds.EXIT, None, f"{_EXIT}; a board or a test may say otherwise"),
    _key("build.source", kinds.PATH, ".", "the firmware's tree", "source"),
    _key(
        "build.command",
        kinds.STEPS,
        ("./build.sh {arch} {profile}",),
        f"shell command, or several in turn, that build one board; placeholders {_PLACES}",
        env="KARATOS_COMMAND",
    ),
    _key("build.folder", kinds.FOLDER, None, "where in the tree the command starts, if not on top"),
    _key(
        "build.exclude",
        kinds.TEXTS,
        NOT_SOURCES,
        "files of the tree that no build reads: patterns for their names, or, with a '/', paths",
    ),
    _key("build.serial", kinds.FLAG, False, "whether only one build may run on this machine"),
    _key(
        "build.elf",
        kinds.TEXT,
        "target/{triple}/{profile}/kernel",
        "where the ELF is then, a path or glob in the tree; the same placeholders",
    ),
    _key(
        "build.map",
        kinds.ANY_TEXT,
        "",
        "where the linker's map is then, likewise; kept beside the ELF, none if ''",
    ),
    _key("build.builder", kinds.TEXT, "auto", "auto, docker, local or prebuilt", "builder"),
    _key(
        "build.image",
        kinds.IMAGE,
        "",
        "an image name or a Dockerfile's folder; ours if ''",
        "image",
    ),
    _key("toolchain.image", kinds.IMAGE, None, "another spelling", same_as="build.image"),
    _key("build.env.*", kinds.ANY_TEXT, None, "environment of the build; placeholders as above"),
    _key("build.profiles", kinds.NAMES, ("debug",), "profiles to build and test", "profile"),
    _key("build.prebuilt.*", kinds.PATH, None, "an ELF to take for this arch or board", "elf"),
    _key(
        "build.timeout", kinds.SECONDS, 600.0, "seconds for one build", env="KARATOS_BUILD_TIMEOUT"
    ),
    _key("build.memory", kinds.SIZE, 4 * 1024**3, "memory of a build", env="KARATOS_MEMORY"),
    _key("build.cpus", kinds.NUMBER, 2.0, "processors of a build", env="KARATOS_CPUS"),
    _key(
        "build.jobs",
        kinds.WHOLE,
        None,
        "builds at once on this machine; as many as there are processors by default",
        env="KARATOS_BUILD_JOBS",
    ),
    _key("build.pids", kinds.WHOLE, 512, "processes of a build"),
    _key("emulator.use", kinds.TEXT, "auto", "auto, host or docker", "emulator"),
    _key("emulator.timeout", kinds.SECONDS, 30.0, "seconds that a wait may take", "timeout"),
    _key("console.faults", kinds.TEXTS, FAULTS, "texts that mean a crash wherever they appear"),
    _key("console.silence", kinds.SECONDS, 5.0, "seconds without a byte that mean: silent"),
    _key("console.repeats", kinds.WHOLE, 200, "times the same block may come in succession"),
    _key("console.restarts", kinds.WHOLE, 3, "times the boot text may come again"),
    _key("console.boot_text", kinds.ANY_TEXT, "", "what a boot prints first; the first line if ''"),
    _key("console.total", kinds.SIZE, 64 * 1024**2, "output of one boot"),
    _key("console.line", kinds.SIZE, 64 * 1024, "length of one line"),
    _key("console.newline", kinds.ANY_TEXT, "\n", "what sendline ends a line with"),
    _key("console.ready", kinds.ANY_TEXT, "", _READY),
    _key("console.filter", kinds.TEXTS, (), _FILTER),
    _key("console.dialect", kinds.TEXT, "auto", "how the scheduler's lines are read"),
    _key("boards.*.arch", kinds.TEXT, None, "the board's arch, a name under [targets]"),
    _key("boards.*.triple", kinds.ANY_TEXT, None, "compiler triple, if not the target's"),
    _key("boards.*.build_name", kinds.TEXT, None, "the board's name in the build command"),
    _key("boards.*.emulator", kinds.TEXT, None, "QEMU program, if not the target's"),
    _key("boards.*.qemu", kinds.TEXTS, (), "QEMU arguments that make the board"),
    _key("boards.*.console", kinds.CONSOLE, "uart0", "which line is the console"),
    _key("boards.*.semihosting", kinds.FLAG, None, "whether the CPU may use semihosting"),
    _key("boards.*.loader", kinds.LOADER, "kernel", "how QEMU gets the ELF"),
    _key("boards.*.icount", kinds.TEXT, "shift=5,sleep=off", "QEMU -icount, or 'off'"),
    _key("boards.*.default", kinds.FLAG, None, "whether the arch alone means this board"),
    _key("boards.*.newline", kinds.ANY_TEXT, None, "this board's console.newline"),
    _key("boards.*.ready", kinds.ANY_TEXT, None, "this board's console.ready"),
    _key("boards.*.filter", kinds.TEXTS, None, "this board's console.filter"),
    _key("boards.*.silence", kinds.SECONDS, None, "this board's console.silence"),
    _key("boards.*.expect_exit", kinds.EXIT, None, _EXIT),
    _key("boards.*.build.command", kinds.STEPS, None, "this board's build.command"),
    _key("boards.*.build.folder", kinds.FOLDER, None, "this board's build.folder"),
    _key("boards.*.build.elf", kinds.TEXT, None, "this board's build.elf"),
    _key("boards.*.build.map", kinds.ANY_TEXT, None, "this board's build.map"),
    _key("boards.*.build.env.*", kinds.ANY_TEXT, None, "more environment of this board's build"),
    _key("boards.*.regions.*.start", kinds.ADDRESS, None, "first address"),
    _key("boards.*.regions.*.size", kinds.SIZE, None, "length"),
    _key("targets.*.triple", kinds.ANY_TEXT, "", "compiler triple"),
    _key("targets.*.emulator", kinds.TEXT, None, "QEMU program"),
    _key("targets.*.elf_machine", kinds.TEXT, None, "e_machine without EM_, as ARM or RISCV"),
    _key("targets.*.elf_bits", kinds.BITS, 32, "class of the ELF"),
    _key("targets.*.elf_endian", kinds.ENDIAN, "little", "byte order of the ELF"),
    _key("budget.*.flash", kinds.SIZE, None, "limit of an arch or board, every profile"),
    _key("budget.*.ram", kinds.SIZE, None, "limit of an arch or board, every profile"),
    _key("budget.*.*.flash", kinds.SIZE, None, "limit of an arch or board in one profile"),
    _key("budget.*.*.ram", kinds.SIZE, None, "limit of an arch or board in one profile"),
    _key("dialects.*", kinds.RULES, None, "how one RTOS talks: rules in the order tried"),
    _key("cache.folder", kinds.PATH, None, "where built firmware is kept", env="KARATOS_CACHE"),
    _key("cache.size", kinds.SIZE, 2 * 1024**3, "room it may take", env="KARATOS_CACHE_SIZE"),
    _key("artifacts.folder", kinds.PATH, ".karatos", "where logs are kept", "artifacts"),
    _key("artifacts.json", kinds.PATH, None, "write the ledger there", "json"),
)

#: The words by which options, and :meth:`pytest_karatos.Bench.here`, hand settings over.
TYPED_WORDS = frozenset(key.typed for key in KEYS if key.typed)

#: The keys as nested tables: part of the name -> table, or the key itself.
Tree = Mapping[str, "Tree | Key"]


@cache
def tree() -> Tree:
    """Return the keys of a settings file, nested as the file nests them."""
    top: dict[str, Tree | Key] = {}
    for key in KEYS:
        if key.in_file:
            table = top
            for part in key.path[:-1]:
                table = table.setdefault(part, {})  # type: ignore[assignment]
            table[key.path[-1]] = key
    return top


@cache
def by_name() -> Mapping[str, Key]:
    """Map dotted names to keys."""
    return {key.name: key for key in KEYS}
