"""What the boots of a run have executed, summed up by board and profile, and over all of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytest_karatos.builders.container import SOURCE
from pytest_karatos.debug.where import LINE_TABLES
from pytest_karatos.emulators.covered import Covered, noted_covered
from pytest_karatos.errors import BadFirmware, DebugFailed
from pytest_karatos.measure.branches import Gone, branches_in, ways_of
from pytest_karatos.measure.coverage import (
    CodeLines,
    Counts,
    Coverage,
    Ranges,
    Sources,
    counts_of,
    cover,
    lines_of,
    together,
)
from pytest_karatos.report.shape import BootFacts, TestRecord
from pytest_karatos.settings import Settings

_NO_LINES = (
    f"has no line tables: build with them, which changes no code of most compilers {LINE_TABLES}"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """The coverage of a run: of each target (board, arch and profile), and of all together.

    ``boots`` is how many told what they executed, ``troubles`` why others did not. In ``all`` of
    it a line is covered where it was executed on any of them; ``counts`` are its sums.
    """

    targets: dict[str, Coverage] = field(default_factory=dict)
    boots: int = 0
    troubles: tuple[str, ...] = ()
    all: Coverage = field(init=False)
    counts: Counts = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "all", together(self.targets.values()))
        object.__setattr__(self, "counts", counts_of(self.all))


def sources_of(settings: Settings) -> Sources:
    """Return where files of the tree are for builds: in place, in a container, in private copies.

    Besides, there are those places that the settings name, for ELFs that were built elsewhere.
    """
    wanted = settings.coverage
    places = (settings.source.resolve(), *(root.absolute() for root in wanted.roots))
    copies = f"{settings.cache.resolve() / 'trees'}/*"
    return Sources(roots=(*map(str, places), copies, SOURCE), exclude=wanted.exclude)


def gather(tests: Iterable[TestRecord], sources: Sources) -> Told:
    """Sum up what the boots of ``tests`` executed; each test counts by its name."""
    sums: dict[tuple[str, str], dict[Ranges, set[str]]] = {}
    ways: dict[tuple[str, str], dict[Gone, set[str]]] = {}
    troubles: dict[str, int] = {}
    boots = 0
    for test, boot in _boots(tests):
        covered = noted_covered(Path(boot["folder"]))
        if trouble := _trouble(covered, boot):
            troubles[trouble] = troubles.get(trouble, 0) + 1
        elif covered is not None:
            boots += 1
            place = _target(test, boot), boot["elf"]
            sums.setdefault(place, {}).setdefault(covered.ranges, set()).add(test["id"])
            if covered.branches is not None:
                gone = Gone(covered.branches, covered.ranges, covered.is_cut)
                ways.setdefault(place, {}).setdefault(gone, set()).add(test["id"])
    told = [f"{_boots_of(count)}: {why}" for why, count in troubles.items()]
    code = {elf: _code(elf, sources, told) for elf in dict.fromkeys(elf for _, elf in sums)}
    targets: dict[str, list[Coverage]] = {}
    for (target, elf), executed in sums.items():
        found = cover(code[elf], executed)
        if (target, elf) in ways:
            _add_branches(found, code[elf], elf, ways[target, elf], told)
        targets.setdefault(target, []).append(found)
    merged = {name: together(parts) for name, parts in sorted(targets.items())}
    return Told(targets=merged, boots=boots, troubles=tuple(told))


def _add_branches(
    found: Coverage, code: CodeLines, elf: str, gone: Mapping[Gone, set[str]], troubles: list[str]
) -> None:
    try:
        branches = branches_in(Path(elf), code.rows)
    except (BadFirmware, DebugFailed) as error:
        troubles.append(error.what)
        return
    for file, ways in ways_of(branches, elf, gone).items():
        found[file].branches.update(ways)


def _boots(tests: Iterable[TestRecord]) -> Iterator[tuple[TestRecord, BootFacts]]:
    for test in tests:
        for boot in test["boots"]:
            yield test, boot


def _target(test: TestRecord, boot: BootFacts) -> str:
    profile = f", {test['profile']}" if test["profile"] else ""
    return f"{boot['board']} ({boot['arch']}){profile}"


def _trouble(covered: Covered | None, boot: BootFacts) -> str:
    if covered is None:
        return f"nobody noted what '{boot['board']}' executed"
    if covered.elf_sha256 != boot["elf_sha256"]:
        return f"what '{boot['board']}' executed was noted of another ELF"
    return covered.trouble


def _boots_of(count: int) -> str:
    return f"of {count} boot{'' if count == 1 else 's'} it is not known what was executed"


def _code(elf: str, sources: Sources, troubles: list[str]) -> CodeLines:
    try:
        code = lines_of(Path(elf), sources)
    except BadFirmware as error:
        troubles.append(error.what)
        return CodeLines()
    if not code.rows:
        troubles.append(_without_lines(Path(elf).name, code))
    return code


def _without_lines(name: str, code: CodeLines) -> str:
    if not code.outside:
        return f"{name} {_NO_LINES}"
    return (
        f"none of the {code.outside} source files of {name} is in the firmware's tree, for example "
        f"{code.example}: name the folder that it was built in, [coverage] roots"
    )


def uncovered(numbers: Iterable[int], lines: Sequence[int]) -> str:
    """Write line numbers in short: ``lines`` are those with code, ``numbers`` some of them.

    >>> uncovered([3, 4, 7, 12], [1, 3, 4, 7, 9, 12])
    '3-7, 12'
    """
    wanted = set(numbers)
    runs: list[list[int]] = []
    is_open = False
    for line in lines:
        if line not in wanted:
            is_open = False
        elif is_open:
            runs[-1][1] = line
        else:
            runs.append([line, line])
            is_open = True
    return ", ".join(f"{one}-{other}" if one != other else str(one) for one, other in runs)
