"""Which bytes of its code a boot executed, noted in the boot's folder for whoever sums it up."""

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_karatos.artifacts.files import write_json

NAME = "executed.json"
#: Longest file that is read: a firmware of a million instructions has less.
_LONGEST = 32 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Covered:
    """What a boot of one ELF executed: bytes from, and up to (not with), in order of addresses.

    ``starts`` are the addresses of its instructions, in that order.
    ``trouble`` says why it is not known, or not all of it; empty when it is. ``branches`` are those
    that were taken and those that were passed by, by their addresses; None where nobody asked.
    With ``is_cut`` they may have gone further ways later.
    """

    elf_sha256: str
    ranges: tuple[tuple[int, int], ...] = ()
    starts: tuple[int, ...] = ()
    trouble: str = ""
    branches: "Outcomes | None" = None
    is_cut: bool = False


#: The addresses of conditional branches that were taken, and of those that were passed by.
Outcomes = tuple[tuple[int, ...], tuple[int, ...]]


def note_covered(folder: Path, covered: Covered) -> None:
    """Note it in a boot's ``folder``.

    :raises OSError: when the disk takes no more.
    """
    plain = {"elf_sha256": covered.elf_sha256, "trouble": covered.trouble, "ranges": covered.ranges}
    branches = {"branches": covered.branches, "is_cut": covered.is_cut}
    write_json(folder / NAME, {**plain, "starts": covered.starts, **branches})


def noted_covered(folder: Path) -> Covered | None:
    """Read what is noted in ``folder``; None where nothing is, or nothing that can be read.

    >>> noted_covered(Path("/nowhere"))
    """
    with contextlib.suppress(OSError, ValueError, TypeError, KeyError, RecursionError):
        with (folder / NAME).open("rb") as file:
            plain = json.loads(file.read(_LONGEST))
        ranges = tuple((int(start), int(end)) for start, end in plain["ranges"])
        return Covered(
            elf_sha256=str(plain["elf_sha256"]),
            ranges=ranges,
            starts=tuple(map(int, plain.get("starts", ()))),
            trouble=str(plain["trouble"]),
            branches=_outcomes(plain.get("branches")),
            is_cut=bool(plain.get("is_cut")),
        )
    return None


def _outcomes(plain: Any) -> Outcomes | None:  # noqa: ANN401 - what JSON holds
    if plain is None:
        return None
    taken, passed = plain
    return tuple(map(int, taken)), tuple(map(int, passed))
