"""Compare two ELFs, runs or revisions: what grew, by how much, and which symbols did it.

A and B are ELF files, ledgers that `pytest --karatos-json=FILE` wrote, or revisions of the
firmware's repository (a tag, a branch, HEAD), which are built, if they are not cached. The exit
status is 0, whatever grew: limits are the business of budgets.
"""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_karatos.cli.revisions import Revision, Revisions, revisions
from pytest_karatos.cli.shell import Shell
from pytest_karatos.cli.size import add_common, board_for, taken_apart, total
from pytest_karatos.elf import read
from pytest_karatos.errors import BadSetting
from pytest_karatos.measure.attribution import Part, summed
from pytest_karatos.report.comparison import FORMATS, Change, Comparison
from pytest_karatos.text import printable

HELP = "compare two ELFs, runs or revisions"
_MAGIC = b"\x7fELF"
_NOTHING = Part(name="", section="")
#: A ledger of a hundred megabytes is not a ledger.
_LARGEST = 100 * 1024 * 1024


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("a", metavar="A", help="an ELF, a ledger or a revision: before")
    parser.add_argument("b", metavar="B", help="one of the same kind: after")
    add_common(parser)
    parser.add_argument("--profile", default="", help="of revisions (the first of the settings)")
    parser.add_argument("--format", choices=tuple(FORMATS), default="text", help="as what (text)")
    parser.add_argument("--top", metavar="N", type=int, default=20, help="rows of what grew (20)")


def run(options: Namespace, shell: Shell) -> int:
    """Print what changed, as text, markdown or JSON."""
    paths = [shell.folder / name for name in (options.a, options.b)]
    if not any(path.is_file() for path in paths):
        return _of_revisions(options, shell)
    kinds = [_is_elf(path) for path in paths]
    if kinds[0] != kinds[1]:
        raise BadSetting(
            f"{options.a} and {options.b} are an ELF and another file; both must be of one kind.",
            fix="name two ELFs, or two ledgers of --karatos-json",
        )
    found = _of_elfs(paths, options, shell) if all(kinds) else of_ledgers(*paths)
    shell.say(FORMATS[options.format](found))
    return 0


def _of_revisions(options: Namespace, shell: Shell) -> int:
    """Build both, board by board, and compare their ELFs."""
    with revisions(shell, {}) as known:
        ends = [known.named(word) for word in (options.a, options.b)]
        elves = [_built(known, one, options) for one in ends]
    for board in elves[0]:
        found = _of_elfs([one[board] for one in elves], options, shell, board)
        titles = " -> ".join(one.title for one in ends)
        shell.remark(f"karatos: {board}: {titles}")
        shell.say(FORMATS[options.format](found))
    return 0


def _built(known: Revisions, revision: Revision, options: Namespace) -> dict[str, Path]:
    with known.bench(revision) as bench:
        chosen = [bench.board(options.board)] if options.board else bench.settings.chosen
        return {one.name: bench.firmware(one, options.profile).elf for one in chosen}


def _is_elf(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def _of_elfs(
    paths: Sequence[Path], options: Namespace, shell: Shell, name: str | None = None
) -> Comparison:
    elfs = [read(path) for path in paths]
    board = board_for(elfs[1], name or options.board, shell)
    old, new = (taken_apart(elf, board) for elf in elfs)
    before, after = total(old), total(new)
    grown = _grown(summed(old, options.by), summed(new, options.by))
    return Comparison(
        figures=tuple(
            Change(name=name, unit="B", old=before[name], new=after[name]) for name in before
        ),
        memories=tuple(before),
        parts=tuple(grown[: options.top]),
        by=options.by,
        hidden=max(0, len(grown) - options.top),
    )


def _grown(
    old: Mapping[str, Part], new: Mapping[str, Part]
) -> list[tuple[str, tuple[int, int, int]]]:
    """List what has other bytes than before, the largest change first."""
    found = []
    for name in dict.fromkeys([*new, *old]):
        one, was = new.get(name, _NOTHING), old.get(name, _NOTHING)
        deltas = (one.flash - was.flash, one.ram - was.ram, one.reserved - was.reserved)
        if any(deltas):
            found.append((name, deltas))
    return sorted(found, key=lambda row: (-max(map(abs, row[1])), row[0]))


def _figures(path: Path) -> dict[str, tuple[float, str]]:
    """Read the measurements of a ledger: each by board, profile, test and name."""
    try:
        ledger = json.loads(_read(path))
        return dict(_firmware_figures(ledger)) | dict(_test_figures(ledger))
    except (ValueError, RecursionError, KeyError, TypeError, AttributeError) as no:
        raise BadSetting(
            f"{path} is neither an ELF nor a ledger: {printable(str(no))[:200]}.",
            fix="name an ELF, or a file that `pytest --karatos-json=FILE` wrote",
        ) from None


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise ValueError(f"it is larger than {_LARGEST:,} B")
    return data


def _firmware_figures(ledger: Mapping[str, Any]) -> list[tuple[str, tuple[float, str]]]:
    return [
        (f"{one['board']} {one['profile']} {figure['name']}", (figure["value"], figure["unit"]))
        for one in ledger["firmwares"].values()
        for figure in one["measurements"]
    ]


def _test_figures(ledger: Mapping[str, Any]) -> list[tuple[str, tuple[float, str]]]:
    return [
        (f"{test['id']} {figure['name']}", (figure["value"], figure["unit"]))
        for test in ledger["tests"]
        for boot in test["boots"]
        for figure in boot["measurements"]
    ]


def of_ledgers(before: Path, after: Path) -> Comparison:
    """Compare the figures of two ledgers.

    :raises BadSetting: when one is not a ledger.
    """
    old, new, nothing = _figures(before), _figures(after), (None, "")
    return Comparison(
        figures=tuple(
            Change(
                name=name,
                unit=new.get(name, old.get(name, nothing))[1],
                old=old.get(name, nothing)[0],
                new=new.get(name, nothing)[0],
            )
            for name in dict.fromkeys([*new, *old])
        )
    )
