"""Compare two ways of doing a thing in one run, turn by turn, so that a busy machine hits both."""

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Ratio:
    """What came of it: medians in seconds, and the median of the ratios of each pair."""

    name: str
    raw_seconds: float
    ours_seconds: float
    ratio: float
    lowest: float
    highest: float
    limit: float

    @property
    def bound(self) -> str:
        """The limit in words."""
        return "no limit" if self.limit == float("inf") else f"limit {self.limit:g}x"

    @property
    def ok(self) -> bool:
        """Whether the ratio is within its limit."""
        return self.ratio <= self.limit

    def __str__(self) -> str:
        word = "ok" if self.ok else "TOO SLOW"
        return (
            f"{self.name}: {self.ratio:.2f}x of raw (pairs {self.lowest:.2f} to "
            f"{self.highest:.2f}, {self.bound}; medians {self.ours_seconds * 1000:.1f} ms "
            f"and {self.raw_seconds * 1000:.1f} ms): {word}"
        )


def compare(
    name: str, *, raw: Callable[[], object], ours: Callable[[], object], pairs: int, limit: float
) -> Ratio:
    """Run both ``pairs`` times, the order changing from pair to pair."""
    raws: list[float] = []
    mine: list[float] = []
    for number in range(pairs):
        turns = [(raw, raws), (ours, mine)]
        for run, into in turns if number % 2 else reversed(turns):
            began = time.perf_counter()
            run()
            into.append(time.perf_counter() - began)
    ratios = [one / other for one, other in zip(mine, raws, strict=True)]
    return Ratio(
        name=name,
        raw_seconds=statistics.median(raws),
        ours_seconds=statistics.median(mine),
        ratio=statistics.median(ratios),
        lowest=min(ratios),
        highest=max(ratios),
        limit=limit,
    )
