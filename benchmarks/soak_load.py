"""Find the verdicts of known firmwares again and again, on a host that is kept from its work.

Run it from the top of the tree: ``python -m benchmarks.soak_load [RUNS [WORDS]]``, where only cases
and conditions whose names hold the words are run. 100 runs of all take about half an hour on two
processors that have nothing else to do. It prints, for each case and each condition of the host,
how often the verdict was which; exit status 1 when one was not the one that it must be.

Silent computing lasts 8 guest seconds, and silence is 1 s: as long as it needs to be silence in
both clocks, and no longer, so that a hundred runs have an end.
"""

import contextlib
import itertools
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tests.emulated.tiny_guest import BOARDS
from tests.emulated.verdicts import CASES, Case, busy_loops, verdict_of

_RUNS = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Condition:
    """What the host does meanwhile; ``at_once`` machines run beside each other."""

    name: str
    around: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext
    stopped: float = 0.0
    at_once: int = 1


CONDITIONS = (
    Condition(name="nothing else"),
    Condition(name="8 busy loops", around=lambda: busy_loops(8), at_once=2),
    Condition(name="stopped for 2 s", stopped=2.0, at_once=8),
)


def soak(case: Case, condition: Condition, runs: int, folder: Path) -> Counter[str]:
    """Return how often each verdict came, on both boards in turn."""
    archs = itertools.cycle(BOARDS)

    def once(number: int, arch: str) -> str:
        place = folder / f"run-{number}"
        found = verdict_of(case, arch, place, stopped=condition.stopped)
        shutil.rmtree(place)
        return found

    with ThreadPoolExecutor(condition.at_once) as threads:
        return Counter(threads.map(once, range(runs), itertools.islice(archs, runs)))


def main(argv: list[str]) -> int:
    """Return 1 when a verdict was not the one that it must be."""
    runs = int(argv[1]) if len(argv) > 1 else _RUNS
    words, good = " ".join(argv[2:]), True
    for condition in CONDITIONS:
        cases = [case for case in CASES if words in f"{condition.name}: {case.name}"]
        with condition.around() if cases else contextlib.nullcontext():
            for case in cases:
                with tempfile.TemporaryDirectory(prefix="soak-") as name:
                    found = soak(case, condition, runs, Path(name))
                good &= set(found) == {case.verdict}
                word = "ok" if set(found) == {case.verdict} else f"WRONG, not all {case.verdict}"
                told = ", ".join(f"{count} {verdict}" for verdict, count in found.most_common())
                load = os.getloadavg()[0]
                print(
                    f"{condition.name} | {case.name} | {told} | {word} (load {load:.0f})",
                    flush=True,
                )
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
