"""A build is made of the sources that its key names, and a run settles on one firmware."""

import os
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos.board import Board, Region
from pytest_karatos.build.local import HostRunner
from pytest_karatos.build.shelf import Shelf
from pytest_karatos.build.slots import Slots
from pytest_karatos.build.tree import Trees
from pytest_karatos.build.workshop import Workshop
from pytest_karatos.errors import BuildFailed, ShelfBroken, SourcesChanged
from pytest_karatos.firmware import BuildRequest
from pytest_karatos.journal import Journal
from pytest_karatos.progress import Progress


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "main").write_text("one")
    return folder


class Editing(HostRunner):
    """Tools whose look-up, which lies between survey and copy, gives an editor time to write."""

    def __init__(self, path: str, source: Path, times: int) -> None:
        super().__init__({"PATH": path})
        self._source = source
        self._times = times

    def identity(self) -> str:
        if self._times:
            self._times -= 1
            (self._source / "main").write_text(f"edit {self._times}")
        return "editing"


def workshop(folder: Path, runner: HostRunner, run: str = "run") -> Workshop:
    (folder / run).mkdir(exist_ok=True)
    return Workshop(
        trees=Trees(folder=folder / "trees", runner=runner),
        shelf=Shelf(folder / "shelf", 10**9),
        slots=Slots(folder=folder / "slots", count=1),
        journal=Journal(path=folder / run / "journal.jsonl"),
        logs=folder / run / "builds",
    )


def request(source: Path, command: str = "cp main out") -> BuildRequest:
    board = Board(name="b.1", arch="arm")
    return BuildRequest(board=board, profile="debug", source=source, command=command, elf="out")


def kinds(shop: Workshop) -> list[str]:
    return [line["kind"] for line in shop.journal.read()[0] if line["kind"].startswith("build-")]


PATH = "/usr/bin:/bin"


def test_a_file_that_changes_after_the_survey_is_surveyed_again(
    source: Path, tmp_path: Path
) -> None:
    entry = workshop(tmp_path, Editing(PATH, source, 1)).obtain(request(source))
    assert entry.elf.read_text() == "edit 0"
    again = workshop(tmp_path, Editing(PATH, source, 0), "run2").obtain(request(source))
    assert (again.key, again.provenance.fresh) == (entry.key, False)


def test_sources_that_never_hold_still_are_an_error_and_no_entry(
    source: Path, tmp_path: Path
) -> None:
    shop = workshop(tmp_path, Editing(PATH, source, 100))
    with pytest.raises(SourcesChanged, match="changed while it was copied"):
        shop.obtain(request(source))
    assert list((tmp_path / "shelf").rglob("firmware.elf")) == []
    assert kinds(shop) == []


def test_a_run_settles_on_one_firmware(source: Path, tmp_path: Path) -> None:
    first = workshop(tmp_path, HostRunner({"PATH": PATH})).obtain(request(source))
    (source / "main").write_text("two")
    second = workshop(tmp_path, HostRunner({"PATH": PATH})).obtain(request(source))
    other_run = workshop(tmp_path, HostRunner({"PATH": PATH}), "run2").obtain(request(source))
    assert [one.elf.read_text() for one in (first, second, other_run)] == ["one", "one", "two"]


def test_a_failure_is_an_answer_too(source: Path, tmp_path: Path) -> None:
    wanted = request(source, "test -e fixed && cp main out")
    with pytest.raises(BuildFailed, match="exit status 1"):
        workshop(tmp_path, HostRunner({"PATH": PATH})).obtain(wanted)
    (source / "fixed").write_text("")
    with pytest.raises(BuildFailed, match="failed earlier in this run"):
        workshop(tmp_path, HostRunner({"PATH": PATH})).obtain(wanted)
    assert workshop(tmp_path, HostRunner({"PATH": PATH}), "run2").obtain(wanted).key


def test_a_lost_shelf_is_filled_again(source: Path, tmp_path: Path) -> None:
    shop = workshop(tmp_path, HostRunner({"PATH": PATH}))
    shop.obtain(request(source)).elf.write_text("damaged")
    assert shop.obtain(request(source)).elf.read_text() == "one"
    assert kinds(shop) == ["build-started", "build-ended"] * 2


def test_a_board_that_moved_its_memory_is_another_build(source: Path, tmp_path: Path) -> None:
    shop = workshop(tmp_path, HostRunner({"PATH": PATH}))
    region = Region(name="flash", start=0, size_bytes=1024)
    moved = replace(request(source), board=Board(name="b.1", arch="arm", regions=(region,)))
    assert shop.key(moved, {}) != shop.key(request(source), {})


class Signals(HostRunner):
    """Tools that tell when a build runs and go on when they are let."""

    def __init__(self) -> None:
        super().__init__({"PATH": PATH})
        self.running = threading.Event()
        self.go_on = threading.Event()

    def run(self, request: BuildRequest, tree: Path, log: Path, progress: Progress) -> int:
        self.running.set()
        assert self.go_on.wait(30)
        return super().run(request, tree, log, progress)


@pytest.mark.parametrize(
    ("run", "command", "reason"),
    [
        ("run2", "cp main out", "waiting for another run that builds it"),
        ("run", "cp main out # b", "waiting for another build in the same tree"),
    ],
)
def test_a_wait_says_what_it_is_for(
    source: Path, tmp_path: Path, run: str, command: str, reason: str
) -> None:
    runner = Signals()
    first, second = workshop(tmp_path, runner), workshop(tmp_path, runner, run)
    builds = [
        threading.Thread(target=first.obtain, args=[request(source)]),
        threading.Thread(target=second.obtain, args=[request(source, command)]),
    ]
    builds[0].start()
    assert runner.running.wait(30)
    builds[1].start()
    while reason not in [line.get("text") for line in second.journal.read()[0]]:
        assert builds[1].is_alive()
    runner.go_on.set()
    for build in builds:
        build.join(30)
    assert kinds(first).count("build-started") == (1 if run == "run2" else 2)


def test_a_disk_that_takes_no_sources_is_a_sentence(tmp_path: Path, source: Path) -> None:
    shop = workshop(tmp_path, HostRunner({"PATH": os.defpath}))
    (tmp_path / "trees").write_text("in the way")
    with pytest.raises(ShelfBroken, match=r"files of building '.*' cannot be written: .*trees"):
        shop.obtain(request(source))
