"""Tell on a terminal how a build goes, from the journal that the build writes."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pytest_karatos.commands.shell import Shell
from pytest_karatos.journal import Journal

_LOOK_SECONDS = 0.2
#: How often work that goes on is heard of again.
_AGAIN_SECONDS = 5.0


@contextmanager
def told(journal: Journal, shell: Shell) -> Iterator[None]:
    """Remark each start and end of work while the block lasts, and how far it is now and then."""
    over = threading.Event()
    teller = threading.Thread(target=_tell, args=(journal, shell, over), daemon=True)
    teller.start()
    try:
        yield
    finally:
        over.set()
        teller.join()


def _tell(journal: Journal, shell: Shell, over: threading.Event) -> None:
    offset, news = 0, _News(shell)
    while True:
        last = over.wait(_LOOK_SECONDS)
        lines, offset = journal.read(offset)
        for line in lines:
            news.take(line)
        if last:
            return


class _News:
    """Turn journal lines into remarks, not too many."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell
        self._began: dict[str, float] = {}
        self._told = time.monotonic()

    def take(self, line: dict[str, Any]) -> None:
        """Remark on one line of the journal if it is worth it."""
        kind, title = line.get("kind"), str(line.get("title", ""))
        if kind == "build-started":
            self._begin(title)
        elif kind == "progress" and time.monotonic() - self._told > _AGAIN_SECONDS:
            self._say(f"{title}: {line.get('text', '')}")
        elif kind == "build-ended" and title in self._began:
            word = "built" if line.get("ok") else "FAILED to build"
            self._say(f"{word} {title} in {time.monotonic() - self._began[title]:.1f} s")

    def _begin(self, title: str) -> None:
        self._began[title] = time.monotonic()
        self._say(f"building {title}")

    def _say(self, text: str) -> None:
        self._told = time.monotonic()
        self._shell.remark(f"karatos: {text}")
