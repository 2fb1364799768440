"""Keep built firmware by content key: one build per key on the whole machine, ever.

A key has a kernel file lock, which a ``kill -9`` frees. An entry is a folder that is renamed into
place when it is complete; its ELF is checked against its digest each time it is read, so a
truncated or tampered entry is built again, not booted.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from pytest_karatos.artifacts.files import sha256_of, whole_folder, write_json
from pytest_karatos.build.turns import acquired
from pytest_karatos.errors import ShelfBroken
from pytest_karatos.firmware import Provenance

_FORMAT = 1
_ELF, _LOG, _MAP = "firmware.elf", "build.log", "firmware.map"


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One built ELF on the shelf, with its build log and its origin."""

    key: str
    elf: Path
    log: Path | None
    provenance: Provenance
    map: Path | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """What a maker hands over to be put on the shelf."""

    elf: Path
    log: Path
    provenance: Provenance
    map: Path | None = None


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
            return self._published(key, make()) if entry is None else entry

    def find(self, key: str) -> Entry | None:
        """Return the entry of ``key`` if it is there and sound."""
        with self._locked(key, lambda: None):
            return self._read(key)

    def _place(self, key: str) -> Path:
        return self._folder / f"v{_FORMAT}" / key

    @contextmanager
    def _locked(self, key: str, waiting: Callable[[], None]) -> Iterator[None]:
        try:
            lock = acquired(self._folder / "locks" / f"{key}.lock", waiting)
        except OSError as error:
            raise self._broken(error) from error
        try:
            yield
        finally:
            lock.release()

    def _read(self, key: str) -> Entry | None:
        place = self._place(key)
        try:
            record = json.loads((place / "entry.json").read_text())
            provenance = Provenance(**record["provenance"])
            provenance = replace(provenance, fresh=False, elf_sha256=record["sha256"])
            sound = record["sha256"] == sha256_of(place / _ELF)
            os.utime(place)
        except (OSError, ValueError, KeyError, TypeError):
            sound = False
        if not sound:
            shutil.rmtree(place, ignore_errors=True)
            return None
        return _entry(key, place, provenance)

    def _published(self, key: str, made: Made) -> Entry:
        place = self._place(key)
        try:
            with whole_folder(place) as new:
                digest = _fill(new, made)
        except OSError as error:
            raise self._broken(error) from error
        self._prune(keep=key)
        return _entry(key, place, replace(made.provenance, fresh=True, elf_sha256=digest))

    def _broken(self, error: OSError) -> ShelfBroken:
        return ShelfBroken(
            f"the cache folder {self._folder} cannot be used: {error}.",
            why="built firmware is kept there, so that each is built once.",
            cure="make room there, or set KARATOS_CACHE to a folder that you can write",
        )

    def _prune(self, keep: str) -> None:
        """Drop the least recently used entries until the rest fits; ``keep`` stays."""
        places = [p for p in self._place(keep).parent.iterdir() if not p.name.startswith(".")]
        by_age = sorted(places, key=lambda place: place.stat().st_mtime, reverse=True)
        total = 0
        for place in by_age:
            total += sum(file.stat().st_size for file in place.iterdir())
            if total > self._size_bytes and place.name != keep:
                shutil.rmtree(place, ignore_errors=True)


def _fill(new: Path, made: Made) -> str:
    """Copy what was made into a folder and return the ELF's digest."""
    for source, name in ((made.elf, _ELF), (made.log, _LOG), (made.map, _MAP)):
        if source is not None:
            shutil.copyfile(source, new / name)
    digest = sha256_of(new / _ELF)
    write_json(new / "entry.json", {"sha256": digest, "provenance": asdict(made.provenance)})
    return digest


def _entry(key: str, place: Path, provenance: Provenance) -> Entry:
    mapped = place / _MAP
    return Entry(
        key=key,
        elf=place / _ELF,
        log=place / _LOG,
        provenance=provenance,
        map=mapped if mapped.exists() else None,
    )


def key_of(*parts: str) -> str:
    """Condense everything that decides a build into a short name (128 bits of SHA-256).

    >>> key_of("a", "b") == key_of("ab", "")
    False
    """
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
