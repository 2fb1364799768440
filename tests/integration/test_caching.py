"""A build is made of the sources that its key names, and a run settles on one firmware."""

import os
import threading
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from pytest_karatos.board import Board, Region
from pytest_karatos.builders.cache import BuildCache
from pytest_karatos.builders.caching import CachingBuilder
from pytest_karatos.builders.host import HostRunner
from pytest_karatos.builders.locks import JobSlots
from pytest_karatos.builders.tree import Trees
from pytest_karatos.errors import BuildFailed, CacheError, SourcesChanged
from pytest_karatos.firmware import BuildRequest
from pytest_karatos.process import output_of
from pytest_karatos.progress import Journal, Progress


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


def workshop(folder: Path, runner: HostRunner, run: str = "run") -> CachingBuilder:
    (folder / run).mkdir(exist_ok=True)
    return CachingBuilder(
        trees=Trees(folder=folder / "trees", runner=runner),
        cache=BuildCache(folder / "cache", 10**9),
        slots=JobSlots(folder=folder / "slots", count=1),
        journal=Journal(path=folder / run / "journal.jsonl"),
        logs=folder / run / "builds",
    )


def request(source: Path, command: str = "cp main out") -> BuildRequest:
    board = Board(name="b.1", arch="arm")
    return BuildRequest(board=board, profile="debug", source=source, command=command, elf="out")


def kinds(shop: CachingBuilder) -> list[str]:
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
    assert list((tmp_path / "cache").rglob("firmware.elf")) == []
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


def test_an_elf_of_an_earlier_build_is_never_taken(source: Path, tmp_path: Path) -> None:
    """The command ends with 0 and makes nothing; its tree still holds what an earlier one made."""
    wanted = request(source, "test -e broken || cp main out")
    assert workshop(tmp_path, HostRunner({"PATH": PATH})).obtain(wanted).elf.read_text() == "one"
    (source / "broken").write_text("")
    with pytest.raises(BuildFailed, match="succeeded, but no file matches 'out'"):
        workshop(tmp_path, HostRunner({"PATH": PATH}), "run2").obtain(wanted)


def test_a_lost_cache_is_filled_again(source: Path, tmp_path: Path) -> None:
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
    ("text", "reason"),
    [
        ("one", "waiting for another run that builds it"),
        ("two", "waiting for another build in the same tree"),
    ],
)
def test_a_wait_says_what_it_is_for(source: Path, tmp_path: Path, text: str, reason: str) -> None:
    runner = Signals()
    first, second = workshop(tmp_path, runner), workshop(tmp_path, runner, "run2")
    builds = [
        threading.Thread(target=first.obtain, args=[request(source)]),
        threading.Thread(target=second.obtain, args=[request(source)]),
    ]
    builds[0].start()
    assert runner.running.wait(30)
    (source / "main").write_text(text)
    builds[1].start()
    said = f"{reason}: process {os.getpid()} "
    while not any(str(one.get("text")).startswith(said) for one in second.journal.read()[0]):
        assert builds[1].is_alive()
    runner.go_on.set()
    for build in builds:
        build.join(30)
    assert kinds(second).count("build-started") == (0 if text == "one" else 1)


def test_variants_build_side_by_side(source: Path, tmp_path: Path) -> None:
    runner = Signals()
    first = workshop(tmp_path, runner)
    build = threading.Thread(target=first.obtain, args=[request(source)])
    build.start()
    assert runner.running.wait(30)
    other = workshop(tmp_path, HostRunner({"PATH": PATH}), "run2")
    other = replace(other, slots=JobSlots(folder=tmp_path / "slots2", count=1))
    assert other.obtain(request(source, "cp main out # b")).elf.read_text() == "one"
    runner.go_on.set()
    build.join(30)


def test_a_disk_that_takes_no_sources_is_a_sentence(tmp_path: Path, source: Path) -> None:
    shop = workshop(tmp_path, HostRunner({"PATH": os.defpath}))
    (tmp_path / "trees").write_text("in the way")
    with pytest.raises(CacheError, match=r"files of building '.*' cannot be written: .*trees"):
        shop.obtain(request(source))


#: What does not decide what a build makes; ``source`` is hashed by its content.
NOT_IN_THE_KEY = {
    *("source", "timeout_seconds", "exclude", "written", "exclusive", "other_boards"),
    *("pass_env", "trace"),  # the variables that are passed are
    *("firmware", "binary"),  # what is written with them is: the command, the name of the ELF
}
OTHER: dict[str, Any] = {
    "board": Board(name="b.1", arch="arm", triple="thumbv6m"),
    "profile": "release",
    "command": "cp main out; true",
    "elf": "out*",
    "features": ("fast",),
    "env": (("SPEED", "9"),),
    "map": "out.map",
    "network": False,
    "git": True,
}


@pytest.mark.parametrize("field", OTHER)
def test_whatever_decides_a_build_is_in_its_key(source: Path, tmp_path: Path, field: str) -> None:
    shop = workshop(tmp_path, HostRunner({"PATH": PATH}))
    wanted, other = request(source), replace(request(source), **{field: OTHER[field]})
    assert shop.key(wanted, {}) != shop.key(other, {})
    assert shop.key(wanted, {}) == shop.key(request(source), {})


def test_each_part_of_a_request_is_in_the_key_or_decides_nothing() -> None:
    assert {field.name for field in fields(BuildRequest)} == OTHER.keys() | NOT_IN_THE_KEY


def test_an_edited_build_environment_builds_again(source: Path, tmp_path: Path) -> None:
    plain = replace(request(source, "echo $SPEED > out"), env=(("SPEED", "1"),))
    workshop(tmp_path, HostRunner({"PATH": PATH})).obtain(plain)
    faster = replace(plain, env=(("SPEED", "9"),))
    entry = workshop(tmp_path, HostRunner({"PATH": PATH}), "run2").obtain(faster)
    assert entry.elf.read_text() == "9\n"


def test_a_repository_cannot_name_a_program_that_runs_here(source: Path, tmp_path: Path) -> None:
    for command in ("init", "add .", f"config core.fsmonitor 'touch {tmp_path}/ran; false'"):
        output_of(["sh", "-c", f"cd {source} && git {command}"])
    workshop(tmp_path, HostRunner({"PATH": PATH})).obtain(request(source))
    assert not (tmp_path / "ran").exists()
