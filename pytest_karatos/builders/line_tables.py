"""Line tables for an ELF without any: it is built once more with them, if that changes no byte."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from pytest_karatos.elf import difference, has_lines
from pytest_karatos.errors import BadFirmware, BuildFailed
from pytest_karatos.firmware import BuildRequest


@dataclass(frozen=True, kw_only=True, slots=True)
class Lines:
    """The ELF with line tables, or ``why`` there is none; neither where none is needed."""

    elf: Path | None = None
    why: str = ""


def lines_for(
    elf: Path,
    asked: BuildRequest,
    variables: tuple[tuple[str, str], ...],
    build: Callable[[BuildRequest], Path],
) -> Lines:
    """Find the line tables of ``elf``, which was ``asked`` for.

    ``variables`` are those that make a build have line tables; ``build`` builds.

    :raises BadFirmware: when ``elf`` cannot be read.
    """
    if not variables or has_lines(elf):
        return Lines()
    names = ", ".join(f"{name}={value}" for name, value in variables)
    env = tuple(sorted({**dict(asked.env), **dict(variables)}.items()))
    try:
        found = build(replace(asked, env=env))
        why = _unfit(elf, found)
    except (BuildFailed, BadFirmware, OSError) as error:
        why = str(getattr(error, "what", error))
    if not why:
        return Lines(elf=found)
    return Lines(why=f"{asked.title} has no line tables, and got none from {names}: {why}")


def _unfit(elf: Path, found: Path) -> str:
    if not has_lines(found):
        return "built with that it has none either (does its profile strip them?)."
    changed = difference(elf, found)
    return f"built with that it is another image: {changed}." if changed else ""
