"""The build files of a tree, read with bounds: a tree may hold anything."""

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

_NAMES = frozenset(
    (
        "makefile",
        "gnumakefile",
        "cmakelists.txt",
        "cargo.toml",
        "config.toml",
        "prj.conf",
        "build.sh",
    )
)
_SUFFIXES = frozenset((".mk", ".cmake"))
_NOT_SOURCES = frozenset(("target", "node_modules", "build", "out", "venv", "__pycache__"))
_EXPECTED = re.compile(r"expect|golden|reference", re.IGNORECASE)
_DEEPEST, _MOST_FILES, _LARGEST_BYTES = 3, 2000, 256 * 1024


def files_of(tree: Path) -> Iterator[Path]:
    """List a tree's files down to three folders deep, 2000 at most, in a stable order."""
    left = _MOST_FILES
    for folder, folders, names in os.walk(tree):
        depth = len(Path(folder).relative_to(tree).parts)
        folders[:] = sorted(one for one in folders if depth < _DEEPEST and _is_source(one))
        for name in sorted(names)[:left]:
            yield Path(folder, name)
        left -= min(left, len(names))


def _is_source(folder: str) -> bool:
    return folder == ".cargo" or not (folder.startswith(".") or folder in _NOT_SOURCES)


def read(path: Path) -> str:
    """Read a text file's first 256 KiB; nothing when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(_LARGEST_BYTES).decode(errors="replace")
    except OSError:
        return ""


def text_of(tree: Path) -> str:
    """Return the text of all build files of ``tree``."""
    return "\n".join(
        read(path)
        for path in files_of(tree)
        if path.name.lower() in _NAMES or path.suffix in _SUFFIXES
    )


def expected_outputs(tree: Path, names: tuple[str, ...]) -> str:
    """Return the place, with ``{binary}``, of files that hold what each of ``names`` prints.

    Such a folder is called after what it holds; most of the names have a file there, alike in the
    rest of its name. '' where there is none.
    """
    places: Counter[str] = Counter()
    for path in files_of(tree):
        here = path.relative_to(tree)
        if any(_EXPECTED.search(part) for part in here.parent.parts) and path.stem in names:
            places[f"{here.parent.as_posix()}/{{binary}}{path.suffix}"] += 1
    best = places.most_common(1)
    return best[0][0] if best and 2 * best[0][1] > len(names) else ""


def one_line(text: str) -> str:
    r"""Return ``text`` as it can stand in a comment: whatever would end the line is escaped.

    >>> one_line('a "b"\nc')
    'a "b"\\nc'
    """
    plain = json.dumps(text, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("\x7f", "?")
    return "".join(one if one.isprintable() else "?" for one in plain)
