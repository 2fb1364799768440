"""The cache of several machines: what is in it is checked, and if it fails, firmware is built."""

import gzip
import io
import os
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_karatos.artifacts.files import sha256_of
from pytest_karatos.builders.cache import BuildCache, BuildOutput, key_of
from pytest_karatos.builders.shared import SharedCache, told
from pytest_karatos.errors import BadSetting, CacheError
from pytest_karatos.firmware import Provenance
from pytest_karatos.progress import Journal
from pytest_karatos.storage import Storage

KEY = key_of("what is asked")
MOST = 1 << 20


class Machine:
    """A machine with a cache of its own, that shares what it builds at ``url``."""

    def __init__(self, folder: Path, url: str, *, sends: bool = True) -> None:
        folder.mkdir()
        self.folder, self.built = folder, 0
        self.journal = Journal(path=folder / "journal")
        shared = SharedCache(
            storage=Storage(url), journal=self.journal, folder="v2", most_bytes=MOST, sends=sends
        )
        self.cache = BuildCache(folder / "firmware", MOST, shared)

    def make(self) -> BuildOutput:
        self.built += 1
        log = self.folder / "log"
        log.write_text("compiling\n")
        provenance = Provenance(builder="local", toolchain="cc", command="make", source="/src")
        return BuildOutput(elves={"": io.BytesIO(b"an ELF")}, log=log, provenance=provenance)

    def obtain(self) -> bytes:
        return self.cache.obtain(KEY, self.make).elf.read_bytes()

    @property
    def said(self) -> list[str]:
        return told(self.journal.read()[0])


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "shared"


@pytest.fixture
def url(place: Path) -> str:
    return f"file://{place}"


def objects(place: Path) -> list[Path]:
    return sorted(place.rglob("*.tar.gz"))


def test_what_one_machine_built_the_others_do_not(tmp_path: Path, url: str) -> None:
    first, second = Machine(tmp_path / "a", url), Machine(tmp_path / "b", url)
    assert first.obtain() == second.obtain() == b"an ELF"
    assert (first.built, second.built) == (1, 0)
    assert first.said == second.said == []
    # From then on it is here, and nobody is asked.
    for one in objects(tmp_path / "shared"):
        one.unlink()
    assert second.obtain() == b"an ELF"
    assert second.built == 0


def test_a_machine_that_must_not_add_takes_all_the_same(
    tmp_path: Path, url: str, place: Path
) -> None:
    reader = Machine(tmp_path / "a", url, sends=False)
    reader.obtain()
    assert objects(place) == []
    Machine(tmp_path / "b", url).obtain()
    other = Machine(tmp_path / "c", url, sends=False)
    other.obtain()
    assert other.built == 0


def test_an_altered_object_is_built_again_and_said(tmp_path: Path, url: str, place: Path) -> None:
    Machine(tmp_path / "a", url).obtain()
    (one,) = objects(place)
    one.write_bytes(one.read_bytes()[:-1] + b"x")
    second = Machine(tmp_path / "b", url)
    assert second.obtain() == b"an ELF"
    assert second.built == 1
    (said,) = second.said
    assert "has another digest than its name; it is not used" in said
    # What the second one sent is beside it, and serves the third.
    third = Machine(tmp_path / "c", url)
    third.obtain()
    assert third.built == 0


def archive(*members: tuple[str, bytes, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as packed:
        for name, kind, data in members:
            entry = tarfile.TarInfo(name)
            entry.type, entry.size, entry.linkname = kind, len(data), "/etc/passwd"
            packed.addfile(entry, io.BytesIO(data))
    return made.getvalue()


REG, LINK = tarfile.REGTYPE, tarfile.SYMTYPE


@pytest.mark.parametrize(
    "data",
    [
        archive(("../../out.elf", REG, b"x")),
        archive(("/tmp/out.elf", REG, b"x")),  # noqa: S108
        archive(("firmware-0.elf", LINK, b"")),
        archive(("entry.json", REG, b"{}"), ("entry.json", REG, b"{}")),
        archive(("firmware-0.elf", REG, b"\0" * (MOST + 1))),
        archive(("entry.json", REG, b"not JSON")),
        archive(),
        gzip.compress(b"not an archive"),
        b"not gzip",
        b"",
    ],
    ids=["up", "absolute", "link", "twice", "bomb", "no JSON", "empty", "no tar", "no gz", "none"],
)
def test_an_archive_of_somebody_else(data: bytes, tmp_path: Path, url: str, place: Path) -> None:
    folder = place / "v2" / KEY[:20]
    folder.mkdir(parents=True)
    (tmp_path / "data").write_bytes(data)
    (folder / f"{KEY}-{sha256_of(tmp_path / 'data')}.tar.gz").write_bytes(data)
    machine = Machine(tmp_path / "a", url)
    assert machine.obtain() == b"an ELF"
    assert machine.built == 1
    left = {path.relative_to(tmp_path).parts[0] for path in tmp_path.rglob("*")}
    assert left == {"a", "shared", "data"}
    assert [one for one in (tmp_path / "a/firmware/v2").rglob("*") if one.is_symlink()] == []


@contextmanager
def unwritable(folder: Path) -> Iterator[None]:
    """A file stands where the folder should be: that stops root too."""
    folder.write_text("")
    yield
    folder.unlink()


def test_a_storage_that_fails_fails_no_build(tmp_path: Path, url: str, place: Path) -> None:
    with unwritable(place):
        machine = Machine(tmp_path / "a", url)
        assert machine.obtain() == b"an ELF"
    assert machine.built == 1
    assert any("cannot be used" in one and url in one for one in machine.said)


def test_an_object_that_is_too_large_is_not_fetched(tmp_path: Path, url: str, place: Path) -> None:
    folder = place / "v2" / KEY[:20]
    folder.mkdir(parents=True)
    large = folder / f"{KEY}-{'0' * 64}.tar.gz"
    os.truncate(os.open(large, os.O_CREAT | os.O_RDWR), MOST + 1)
    machine = Machine(tmp_path / "a", url)
    machine.obtain()
    assert "larger than cache.size" in machine.said[0]


def test_many_machines_at_once(tmp_path: Path, url: str, place: Path) -> None:
    machines = [Machine(tmp_path / str(number), url) for number in range(8)]
    threads = [threading.Thread(target=one.obtain) for one in machines]
    for one in threads:
        one.start()
    for one in threads:
        one.join(60)
    assert all(one.said == [] for one in machines)
    # All packed the same, so all is one object; and nothing half done is left.
    assert len(objects(place)) == 1
    assert list((place / ".new").iterdir()) == []
    last = Machine(tmp_path / "last", url)
    last.obtain()
    assert last.built == 0


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nowhere://bucket", "is no address of a storage"),
        ("s3://me:secret@bucket/x", "holds a password"),
    ],
)
def test_an_address_that_cannot_be(url: str, sentence: str) -> None:
    with pytest.raises(BadSetting, match=sentence) as caught:
        Storage(url)
    assert "secret" not in str(caught.value)


def test_a_storage_says_what_is_wrong(tmp_path: Path) -> None:
    storage = Storage(f"file://{tmp_path}")
    assert storage.sizes("nothing") == {}
    with pytest.raises(CacheError, match="cannot be used: FileNotFoundError"):
        storage.fetch("a/b", tmp_path / "to")
