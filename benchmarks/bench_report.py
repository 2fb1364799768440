"""Hold the report of 100 tests with 10 MB of console each to 2 MB and 2 seconds in a browser.

The consoles are made on disk (QEMU's serial line takes 10 s for 10 MB); everything behind them is
the real way: excerpts, reports, ledger, pytest-html's page, Chromium. One 10 MB boot is real.
Run it from the top of the tree: ``python -m benchmarks.bench_report``. 2 without a browser.
"""

import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pytest_karatos.emulators.host import HostLauncher
from pytest_karatos.emulators.protocol import Boot
from pytest_karatos.emulators.qemu.emulator import QemuEmulator
from pytest_karatos.report.excerpt import Reading, excerpt
from tests.emulated.tiny_guest import BOARDS, image
from tests.plugin.browser import NoBrowserError, chromium, dom_of

TESTS = 100
LOG_BYTES = 10_000_000
LIMIT_BYTES = 2_000_000
LIMIT_SECONDS = 2.0
OPENINGS = 5
#: Pixels; a page that is lower did not show its tests.
LEAST_HEIGHT = 1000.0

_SETTINGS = '[build]\nsource = "."\ncommand = "true"\nelf = "none"\nbuilder = "local"\n'
#: Stands where a session would put what a worker found out: the same facts, from the same files.
_CONFTEST = """
import re
import pytest
from pathlib import Path
from pytest_karatos.report.excerpt import Reading
from pytest_karatos.report.facts import boot_of_the_dead

READING = Reading(bad=(" panic task=",), patterns=(re.compile(r"^@(?P<tick>\\d+) "),))
CONSOLES = Path(__file__).parent / "consoles"

@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    report = yield
    name, _, arch = item.name.removesuffix("]").partition("[")
    board = {"arm": "lm3s6965evb", "riscv": "virt"}[arch]
    facts = {"test": f"test_big.py::{name}", "target": arch, "arch": arch, "board": board,
             "profile": "debug"}
    if report.when == "teardown":
        facts["boots"] = [boot_of_the_dead(CONSOLES / f"{name}-{arch}", READING)]
    vars(report)["karatos"] = facts
    return report
"""
_TESTS = """
import pytest
{body}
"""
_PROBE = """<script>addEventListener("load", () => {
  const height = document.documentElement.getBoundingClientRect().height
  document.title = `opened ${performance.now()} ${height}`
})</script></body>"""


def make_consoles(folder: Path) -> None:
    """Write the consoles: events, long lines, markup, and a panic in the middle."""
    line = b"@%07d run task=high n=%d <b>&amp; " + b"x" * 60 + b"\n"
    lines = [line % (number, number) for number in range(LOG_BYTES // 110)]
    lines[len(lines) // 2] = b"@0042 panic task=high message=" + b"<script>" * 20 + b"\n"
    data = b"".join(lines)
    data += b"e" * (LOG_BYTES - len(data) - 1) + b"\n"
    for number in range(TESTS // 2):
        for arch in ("arm", "riscv"):
            place = folder / f"test_{number}-{arch}"
            place.mkdir(parents=True)
            (place / "console.log").write_bytes(data)


def make_report(folder: Path, *, failing: bool) -> Path:
    """Run pytest over the consoles; return the page."""
    verdict = "assert arch == 'x' * 5000, 'y' * 5000" if failing else "assert arch"
    body = "\n".join(
        f"@pytest.mark.parametrize('arch', ['arm', 'riscv'])\n"
        f"def test_{number}(arch):\n    print('z' * 100_000)\n    {verdict}\n"
        for number in range(TESTS // 2)
    )
    (folder / "karatos.toml").write_text(_SETTINGS)
    (folder / "conftest.py").write_text(_CONFTEST)
    (folder / "test_big.py").write_text(_TESTS.format(body=body))
    page = folder / "report.html"
    argv = [sys.executable, "-m", "pytest", "-q", "--tb=short", "--show-capture=no", "--arch=all"]
    done = subprocess.run(
        [*argv, f"--html={page}", "--self-contained-html", "-p", "no:cacheprovider"],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )
    word = "failed" if failing else "passed"
    if f"{TESTS} {word}" not in done.stdout:
        raise RuntimeError(done.stdout[-4000:] + done.stderr[-4000:])
    return page


def seconds_to_open(page: Path) -> float:
    """Return seconds from navigation until the page is loaded, scripted and laid out."""
    probed = page.with_name("probed.html")
    head, _, _ = page.read_text().rpartition("</body>")
    probed.write_text(f"{head}{_PROBE}</html>")
    found = re.search(r">opened ([\d.]+) ([\d.]+)</title>", dom_of(probed))
    if found is None or float(found[2]) < LEAST_HEIGHT:
        raise RuntimeError(f"{page} did not open as a page of 100 tests does")
    return float(found[1]) / 1000


def run_checks(name: str, folder: Path, *, failing: bool) -> bool:
    """Make and open one report; print its figures; True within the limits."""
    began = time.monotonic()
    page = make_report(folder, failing=failing)
    took = time.monotonic() - began
    size = page.stat().st_size
    opened = statistics.median(seconds_to_open(page) for _ in range(OPENINGS))
    ok = size < LIMIT_BYTES and opened < LIMIT_SECONDS
    print(
        f"report of {TESTS} {name} tests x {LOG_BYTES // 10**6} MB of console: "
        f"{size / 1e6:.2f} MB (limit {LIMIT_BYTES / 1e6:g}), open after {opened:.2f} s "
        f"(median of {OPENINGS}, limit {LIMIT_SECONDS:g}); the whole run took {took:.1f} s: "
        f"{'ok' if ok else 'TOO BIG OR TOO SLOW'}",
        flush=True,
    )
    return ok


def real_boot(folder: Path) -> bool:
    """Let a real guest print 10 MB; True when all came and the excerpt has its head and end."""
    count = LOG_BYTES // 100
    elf = image(folder, "arm", *[("say", b"." * 99 + b"\n"), ("again", 0)])
    boot = Boot(board=BOARDS["arm"], elf=elf, folder=folder / "boot")
    began = time.monotonic()
    with QemuEmulator().boot(boot, HostLauncher()) as machine:
        while machine.console.transcript.stat().st_size < LOG_BYTES:
            machine.console.expect_exact("." * 99, timeout=60)
    short_repr = excerpt(folder / "boot" / "console.log", Reading())
    numbers = [line["number"] for line in short_repr]
    ok = bool(numbers[0] == 1 and numbers[-1] >= count)
    took = time.monotonic() - began
    word = "ok" if ok else "LINES ARE MISSING"
    print(f"a real boot printed line {numbers[-1]:,} after {took:.1f} s: {word}", flush=True)
    return ok


def main() -> int:
    """Return 1 over a limit, 2 when there is no browser."""
    try:
        chromium()
    except NoBrowserError as error:
        print(error, file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="bench-report-") as name:
        folder = Path(name)
        make_consoles(folder / "consoles")
        verdicts = [
            run_checks("failing", folder, failing=True),
            run_checks("passing", folder, failing=False),
            real_boot(folder),
        ]
    return 0 if all(verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
