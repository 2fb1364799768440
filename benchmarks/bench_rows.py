"""Measure what users pay: rows of whole tests, against raw QEMU, pexpect and pytest-embedded.

All ways run in one go, round by round and in another order each time, so that a busy machine hits
them alike. Run it from the top of the tree: ``python -m benchmarks.bench_rows``. ``--counts`` and
``--rounds`` make it shorter; ``--write`` puts the table into README.md. It needs its peers
(``ci/setup.sh peers``), and Docker for the way in a container, which is left out without.

Exit status 1 when a row of 100 tests costs more than the limit.
"""

import argparse
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.rows import EXITS, RUNS_ON, Row, Rows
from pytest_karatos.process import output_of

#: Of raw QEMU, for 100 tests in one process.
LIMIT = 1.5
#: Of the same row in one process, with two workers.
WORKERS_LIMIT = 0.6
_JUDGED = 100
#: Rounds for each count of tests: the longest rows tell least by being repeated.
_ROUNDS = {1: 5, 100: 5, 1000: 1}
RAW, OURS, CONTAINED = "raw QEMU", "pytest-karatos", "pytest-karatos, in a container"
WAYS = (RAW, OURS, CONTAINED, "pexpect fixture", "pytest-embedded-qemu")
BEGIN, END = "<!-- bench_rows -->", "<!-- end of bench_rows -->"
_README = Path(__file__).parents[1] / "README.md"


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What one way cost for one row: seconds of each round, and its ratio to raw QEMU in it."""

    way: str
    row: Row
    seconds: tuple[float, ...]
    ratios: tuple[float, ...]

    @property
    def cell(self) -> str:
        """The cell of the table: the median of seconds, and of the ratios with their spread."""
        if self.way == RAW:
            return f"{statistics.median(self.seconds):.2f} s"
        low, high = min(self.ratios), max(self.ratios)
        ratio = statistics.median(self.ratios)
        return f"{statistics.median(self.seconds):.2f} s, {ratio:.2f}x ({low:.2f}-{high:.2f})"


def table(costs: Sequence[Cost]) -> list[str]:
    """Return the lines of a Markdown table: a line for each row of tests, a column for each way."""
    rows = list(dict.fromkeys(cost.row for cost in costs))
    ways = [way for way in WAYS if any(cost.way == way for cost in costs)]
    cells = {(cost.row, cost.way): cost.cell for cost in costs}
    return [
        f"| firmware | tests | workers | {' | '.join(ways)} |",
        f"|{'---|' * (3 + len(ways))}",
        *(
            f"| {row.kind} | {row.count} | {row.workers} | "
            f"{' | '.join(cells.get((row, way), '-') for way in ways)} |"
            for row in rows
        ),
    ]


def caption(rounds: str) -> str:
    """Say where and how the figures were taken."""
    qemu = output_of(["qemu-system-arm", "--version"]).stdout.partition("\n")[0]
    return (
        f"{qemu}; Python {platform.python_version()}; {os.cpu_count()} processors; load at the "
        f"end {os.getloadavg()[0]:.1f}; rounds: {rounds}. Seconds are medians of whole runs, "
        "ratios medians (lowest-highest) against raw QEMU in the same round, which runs to the "
        "guest moment up to which pytest-karatos judges; the other two stop at the expected line."
    )


def measure(row: Row, ways: Mapping[str, Callable[[Row], None]], rounds: int) -> Iterator[Cost]:
    """Run all ``ways`` so often, each round beginning with another one."""
    names = list(ways)
    seconds: dict[str, list[float]] = {name: [] for name in names}
    for number in range(rounds):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            began = time.perf_counter()
            ways[name](row)
            seconds[name].append(time.perf_counter() - began)
    for name, took in seconds.items():
        ratios = tuple(one / raw for one, raw in zip(took, seconds[RAW], strict=True))
        yield Cost(way=name, row=row, seconds=tuple(took), ratios=ratios)


def verdicts(costs: Sequence[Cost]) -> Iterator[tuple[bool, str]]:
    """Judge the rows of 100 tests: against raw QEMU, and two workers against none."""
    ours = {cost.row: cost for cost in costs if cost.way == OURS}
    for row, cost in ours.items():
        if row.count != _JUDGED:
            continue
        if not row.workers:
            ratio = statistics.median(cost.ratios)
            yield ratio <= LIMIT, f"{row.kind}: {ratio:.2f}x of raw QEMU (limit {LIMIT:g}x)"
        alone = ours.get(Row(kind=row.kind, count=row.count))
        if row.workers and alone:
            share = statistics.median(cost.seconds) / statistics.median(alone.seconds)
            said = f"{row.kind}: -n {row.workers} takes {share:.2f}x of -n 0"
            yield share <= WORKERS_LIMIT, f"{said} (limit {WORKERS_LIMIT:g}x)"


def peers() -> Path:
    """Return the Python that has pytest-embedded-qemu and this package; ci/setup.sh makes it."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    place = Path(os.environ.get("KARATOS_CACHE") or Path(cache) / "pytest-karatos")
    python = place / "peers" / "bin" / "python"
    if not python.exists():
        raise SystemExit(f"{python} is not there: run ci/setup.sh peers")
    return python


def write(lines: Sequence[str], path: Path = _README) -> None:
    """Put ``lines`` between the two marks of ``path``."""
    head, rest = path.read_text().split(BEGIN)
    path.write_text("\n".join([head + BEGIN, *lines, END + rest.split(END)[1]]))


def _options(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--counts", type=int, nargs="+", default=[1, 100, 1000])
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 2])
    parser.add_argument("--rounds", type=int, help="for every count")
    parser.add_argument("--write", action="store_true", help="the table into README.md")
    return parser.parse_args(argv)


def main(argv: Sequence[str]) -> int:
    """Print the table and the verdicts; 1 when one of them is bad."""
    options = _options(argv)
    costs: list[Cost] = []
    with tempfile.TemporaryDirectory(prefix="bench-rows-") as name:
        rows = Rows(Path(name), peers())
        made = zip(
            WAYS, (rows.raw, rows.ours, rows.in_container, rows.pexpect, rows.embedded), strict=True
        )
        ways = dict(made)
        if output_of(["docker", "info"]).status:
            del ways[CONTAINED]
        for kind in (RUNS_ON, EXITS):
            for count in options.counts:
                for workers in options.workers if count > 1 else [0]:
                    row = Row(kind=kind, count=count, workers=workers)
                    costs += measure(row, ways, options.rounds or _ROUNDS.get(count, 1))
                    print(table(costs)[-1], flush=True)
    rounds = ", ".join(
        f"{options.rounds or _ROUNDS.get(one, 1)} of {one}" for one in options.counts
    )
    lines = ["", *table(costs), "", caption(rounds)]
    print("\n".join(lines))
    if options.write:
        write(lines)
    found = list(verdicts(costs))
    for good, said in found:
        print(f"{said}: {'ok' if good else 'TOO SLOW'}")
    return 0 if all(good for good, _ in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
