"""Files and folders that are written whole or not at all: a reader never meets half of one."""

import contextlib
import errno
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

CACHE_TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# made by pytest-karatos\n"
_TAKEN = {errno.EEXIST, errno.ENOTEMPTY}


def write_whole(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path`` in one step, in place of what is there.

    :raises OSError: when it cannot be written; what was there stays.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - a descriptor
            file.write(data)
            os.fchmod(file.fileno(), 0o644)
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def write_json(path: Path, value: Mapping[str, object]) -> None:
    """Put ``value`` at ``path`` as :func:`write_whole` does, for people and programs."""
    write_whole(path, json.dumps(value, indent=1).encode() + b"\n")


@contextlib.contextmanager
def whole_folder(place: Path) -> Iterator[Path]:
    """Give a folder to fill, which becomes ``place`` when the block ends well.

    When ``place`` is there by then, somebody was quicker: theirs stays, ours goes.

    :raises OSError: when the folder cannot be made or moved.
    """
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".new-") as temporary:
        new = Path(temporary) / place.name
        new.mkdir()
        yield new
        try:
            new.rename(place)
        except OSError as error:
            if error.errno not in _TAKEN:
                raise


def link_or_copy(source: Path, target: Path) -> None:
    """Make ``target`` the same file as ``source`` where one disk holds both, else a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def sha256_of(path: Path) -> str:
    """Return the hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_cache_folder(folder: Path) -> None:
    """Make ``folder`` and mark it as a cache (https://bford.info/cachedir/).

    Builds then do not take it for sources, and backups leave it out. A folder that is there
    already may hold other things too, and stays as it is.

    :raises OSError: when it cannot be made.
    """
    if not folder.exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "CACHEDIR.TAG").write_text(CACHE_TAG)
