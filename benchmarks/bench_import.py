"""Hold what the plugin costs a pytest run that does not use it: import time, with and without.

Run it from the top of the tree: ``python benchmarks/bench_import.py``. Exit status 1 when the
median of the differences is above 20 ms.
"""

import statistics
import subprocess
import sys
import time

PAIRS = 15
LIMIT_SECONDS = 0.020
_BASE = "import pytest, dataclasses, importlib.metadata"
_WITH = f"{_BASE}; import pytest_karatos.plugin, pytest_karatos.pytest_plugin.fixtures"


def seconds(code: str) -> float:
    """Return how long a fresh interpreter takes for ``code``."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - started


def main() -> int:
    """Print the median difference with its spread and judge it."""
    pairs = [(seconds(_WITH), seconds(_BASE)) for _ in range(PAIRS)]
    differences = sorted(1000 * (loaded - base) for loaded, base in pairs)
    median = statistics.median(differences)
    print(f"import of the plugin: {median:.1f} ms, median of {PAIRS} pairs")
    print(f"  spread {differences[0]:.1f} to {differences[-1]:.1f} ms; limit 20 ms")
    return int(median > 1000 * LIMIT_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
