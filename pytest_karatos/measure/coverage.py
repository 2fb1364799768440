"""Which lines of the sources the code that was executed came from, of an unmodified ELF.

A line is covered when any code was executed that was made of it, or of a call in it that was
inlined. Only lines with code count: what the linker left out, and comments, have none. Of code that
several lines share after optimisation the debug information names one. Lines of no file in the
firmware's tree (the language's library, packages from elsewhere) are left out.
"""

import bisect
import fnmatch
import functools
import posixpath
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from pytest_karatos.elf import Row, demangled, read_code, read_symbols, with_lines
from pytest_karatos.measure.branches import FileBranches, Ways
from pytest_karatos.text import printable

#: Bytes from, and up to (not with), in the order of addresses.
Ranges = tuple[tuple[int, int], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """The files that count: below ``roots`` (where builds see the tree), but none of ``exclude``.

    A root may have a ``*`` for one folder's name; patterns of ``exclude`` are for paths in the
    tree.

    >>> sources = Sources(roots=("/src", "/cache/trees/*"), exclude=("vendor/*",))
    >>> sources.name_of("/src/lib/../main.c"), sources.name_of("/cache/trees/a-1/boot.rs")
    ('main.c', 'boot.rs')
    >>> sources.name_of("/src/vendor/hal.c"), sources.name_of("/usr/lib/rustlib/core.rs")
    ('', '')
    """

    roots: tuple[str, ...]
    exclude: tuple[str, ...] = ()

    def name_of(self, path: str) -> str:
        """Return a file's path in the tree; empty for one that does not count."""
        whole = posixpath.normpath(path) if path else ""
        for root in self.roots:
            name = _below(whole, root.rstrip("/"))
            if name and not any(fnmatch.fnmatchcase(name, one) for one in self.exclude):
                return name
        return ""


def _below(path: str, root: str) -> str:
    if not root.endswith("/*"):
        return path.removeprefix(f"{root}/") if path.startswith(f"{root}/") else ""
    inner = _below(path, root.removesuffix("/*"))
    return inner.partition("/")[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeFunction:
    """A function with code of its own, and the line that it begins at."""

    name: str
    address: int
    file: str
    line: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeLines:
    """The code of one ELF, by the lines of the tree's files. ``outside``: files that do not count.

    ``example`` is one of those. ``calls`` are rows of inlined calls.
    """

    rows: tuple[Row, ...] = ()
    calls: tuple[Row, ...] = ()
    functions: tuple[CodeFunction, ...] = ()
    outside: int = 0
    example: str = ""


def lines_of(path: Path, sources: Sources) -> CodeLines:
    """Read which code of the ELF at ``path`` was made of which lines.

    :raises BadFirmware: when it cannot be read or is broken.
    """
    name_of = functools.cache(sources.name_of)
    code = read_code(with_lines(path), lambda file: bool(name_of(file)))
    rows, calls = (
        tuple(
            Row(start=row.start, end=row.end, file=printable(name), line=row.line)
            for row in part
            if (name := name_of(row.file))
        )
        for part in (code.rows, code.calls)
    )
    others = sorted({row.file for row in code.rows if not name_of(row.file)})
    return CodeLines(
        rows=rows,
        calls=calls,
        functions=tuple(_functions(path, rows)),
        outside=len(others),
        example=printable(others[0]) if others else "",
    )


def _functions(path: Path, rows: Sequence[Row]) -> Iterator[CodeFunction]:
    known = set()
    for one in read_symbols(path).functions():
        at = bisect.bisect_right(rows, one.address, key=lambda row: row.start) - 1
        row = rows[at] if at >= 0 else None
        # Several names of one address are one function.
        if row is not None and one.address < row.end and one.address not in known:
            known.add(one.address)
            name = printable(demangled(one.name))
            yield CodeFunction(name=name, address=one.address, file=row.file, line=row.line)


@dataclass(slots=True)
class FileCoverage:
    """The lines of a file that have code, and its functions, each with who executed it."""

    lines: dict[int, set[str]] = field(default_factory=dict)
    functions: dict[tuple[str, int], set[str]] = field(default_factory=dict)
    branches: FileBranches = field(default_factory=dict)

    @property
    def counts(self) -> "Counts":
        """How much of it was executed."""
        return Counts(
            lines=len(self.lines),
            covered=sum(map(bool, self.lines.values())),
            functions=len(self.functions),
            covered_functions=sum(map(bool, self.functions.values())),
            branches=2 * sum(one.is_sure for one in self.branches.values()),
            covered_branches=sum(one.went for one in self.branches.values() if one.is_sure),
            unsure_branches=sum(not one.is_sure for one in self.branches.values()),
        )

    def branches_of(self, line: int) -> list[Ways]:
        """List the branches that were made of a line, those that are sure."""
        return [
            one
            for (at, _), one in sorted(self.branches.items(), key=_place)
            if at == line and one.is_sure
        ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """How many lines and functions have code, and how many of them were executed.

    ``branches`` are ways: two of each branch. Of the ``unsure_branches`` nothing is known.

    >>> Counts(lines=8, covered=7, functions=2, covered_functions=1).percent
    87.5
    """

    lines: int = 0
    covered: int = 0
    functions: int = 0
    covered_functions: int = 0
    branches: int = 0
    covered_branches: int = 0
    unsure_branches: int = 0

    @property
    def branch_percent(self) -> float:
        """Of the branches' ways; 0 where there are none."""
        return 100.0 * self.covered_branches / self.branches if self.branches else 0.0

    @property
    def percent(self) -> float:
        """Of the lines; 0 where there are none."""
        return 100.0 * self.covered / self.lines if self.lines else 0.0


#: What is known of each file of the tree, by its path in there.
Coverage = dict[str, FileCoverage]


def cover(code: CodeLines, executed: Mapping[Ranges, Iterable[str]]) -> Coverage:
    """Say of each line of ``code`` who executed it: ``executed`` names those who ran the same."""
    found: Coverage = {}
    rows = (*code.rows, *code.calls)
    for row in rows:
        found.setdefault(row.file, FileCoverage()).lines.setdefault(row.line, set())
    for one in code.functions:
        found[one.file].functions.setdefault((one.name, one.line), set())
    for ranges, names in executed.items():
        who = set(names)
        for row in rows:
            if _overlaps(ranges, row.start, row.end):
                found[row.file].lines[row.line] |= who
        for one in code.functions:
            if _overlaps(ranges, one.address, one.address + 1):
                found[one.file].functions[one.name, one.line] |= who
    return found


def _overlaps(ranges: Ranges, start: int, end: int) -> bool:
    at = bisect.bisect_right(ranges, start, key=lambda one: one[1])
    return at < len(ranges) and ranges[at][0] < end


def together(parts: Iterable[Coverage]) -> Coverage:
    """Merge what several firmwares of one tree tell: a line is covered where any executed it."""
    found: Coverage = {}
    for part in parts:
        for name, one in part.items():
            held = found.setdefault(name, FileCoverage())
            for line, who in one.lines.items():
                held.lines.setdefault(line, set()).update(who)
            for function, who in one.functions.items():
                held.functions.setdefault(function, set()).update(who)
            for place, ways in one.branches.items():
                held.branches.setdefault(place, Ways(is_code=ways.is_code)).merge(ways)
    return found


def counts_of(coverage: Coverage) -> Counts:
    """Sum up all files."""
    each = [asdict(one.counts) for one in coverage.values()]
    return Counts(**{one.name: sum(counts[one.name] for counts in each) for one in fields(Counts)})


def _place(branch: tuple[tuple[int, str], Ways]) -> tuple[int, str]:
    return branch[0]
