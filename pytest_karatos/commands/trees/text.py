"""Read what a tree's build files say, bounded: a tree may hold anything."""

import os
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
