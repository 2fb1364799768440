"""What the benchmark of whole rows prints: the form, not the figures."""

from pathlib import Path

from benchmarks.bench_rows import BEGIN, END, OURS, RAW, Cost, table, verdicts, write
from benchmarks.rows import RUNS_ON, Row


def cost(way: str, seconds: float, *, workers: int = 0) -> Cost:
    row = Row(kind=RUNS_ON, count=100, workers=workers)
    return Cost(way=way, row=row, seconds=(seconds,), ratios=(seconds / 4,))


def test_the_table_is_put_between_the_marks(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"above\n{BEGIN}\nold\n{END}\nbelow\n")
    write(table([cost(RAW, 4), cost(OURS, 5)]), page)
    write(table([cost(RAW, 4), cost(OURS, 6)]), page)
    assert page.read_text() == (
        f"above\n{BEGIN}\n| firmware | tests | workers | {RAW} | {OURS} |\n|---|---|---|---|---|\n"
        f"| runs on | 100 | 0 | 4.00 s | 6.00 s, 1.50x (1.50-1.50) |\n{END}\nbelow\n"
    )


def test_a_row_that_costs_too_much_is_told() -> None:
    good = [cost(RAW, 4), cost(OURS, 6), cost(OURS, 3.5, workers=2)]
    assert [one for one, _ in verdicts(good)] == [True, True]
    bad = [cost(RAW, 4), cost(OURS, 6.1), cost(OURS, 3.7, workers=2)]
    assert list(verdicts(bad)) == [
        (False, "runs on: 1.52x of raw QEMU (limit 1.5x)"),
        (False, "runs on: -n 2 takes 0.61x of -n 0 (limit 0.6x)"),
    ]
