"""Which conditional branches of the sources' code were taken and passed by: object branches.

A branch counts where the line table gives it a line of a file in the tree; it has two ways, and
each counts by itself. Of one that may be data, or whose two ways lead to the same place, nothing is
told but that it is uncertain. The same branch of the source in another ELF is another branch.
"""

import bisect
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytest_karatos.debug.branches import all_branches
from pytest_karatos.elf import Row
from pytest_karatos.emulators.covered import Outcomes


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeBranch:
    """A branch at ``address``, made of a line; not ``is_sure`` where it may be none."""

    address: int
    file: str
    line: int
    is_sure: bool = True


@dataclass(slots=True)
class Ways:
    """Who took a branch, and who passed it by; of an uncertain one nobody is named."""

    is_sure: bool = True
    taken: set[str] = field(default_factory=set)
    passed: set[str] = field(default_factory=set)

    @property
    def went(self) -> int:
        """How many of its two ways somebody went."""
        return bool(self.taken) + bool(self.passed)

    def merge(self, other: "Ways") -> None:
        """Add what is known of it from elsewhere."""
        self.taken |= other.taken
        self.passed |= other.passed


#: The ways of a file's branches: by line, and by the ELF's name and address.
FileBranches = dict[tuple[int, str], Ways]


def branches_in(path: Path, rows: Sequence[Row]) -> tuple[CodeBranch, ...]:
    """List the branches of the ELF at ``path`` that were made of a line of ``rows``, in order.

    :raises BadFirmware: when it cannot be read.
    :raises DebugFailed: for an architecture whose branches are not described.
    """
    found = []
    for branch in all_branches(path):
        at = bisect.bisect_right(rows, branch.address, key=lambda row: row.start) - 1
        row = rows[at] if at >= 0 else None
        if row is not None and branch.address < row.end:
            is_sure = branch.is_sure and branch.target != branch.behind
            found.append(
                CodeBranch(address=branch.address, file=row.file, line=row.line, is_sure=is_sure)
            )
    return tuple(found)


def ways_of(
    branches: Iterable[CodeBranch], label: str, outcomes: Mapping[Outcomes, Iterable[str]]
) -> dict[str, FileBranches]:
    """Say of each of ``branches`` who went which way, by its file; ``label`` names their ELF.

    One that may be data is known as a branch where somebody went on behind it.
    """
    found: dict[str, FileBranches] = {}
    merged: dict[int, Ways] = {}
    for (taken, passed), names in outcomes.items():
        for address in taken:
            merged.setdefault(address, Ways()).taken.update(names)
        for address in passed:
            merged.setdefault(address, Ways()).passed.update(names)
    for one in branches:
        ways = merged.get(one.address, Ways(is_sure=one.is_sure))
        found.setdefault(one.file, {})[one.line, f"{label} {one.address:#010x}"] = ways
    return found
