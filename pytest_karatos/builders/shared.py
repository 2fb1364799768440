"""The build cache of several machines: entries packed into objects of a shared storage.

An object's name is the entry's key and the digest of its bytes, so any number of machines may send
at once, and what was altered, or came in part, is not used. Nothing here decides a verdict: where
the storage fails, it is said once in a run, and firmware is built as without it.
"""

import gzip
import re
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.artifacts.files import sha256_of, whole_folder
from pytest_karatos.errors import CacheError
from pytest_karatos.progress import Journal
from pytest_karatos.storage import Storage
from pytest_karatos.text import printable

#: The journal's word for what is said of it.
NOTE = "shared-cache"
_OBJECT = re.compile(r"(?P<key>[0-9a-f]{32})-(?P<digest>[0-9a-f]{64})\.tar\.gz")
#: The files of an entry; an archive that holds anything else is none of ours.
_FILES = re.compile(r"entry\.json|build\.log|firmware\.map|firmware-[0-9]{1,6}\.elf")
#: Entries of one key that are looked at: each was made by other programs.
_MOST_ENTRIES = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class SharedCache:
    """The entries in a storage, of at most ``most_bytes`` each; ``sends`` is whether we add some.

    ``folder`` tells objects of one format of entries from those of another.
    """

    storage: Storage
    journal: Journal
    folder: str
    most_bytes: int
    sends: bool = True

    def brought(self, asked: str, place_of: Callable[[str], Path]) -> Iterator[str]:
        """Put the entries for what ``asked`` begins with in their places; yield the key of each."""
        try:
            sizes = self.storage.sizes(f"{self.folder}/{asked}")
            named = [(found, size) for name, size in sorted(sizes.items())
                     if (found := _OBJECT.fullmatch(name))]  # fmt: skip
            for found, size in named[:_MOST_ENTRIES]:
                if self._bring(f"{self.folder}/{asked}", found, size, place_of(found["key"])):
                    yield found["key"]
        except CacheError as error:
            self.say(error.what)
        except OSError as error:
            self.say(f"what is in {self.storage.url} cannot be put here: {error}.")

    def _bring(self, folder: str, found: re.Match[str], size: int, place: Path) -> bool:
        if place.exists():
            return False  # it was looked at before, and did not fit
        if size > self.most_bytes:
            self.say(f"{self._named(found)} is larger than cache.size; it was not fetched.")
            return False
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=place.parent, prefix=".new-") as temporary:
            packed = Path(temporary) / "entry.tar.gz"
            self.storage.fetch(f"{folder}/{found.group()}", packed)
            if sha256_of(packed) != found["digest"]:
                self.say(f"{self._named(found)} has another digest than its name; it is not used.")
                return False
            return self._unpacked(packed, found, place)

    def _unpacked(self, packed: Path, found: re.Match[str], place: Path) -> bool:
        try:
            with whole_folder(place) as new:
                unpack(packed, new, self.most_bytes)
        except (ValueError, EOFError, OSError, tarfile.TarError, zlib.error) as error:
            self.say(f"{self._named(found)} is no entry of a build cache: {printable(str(error))}.")
            return False
        return True

    def send(self, asked: str, key: str, place: Path) -> None:
        """Add the entry of ``key``, which lies in ``place``."""
        if not self.sends:
            return
        try:
            with tempfile.TemporaryDirectory(prefix="karatos-") as temporary:
                packed = Path(temporary) / "entry.tar.gz"
                pack(place, packed)
                name = f"{key}-{sha256_of(packed)}.tar.gz"
                self.storage.store(f"{self.folder}/{asked}/{name}", packed)
        except CacheError as error:
            self.say(error.what)
        except OSError as error:
            self.say(f"an entry cannot be packed for {self.storage.url}: {error}.")

    def say(self, text: str) -> None:
        """Note for the run's end what was wrong."""
        self.journal.note(NOTE, text=text)

    def _named(self, found: re.Match[str]) -> str:
        return f"{found['key'][:12]} of the shared cache {self.storage.url}"


def pack(place: Path, packed: Path) -> None:
    """Pack the files of the folder ``place``; equal files make equal bytes.

    :raises OSError: when it cannot be written.
    """
    with (
        packed.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as squeezed,
        tarfile.open(fileobj=squeezed, mode="w", format=tarfile.USTAR_FORMAT) as archive,
    ):
        for file in sorted(one for one in place.iterdir() if _FILES.fullmatch(one.name)):
            entry = tarfile.TarInfo(file.name)
            entry.size = file.stat().st_size
            with file.open("rb") as source:
                archive.addfile(entry, source)


def unpack(packed: Path, folder: Path, most_bytes: int) -> None:
    """Unpack what :func:`pack` made, and nothing else: plain files of our own names, so many bytes.

    :raises ValueError: for any other archive. :raises OSError: when it cannot be written.
    """
    left = most_bytes
    with tarfile.open(packed, mode="r|gz") as archive:
        for entry in archive:
            if not entry.isreg() or not _FILES.fullmatch(entry.name):
                raise ValueError(f"it holds {entry.name[:60]!r}")
            left -= entry.size
            source = archive.extractfile(entry)
            if left < 0 or source is None:
                raise ValueError(f"it holds more than {most_bytes:,} B")
            with (folder / entry.name).open("xb") as target:
                shutil.copyfileobj(source, target)


def told(lines: list[dict[str, object]]) -> list[str]:
    """Return what all processes of a run said of the shared cache, each once.

    >>> told([{"kind": "shared-cache", "text": "gone"}, {"kind": "shared-cache", "text": "gone"}])
    ['gone']
    """
    return list(dict.fromkeys(str(one.get("text")) for one in lines if one.get("kind") == NOTE))
