"""The progress of long work: a live line on a terminal, a plain line now and then in a CI log.

It reads the journal, so it shows the builds of all worker processes.
"""

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

from pytest_karatos.progress import Journal

_LOOK_SECONDS = 0.2
_BETWEEN = "  |  "
#: How often a log without a terminal gets a line for a build that is going on, in seconds.
PLAIN_SECONDS = 10.0


class Ticker:
    """A thread that watches the journal and prints to ``stream``; stop it before you do."""

    def __init__(self, journal: Journal, stream: TextIO, *, quiet: bool = False) -> None:
        self._journal = journal
        self._offset = 0
        self._running: dict[str, Work] = {}
        self._shown = ""
        self._stream = stream
        self._live = stream.isatty() and not quiet
        self._quiet = quiet
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="karatos-ticker", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Print what is still unread and end."""
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        last = False
        while not last:
            last = self._stopped.wait(_LOOK_SECONDS)
            lines, self._offset = self._journal.read(self._offset)
            for line in lines:
                self._take(line)
            if last:
                self._running.clear()  # a worker that was killed ended nothing
            self._show()

    def _take(self, line: dict[str, Any]) -> None:
        title, kind = str(line.get("title", "")), line.get("kind")
        if kind == "build-waiting":
            self._work(title).text = str(line.get("text", ""))
            self._plain(f"karatos: {title}: {self._work(title).text}")
        elif kind == "build-started":
            self._work(title).restart()
            self._plain(f"karatos: building {title}")
        elif kind == "progress":
            self._work(title).text = str(line.get("text", ""))
        elif kind == "build-ended" and title in self._running:
            word = "built" if line.get("ok") else "FAILED to build"
            self._plain(f"karatos: {word} {title} in {self._running.pop(title).seconds:.1f} s")
        elif kind == "work-ended":
            self._running.pop(title, None)

    def _work(self, title: str) -> "Work":
        if self._live and not self._running:
            self._write("\n")  # pytest may have written dots: the live line gets one of its own
        return self._running.setdefault(title, Work(title))

    def _show(self) -> None:
        if self._live:
            text = live_line(list(self._running.values()), _columns(self._stream) - 1)
            if text or self._shown:
                self._write(f"\r\x1b[K{text}")
            self._shown = text
            return
        for work in self._running.values():
            if work.is_due():
                self._plain(f"karatos: {work.line()}")

    def _plain(self, text: str) -> None:
        self._write(f"\r\x1b[K{text}\n" if self._live else f"{text}\n")
        self._shown = ""

    def _write(self, text: str) -> None:
        if not self._quiet:
            try:
                self._stream.write(text)
                self._stream.flush()
            except OSError:
                self._quiet = True


class Work:
    """A build that is going on: its title, its last words, how long it takes."""

    def __init__(self, title: str) -> None:
        self.text = ""
        self._title = title
        self._started = self._told = time.monotonic()

    def restart(self) -> None:
        """Begin to count: what went before was waiting."""
        self.text = ""
        self._started = self._told = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long it has been going on."""
        return time.monotonic() - self._started

    def line(self) -> str:
        """Return the work in one line."""
        return f"{self._title} {self.seconds:.0f} s: {self.text}"

    def is_due(self) -> bool:
        """Tell, at most every ten seconds, that a plain log should hear of it again."""
        due = time.monotonic() - self._told >= PLAIN_SECONDS
        if due:
            self._told = time.monotonic()
        return due


def live_line(works: "Sequence[Work]", columns: int) -> str:
    """Put all that goes on into one line of a terminal, an equal share for each.

    >>> live_line([Work("arm debug"), Work("riscv debug")], 40)
    'arm debug 0 s:   |  riscv debug 0 s: '
    """
    if not works:
        return ""
    share = max(1, (columns + len(_BETWEEN)) // len(works) - len(_BETWEEN))
    return _BETWEEN.join(work.line()[:share] for work in works)[:columns]


@contextmanager
def ticking(journal: Journal, stream: TextIO, *, quiet: bool = False) -> Iterator[None]:
    """Print what ``journal`` tells of work while the block lasts."""
    ticker = Ticker(journal, stream, quiet=quiet)
    try:
        yield
    finally:
        ticker.stop()


def copy_of_stderr() -> TextIO:
    """Open this process's stderr once more, for whoever has the first one captured."""
    try:
        return os.fdopen(os.dup(2), "w", errors="backslashreplace")
    except OSError:
        return open(os.devnull, "w")  # noqa: PTH123  # whoever asked closes it


def _columns(stream: TextIO) -> int:
    try:
        return os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        return 80
