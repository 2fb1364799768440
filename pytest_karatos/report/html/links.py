"""Links from the page to files, and anchors in it, whatever the names hold."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote


@dataclass(frozen=True, kw_only=True, slots=True)
class Links:
    """Links of a page that lies in ``folder`` (absolute)."""

    folder: Path

    def to(self, path: str) -> str:
        """Return the relative address of a file, "" without one.

        >>> Links(folder=Path("/a/b")).to("/a/c/javascript:x<y>.log")
        '../c/javascript%3Ax%3Cy%3E.log'
        """
        if not path:
            return ""
        relative = os.path.relpath(path, self.folder)
        try:
            return quote(os.fsencode(relative))
        except UnicodeEncodeError:  # no file has such a name
            return quote(relative, errors="replace")


def anchor(test: str) -> str:
    """Return the place of a test in the page: a word of its own, whatever the test's name.

    >>> anchor("test_x.py::test_a")
    'karatos-049986f1a5'
    """
    return f"karatos-{_digest(test)}"


def row_anchor(test_id: str) -> str:
    """Return the place of a test's row in pytest-html's table.

    >>> row_anchor("test_x.py::test_a[arm]")
    'karatos-row-dfb46002d3'
    """
    return f"karatos-row-{_digest(test_id)}"


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode(errors="backslashreplace")).hexdigest()[:10]
