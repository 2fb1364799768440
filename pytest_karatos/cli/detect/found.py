"""What was detected in a tree: how it is built, what for, and what could not be told."""

import re
from dataclasses import dataclass

from pytest_karatos.builders.missing import kin_of, package_of
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

    >>> foreign("CC = arm-none-eabi-gcc")[1].partition("; ")[2]
    '[toolchain] packages = ["gcc-arm-none-eabi"] adds it'
    """
    found = _NOT_IN_IMAGE.search(text)
    if not found:
        return "", ""
    kin = kin_of(found[0])
    return because(f"{found[0]}...", package_of(kin or found[0]), kin)


def because(tool: str, package: str = "", kin: str = "") -> tuple[str, str]:
    """Say that ``tool`` is not in the image, and what would bring it, or its ``kin``, there."""
    if not package:
        return LOCAL, f"the builder image has no {tool}; name one of yours as [toolchain] image"
    other = f"{kin}..." if kin else "it"
    adds = f'[toolchain] packages = ["{package}"] adds {other}'
    return LOCAL, f"the builder image has no {tool}; {adds}"
