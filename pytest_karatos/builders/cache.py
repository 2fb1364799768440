"""The build cache: firmware by content key, one build per key on the whole machine.

A key has a kernel file lock, which a ``kill -9`` frees. An entry is a folder that is renamed into
place when it is complete; its ELFs are checked against their digests each time it is read, so a
truncated or tampered entry is built again, not booted. Builds of one key that ran other programs
lie side by side: which of them fits is asked of who wants one.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from pytest_karatos.artifacts.files import sha256_of, whole_folder, write_json
from pytest_karatos.builders.locks import Waiting, acquired
from pytest_karatos.builders.programs import Programs
from pytest_karatos.builders.shared import SharedCache
from pytest_karatos.errors import BadSetting, BuildFailed, CacheError
from pytest_karatos.firmware import BuildRequest, Provenance
from pytest_karatos.settings.suggest import did_you_mean

#: Raised when the files of an entry would have to change; the shared cache has a folder for each.
FORMAT = 2
_ELF, _LOG, _MAP = "firmware-{}.elf", "build.log", "firmware.map"
#: Of a key's digits, those that what was asked for decides; the programs that ran decide the rest.
_ASKED = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class CachedBuild:
    """What one build made, in the cache: its ELFs by the names of the binaries, log and origin.

    A build of a single firmware has one ELF, whose name is empty.
    """

    key: str
    elves: Mapping[str, Path]
    log: Path | None
    provenance: Provenance
    map: Path | None = None
    #: The SHA-256 of each ELF, by the same names.
    digests: Mapping[str, str] = field(default_factory=dict)
    programs: Programs = field(default_factory=Programs)
    #: Why the command failed, where it did although it made these.
    failure: str = ""

    @property
    def elf(self) -> Path:
        """The ELF of a single firmware."""
        return self.elves[""]


@dataclass(frozen=True, kw_only=True, slots=True)
class BuildOutput:
    """What a build hands over to be cached.

    ELFs and map are open: where a build wrote, another file may bear their name a moment later.
    They are closed when they have been copied.
    """

    elves: Mapping[str, BinaryIO]
    log: Path
    provenance: Provenance
    map: BinaryIO | None = None
    programs: Programs = field(default_factory=Programs)
    failure: str = ""


#: Tells whether an entry is what is wanted.
Fits = Callable[[CachedBuild], bool]


class BuildCache:
    """The folder of built firmware; at most ``size_bytes`` in all, the least used leave first.

    What is not in there may be in the cache that several machines have, ``shared``.
    """

    def __init__(self, folder: Path, size_bytes: int, shared: SharedCache | None = None) -> None:
        self._folder = folder
        self._size_bytes = size_bytes
        self._shared = shared

    def obtain(
        self,
        key: str,
        make: Callable[[], BuildOutput],
        waiting: Waiting = lambda _: None,
        fits: Fits = lambda _: True,
    ) -> CachedBuild:
        """Return the entry of ``key`` that ``fits``, calling ``make`` if, and only if, none does.

        Whoever else wants the key meanwhile, in this process or another, waits for it; ``waiting``
        is called before.

        :raises CacheError: when the folder cannot be written.
        """
        with self._locked(key, waiting):
            found = (self._read(name) for name in self._names_everywhere(key))
            fitting = next((entry for entry in found if entry and fits(entry)), None)
            return fitting or self._published(key, make())

    def _names_everywhere(self, key: str) -> Iterator[str]:
        """Yield the keys of the entries for what ``key`` asks: ours first, then other machines'."""
        yield from self._names(key)
        if self._shared is not None:
            yield from self._shared.brought(key[:_ASKED], self._place)

    def find(self, key: str) -> CachedBuild | None:
        """Return the entry whose own key is ``key`` if it is there and sound."""
        with self._locked(key, lambda _: None):
            return self._read(key)

    def _names(self, key: str) -> list[str]:
        """List the keys of the entries for what ``key`` asks, the last used first."""
        found = self._place("").glob(f"{key[:_ASKED]}*")
        entries = [one for one in found if len(one.name) == len(key)]
        return [one.name for one in sorted(entries, key=_last_used, reverse=True)]

    def _place(self, key: str) -> Path:
        return self._folder / f"v{FORMAT}" / key

    @contextmanager
    def _locked(self, key: str, waiting: Waiting) -> Iterator[None]:
        try:
            place = self._folder / "locks" / f"{key[:_ASKED]}.lock"
            lock = acquired(place, waiting, "waiting for another run that builds it")
        except OSError as error:
            raise self._broken(error) from error
        try:
            yield
        finally:
            lock.release()

    def _read(self, key: str) -> CachedBuild | None:
        place = self._place(key)
        try:
            entry = _entry(key, place, json.loads((place / "entry.json").read_text()))
            sound = all(sha256_of(elf) == entry.digests[name] for name, elf in entry.elves.items())
            os.utime(place)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            sound = False
        if not sound:
            shutil.rmtree(place, ignore_errors=True)
            return None
        return entry

    def _published(self, asked: str, made: BuildOutput) -> CachedBuild:
        key = asked[:_ASKED] + made.programs.digest[: len(asked[_ASKED:])]
        place = self._place(key)
        try:
            shutil.rmtree(place, ignore_errors=True)  # what is there did not fit
            with whole_folder(place) as new:
                record = _fill(new, made)
        except OSError as error:
            raise self._broken(error) from error
        if self._shared is not None:
            self._shared.send(asked[:_ASKED], key, place)
        self._prune(keep=key)
        entry = _entry(key, place, record)
        return replace(entry, provenance=replace(entry.provenance, fresh=True))

    def _broken(self, error: OSError) -> CacheError:
        return CacheError(
            f"the cache folder {self._folder} cannot be used: {error}.",
            why="built firmware is kept there, so that each is built once.",
            fix="make room there, or set KARATOS_CACHE to a folder that you can write",
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


def _fill(new: Path, made: BuildOutput) -> dict[str, Any]:
    """Copy what was made into a folder and return the record that is left there."""
    shutil.copyfile(made.log, new / _LOG)
    names = {name: _ELF.format(number) for number, name in enumerate(sorted(made.elves))}
    sources = [*((made.elves[name], file) for name, file in names.items()), (made.map, _MAP)]
    for source, file in sources:
        if source is not None:
            with source, (new / file).open("wb") as target:
                shutil.copyfileobj(source, target)
    record = {
        "elves": {name: [file, sha256_of(new / file)] for name, file in names.items()},
        "provenance": asdict(made.provenance),
        "programs": made.programs.plain(),
        "failure": made.failure,
    }
    write_json(new / "entry.json", record)
    return record


def _entry(key: str, place: Path, record: Mapping[str, Any]) -> CachedBuild:
    mapped = place / _MAP
    return CachedBuild(
        key=key,
        elves={name: place / Path(file).name for name, (file, _) in record["elves"].items()},
        digests={name: digest for name, (_, digest) in record["elves"].items()},
        log=place / _LOG,
        provenance=replace(Provenance(**record["provenance"]), fresh=False),
        map=mapped if mapped.exists() else None,
        programs=Programs.of_plain(record["programs"]),
        failure=record["failure"],
    )


def _last_used(place: Path) -> float:
    try:
        return place.stat().st_mtime
    except FileNotFoundError:
        return 0.0


_SHOWN = 8


def chosen_binary(entry: CachedBuild, asked: BuildRequest, binary: str) -> str:
    """Return which of the ELFs is meant.

    :raises BuildFailed: when the build made no such binary.
    :raises BadSetting: when it made several, and none was named.
    """
    if not asked.many or binary in entry.elves:
        return binary if asked.many else ""
    names = list(entry.elves)
    if not binary and len(names) == 1:
        return names[0]
    shown = ", ".join([*names[:_SHOWN], *(["..."] if len(names) > _SHOWN else [])])
    if not binary:
        raise BadSetting(
            f"'{asked.title}' is {len(names)} binaries, and none was named: {shown}.",
            fix='name it: @pytest.mark.karatos(binary="..."), or --karatos-binary=NAME',
        )
    if entry.failure:
        raise BuildFailed(
            f"'{binary}' did not come out of a build that failed: {entry.failure}",
            why=f"a test needs it; {len(names)} others came out.",
            fix=f"the whole log is {entry.log}",
        )
    raise BuildFailed(
        f"building '{asked.title}' made no binary '{binary}'.{did_you_mean(binary, names)}",
        why=f"it made {len(names)} where '{asked.elf}' is: {shown}.",
        fix=f"correct the name, or let the command build it; the build's log is {entry.log}",
    )


def key_of(*parts: str) -> str:
    """Condense everything that decides a build into a short name (128 bits of SHA-256).

    >>> key_of("a", "b") == key_of("ab", "")
    False
    """
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:32]
