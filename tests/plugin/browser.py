"""Open a page in a real browser without a screen, and look at what became of it."""

import shutil
import subprocess
import tempfile
from pathlib import Path

SECONDS = 90


class NoBrowserError(RuntimeError):
    """There is no Chromium on this machine."""


def chromium() -> str:
    """Return the program's path.

    :raises NoBrowserError: when there is none.
    """
    for name in ("chromium", "chromium-browser", "google-chrome"):
        found = shutil.which(name)
        if found:
            return found
    raise NoBrowserError("no Chromium was found on the PATH. Install it: ci/setup.sh browser")


def dom_of(page: Path, query: str = "") -> str:
    """Return the page's HTML after its scripts ran and its load event is over."""
    return _run("--dump-dom", f"{page.absolute().as_uri()}{query}")


def picture_of(page: Path, into: Path, *, width: int, height: int) -> None:
    """Write what a person sees, as PNG."""
    size = f"--window-size={width},{height}"
    _run(f"--screenshot={into.absolute()}", "--hide-scrollbars", size, page.absolute().as_uri())


def _run(*arguments: str) -> str:
    # As root, and in many containers, Chromium's sandbox cannot start; the page is our own.
    with tempfile.TemporaryDirectory(prefix="browser-", ignore_cleanup_errors=True) as profile:
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        done = subprocess.run(
            [chromium(), *flags, f"--user-data-dir={profile}", *arguments],
            check=True,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
    return done.stdout
