"""The folder whose settings hold: the one that one is in, or the nearest above that has some.

It imports nothing but the standard library: each pytest run of an environment asks it.
"""

from pathlib import Path

OWN_FILE = "karatos.toml"
SHARED_FILE = "pyproject.toml"
#: The file of a tree that is shaped like karatOS.
TREE_FILE = "build/configs/global.toml"
_REPOSITORY = ".git"


def folder_with_settings(start: Path) -> Path | None:
    """Find settings from ``start`` upwards, no further than the top of a repository.

    >>> folder_with_settings(Path("/nowhere/at/all")) is None
    True
    """
    for folder in (start, *start.parents):
        if _has_settings(folder):
            return folder
        if (folder / _REPOSITORY).exists():
            return None
    return None


def _has_settings(folder: Path) -> bool:
    if any((folder / name).is_file() for name in (OWN_FILE, TREE_FILE)):
        return True
    try:
        text = (folder / SHARED_FILE).read_text(errors="replace")
    except OSError:
        return False
    return "[tool.karatos" in text
