"""The run's journal, through which long work in any process reports how it goes."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol


class Progress(Protocol):
    """Something that long work reports to; ``text`` is one short line, no newline, no escapes."""

    def say(self, text: str) -> None:
        """Report ``text``; called often (each line of a build), so it must be cheap."""


class Quiet:
    """A listener that is not interested; the default below the top layer."""

    def say(self, text: str) -> None:
        """Do nothing with ``text``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Journal:
    """The file of one run. ``writer`` names the process that writes, as ``gw0``."""

    path: Path
    writer: str = "main"

    def note(self, kind: str, **facts: str | float | bool) -> None:
        """Append one line; a full disk loses the line, not the run."""
        line = json.dumps({"kind": kind, "writer": self.writer, **facts}) + "\n"
        try:
            descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        except OSError:
            return
        try:
            os.write(descriptor, line.encode())
        except OSError:
            return
        finally:
            os.close(descriptor)

    def read(self, offset: int = 0) -> tuple[list[dict[str, Any]], int]:
        """Return the whole lines behind ``offset`` and the offset behind them."""
        try:
            with self.path.open("rb") as file:
                file.seek(offset)
                data = file.read()
        except OSError:
            return [], offset
        whole = data[: data.rfind(b"\n") + 1]
        return list(_parsed(whole)), offset + len(whole)


def _parsed(data: bytes) -> Iterator[dict[str, Any]]:
    for line in data.splitlines():
        try:
            loaded = json.loads(line)
        except ValueError:
            continue
        if isinstance(loaded, dict):
            yield loaded
