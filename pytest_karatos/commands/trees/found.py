"""Hold what was recognised in a tree: how it is built, what for, and what could not be told."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Something that only a person can answer: the question, and lines of TOML to complete."""

    text: str
    lines: tuple[str, ...]


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
    #: False for a tree that says everything itself.
    needs_settings: bool = True
