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
    target: int = 0
    behind: int = 0
    is_sure: bool = True


@dataclass(frozen=True, slots=True)
class Gone:
    """What boots told of one ELF's branches: where, and which ``outcomes``.

    With ``is_cut`` they may have gone further ways.
    """

    outcomes: Outcomes
    ranges: tuple[tuple[int, int], ...] = ()
    is_cut: bool = False

    def leaves_open(self, branch: CodeBranch) -> bool:
        """Tell whether ``branch`` may have gone a way that nobody noted: both ends were executed.

        >>> branch = CodeBranch(address=4, file="a.c", line=1, target=0, behind=6)
        >>> Gone(((), (4,)), ((0, 8),), True).leaves_open(branch)
        True
        >>> Gone(((), (4,)), ((4, 8),), True).leaves_open(branch)
        False
        """
        ends = zip((branch.target, branch.behind), self.outcomes, strict=True)
        return (
            self.is_cut
            and self._ran(branch.address)
            and any(branch.address not in noted and self._ran(end) for end, noted in ends)
        )

    def _ran(self, address: int) -> bool:
        at = bisect.bisect_right(self.ranges, address, key=lambda one: one[1])
        return at < len(self.ranges) and self.ranges[at][0] <= address


@dataclass(slots=True)
class Ways:
    """Who took a branch, and who passed it by."""

    is_code: bool = True
    taken: set[str] = field(default_factory=set)
    passed: set[str] = field(default_factory=set)
    #: Whether somebody may have gone another way.
    is_open: bool = False

    @property
    def went(self) -> int:
        """How many of its two ways somebody went."""
        return bool(self.taken) + bool(self.passed)

    @property
    def is_sure(self) -> bool:
        """Whether it counts: it is code, and which ways it went is known."""
        return self.went == _BOTH or (not self.is_open and (self.is_code or self.went > 0))

    def merge(self, other: "Ways") -> None:
        """Add what is known of it from elsewhere."""
        self.taken |= other.taken
        self.passed |= other.passed
        self.is_open |= other.is_open


_BOTH = 2
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
    branches: Sequence[CodeBranch], label: str, gone: Mapping[Gone, Iterable[str]]
) -> dict[str, FileBranches]:
    """Say of each of ``branches`` who went which way, by its file; ``label`` names their ELF.

    One that may be data is known as a branch where somebody went on behind it.
    """
    merged = {one.address: Ways(is_code=one.is_sure) for one in branches}
    for one, names in gone.items():
        for noted, way in zip(one.outcomes, ("taken", "passed"), strict=True):
            for address in noted:
                if address in merged:
                    getattr(merged[address], way).update(names)
        if one.is_cut:
            for branch in branches:
                merged[branch.address].is_open |= one.leaves_open(branch)
    found: dict[str, FileBranches] = {}
    for branch in branches:
        place = branch.line, f"{label} {branch.address:#010x}"
        found.setdefault(branch.file, {})[place] = merged[branch.address]
    return found
