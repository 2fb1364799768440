"""The coverage of a run as lcov's tracefile, which genhtml, Codecov and editors read."""

from collections.abc import Iterator

from pytest_karatos.measure.coverage import Coverage, FileCoverage


def lcov(coverage: Coverage) -> str:
    """Write a tracefile; a count is the number of tests that executed the line.

    >>> one = FileCoverage(lines={3: {"test_a"}, 4: set()}, functions={("main", 3): {"test_a"}})
    >>> print(lcov({"main.c": one}))
    TN:
    SF:main.c
    FN:3,main
    FNDA:1,main
    FNF:1
    FNH:1
    DA:3,1
    DA:4,0
    LF:2
    LH:1
    end_of_record
    """
    return "\n".join(line for name, one in sorted(coverage.items()) for line in _record(name, one))


def _record(name: str, one: FileCoverage) -> Iterator[str]:
    counts = one.counts
    yield from ("TN:", f"SF:{name}")
    functions = sorted(one.functions, key=lambda found: found[1])
    yield from (f"FN:{line},{called}" for called, line in functions)
    yield from (f"FNDA:{len(one.functions[found])},{found[0]}" for found in functions)
    yield from (f"FNF:{counts.functions}", f"FNH:{counts.covered_functions}")
    if counts.branches:
        yield from _branches(one)
        yield from (f"BRF:{counts.branches}", f"BRH:{counts.covered_branches}")
    yield from (f"DA:{line},{len(who)}" for line, who in sorted(one.lines.items()))
    yield from (f"LF:{counts.lines}", f"LH:{counts.covered}", "end_of_record")


def _branches(one: FileCoverage) -> Iterator[str]:
    """Give the two ways of each branch that is sure; ``-`` is lcov's word for: never came there."""
    for line in sorted({line for line, _ in one.branches}):
        for block, ways in enumerate(one.branches_of(line)):
            for number, who in enumerate((ways.taken, ways.passed)):
                yield f"BRDA:{line},{block},{number},{len(who) if ways.went else '-'}"
