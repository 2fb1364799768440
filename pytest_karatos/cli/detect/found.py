"""What was detected in a tree: how it is built, what for, and what could not be told."""

import re
from dataclasses import dataclass

from pytest_karatos.choices import LOCAL


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Something that only a person can answer: the question, and lines of TOML to complete."""

    text: str
    lines: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Family:
    """A ``[firmware.NAME]``: one program of several, or many that one command makes.

    ``binaries`` are names, or one place of files that tell them, with ``{binary}`` in it.
    """

    name: str
    command: str = ""
    elf: str = ""
    binaries: tuple[str, ...] = ()
    expected: str = ""
    prebuilt: str = ""
    archs: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """One tree's build. ``saw`` are the facts that led to it, for people.

    ``triple`` is the compiler's target where one is named; ``hint`` is text in which an arch may
    be mentioned. ``builder`` is set where the default would not do, and ``builder_why`` says why.
    """

    saw: tuple[str, ...]
    command: str = ""
    elf: str = ""
    triple: str = ""
    hint: str = ""
    builder: str = ""
    builder_why: str = ""
    #: Arch -> ELF that is there already, for a tree of which nothing else is known.
    prebuilt: tuple[tuple[str, str], ...] = ()
    #: Arch -> the board's name in the build command.
    build_names: tuple[tuple[str, str], ...] = ()
    questions: tuple[Question, ...] = ()
    #: What ``[firmware.NAME]`` tables there are; with them ``command`` and ``elf`` are empty.
    families: tuple[Family, ...] = ()
    #: The tree of the build where it is more than the folder, and where in it the folder is.
    source: str = ""
    folder: str = ""
    #: The names of the boards that the build is for, where it is made for few.
    boards: tuple[str, ...] = ()
    #: What cannot be told from the tree, and needs no answer before the first run.
    unsure: tuple[str, ...] = ()
    #: False for a tree that says everything itself.
    needs_settings: bool = True


_NOT_IN_IMAGE = re.compile(r"\b(?:arm-none-eabi|riscv(?:32|64)-unknown-elf|riscv-none-elf)-")


def foreign(text: str) -> tuple[str, str]:
    """Return the builder that ``text`` asks for and why; two empty texts when any will do.

    >>> foreign("CC = arm-none-eabi-gcc")
    ('local', 'the builder image has no arm-none-eabi-...; name one of yours as [build] image')
    """
    found = _NOT_IN_IMAGE.search(text)
    return because(f"{found[0]}...") if found else ("", "")


def because(tool: str) -> tuple[str, str]:
    """Say that ``tool`` is not in the image."""
    return LOCAL, f"the builder image has no {tool}; name one of yours as [build] image"
