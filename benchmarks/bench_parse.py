"""Hold reading a scheduler's events against splitting the same text into lines.

Ten megabytes, a line in ten an event, and then each line one. What is judged is a ratio, so that a
slow or busy machine does not matter; the rate is shown. Each piece of 64 KiB is timed by itself, by
the processor's time, and the quickest of many counts: others on the machine only slow them down.
Run it from the top of the tree: ``python -m benchmarks.bench_parse [MB]``.
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from pytest_karatos.dialect import Dialect
from pytest_karatos.scheduler import Parser
from pytest_karatos.settings import load

#: How many times as long as splitting lines it may take: where one line in ten is an event, each.
LIMITS = {10: 12.0, 1: 60.0}
#: Megabytes a second that an idle machine reads at least, for information.
RATES = {10: 20, 1: 8}
_PIECE = 64 * 1024
_ROUNDS = 3


def text_of(megabytes: float, every: int) -> str:
    """Make a console of which one line in ``every`` is an event."""
    lines = [
        f"@{n} run task=critical n={n}\n"
        if n % every == 0
        else f"[{n:07d}] sensor: the value is {n % 977} mV\n"
        for n in range(40_000)
    ]
    once = "".join(lines)
    return once * max(1, round(megabytes * 1e6 / len(once)))


def best(read: Callable[[str], object], text: str) -> float:
    """Return the characters a second of the quickest piece."""
    rates = []
    for start in range(0, len(text) - _PIECE + 1, _PIECE):
        piece = text[start : start + _PIECE]
        began = time.process_time()
        read(piece)
        rates.append(_PIECE / max(1e-9, time.process_time() - began))
    return max(rates)


def split(piece: str) -> int:
    """Do the least that any reader does: look at each line."""
    return sum(line.startswith("@") for line in piece.split("\n"))


def bench(dialect: Dialect, megabytes: float, every: int) -> bool:
    """Compare for one kind of console."""
    text = text_of(megabytes, every)
    ours = max(best(Parser(dialect).feed, text) for _ in range(_ROUNDS))
    raw = max(best(split, text) for _ in range(_ROUNDS))
    ratio, ok = raw / ours, raw / ours <= LIMITS[every]
    print(
        f"{megabytes:g} MB, one line in {every} an event: {ours / 1e6:.1f} MB/s "
        f"(idle: {RATES[every]} at least), {ratio:.1f} times splitting lines, "
        f"{LIMITS[every]:g} allowed: {'ok' if ok else 'TOO SLOW'}",
        flush=True,
    )
    return ok


def main(argv: list[str]) -> int:
    """Return 1 when something is over its limit."""
    megabytes = float(argv[1]) if len(argv) > 1 else 10.0
    known = load(root=Path("/nowhere"), environ={}, typed={}).dialects
    reference = next(one for one in known if one.name == "reference")
    verdicts = [bench(reference, megabytes, every) for every in LIMITS]
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv))
