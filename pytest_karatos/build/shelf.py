"""Keep built firmware by content key: one build per key on the whole machine, ever.

A key has a kernel file lock, which a ``kill -9`` frees. An entry is a folder that is renamed into
place when it is complete; its ELF is checked against its digest each time it is read, so a
truncated or tampered entry is built again, not booted.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from filelock import FileLock, Timeout

from pytest_karatos.errors import ShelfBroken
from pytest_karatos.firmware import Provenance

_FORMAT = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One built ELF on the shelf, with its build log and its origin."""

    key: str
    elf: Path
    log: Path | None
    provenance: Provenance


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """What a maker hands over to be put on the shelf."""

    elf: Path
    log: Path
    provenance: Provenance


class Shelf:
    """The folder of built firmware; at most ``size_bytes`` in all, the least used leave first."""

    def __init__(self, folder: Path, size_bytes: int) -> None:
        self._folder = folder
        self._size_bytes = size_bytes

    def obtain(
        self, key: str, make: Callable[[], Made], waiting: Callable[[], None] = lambda: None
    ) -> Entry:
        """Return the entry of ``key``, calling ``make`` if, and only if, there is none.

        Whoever else wants the key meanwhile, in this process or another, waits for it; ``waiting``
        is called before.

        :raises ShelfBroken: when the folder cannot be written.
        """
        with self._locked(key, waiting):
            entry = self._read(key)
            if entry is None:
                entry = self._publish(key, make())
                self._prune(keep=key)
            return entry

    def find(self, key: str) -> Entry | None:
        """Return the entry of ``key`` if it is there and sound."""
        with self._locked(key, lambda: None):
            return self._read(key)

    def _place(self, key: str) -> Path:
        return self._folder / f"v{_FORMAT}" / key

    @contextmanager
    def _locked(self, key: str, waiting: Callable[[], None]) -> Iterator[None]:
        locks = self._folder / "locks"
        try:
            locks.mkdir(parents=True, exist_ok=True)
            lock = FileLock(locks / f"{key}.lock")
            _acquire(lock, waiting)
        except OSError as error:
            raise ShelfBroken(
                f"the cache folder {self._folder} cannot be used: {error}.",
                why="built firmware is kept there, so that each is built once.",
                cure="set KARATOS_CACHE to a folder that you can write",
            ) from error
        try:
            yield
        finally:
            lock.release()

    def _read(self, key: str) -> Entry | None:
        place = self._place(key)
        try:
            record = json.loads((place / "entry.json").read_text())
            provenance = Provenance(**record["provenance"])
            sound = record["sha256"] == sha256_of(place / "firmware.elf")
            os.utime(place)
        except (OSError, ValueError, KeyError, TypeError):
            sound = False
        if not sound:
            shutil.rmtree(place, ignore_errors=True)
            return None
        return _entry(key, place, replace(provenance, fresh=False))

    def _publish(self, key: str, made: Made) -> Entry:
        place = self._place(key)
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=".new-") as temporary:
            new = Path(temporary) / "entry"
            new.mkdir()
            shutil.copyfile(made.elf, new / "firmware.elf")
            shutil.copyfile(made.log, new / "build.log")
            record = {
                "sha256": sha256_of(new / "firmware.elf"),
                "provenance": asdict(made.provenance),
            }
            (new / "entry.json").write_text(json.dumps(record, indent=1))
            new.rename(place)
        return _entry(key, place, replace(made.provenance, fresh=True))

    def _prune(self, keep: str) -> None:
        """Drop the least recently used entries until the rest fits; ``keep`` stays."""
        places = [p for p in self._place(keep).parent.iterdir() if not p.name.startswith(".")]
        by_age = sorted(places, key=lambda place: place.stat().st_mtime, reverse=True)
        total = 0
        for place in by_age:
            total += sum(file.stat().st_size for file in place.iterdir())
            if total > self._size_bytes and place.name != keep:
                shutil.rmtree(place, ignore_errors=True)


def _acquire(lock: FileLock, waiting: Callable[[], None]) -> None:
    try:
        lock.acquire(timeout=0)
    except Timeout:
        waiting()
        lock.acquire()


def _entry(key: str, place: Path, provenance: Provenance) -> Entry:
    return Entry(
        key=key, elf=place / "firmware.elf", log=place / "build.log", provenance=provenance
    )


def sha256_of(path: Path) -> str:
    """Return the hex SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def key_of(*parts: str) -> str:
    """Condense everything that decides a build into a short name (128 bits of SHA-256).

    >>> key_of("a", "b") == key_of("ab", "")
    False
    """
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
