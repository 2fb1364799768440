"""The files of a run: names, places, builds, the rule by which runs go, and a disk that is full."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pytest_karatos.artifacts import Run, open_run, safe_name
from pytest_karatos.artifacts.files import whole_folder, write_json
from pytest_karatos.artifacts.pruning import Past, prune, surplus
from pytest_karatos.board import Board
from pytest_karatos.firmware import Firmware, Provenance

PORTABLE = set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")
ORIGIN = Provenance(builder="local", toolchain="rustc 1", command="make", source="/s")


def firmware(folder: Path, **more: object) -> Firmware:
    (folder / "built.elf").write_bytes(b"\x7fELF")
    facts = {"profile": "debug", "key": "0123456789abcdef", "provenance": ORIGIN}
    board = Board(name="virt", arch="riscv")
    return Firmware(elf=folder / "built.elf", board=board, **{**facts, **more})  # type: ignore[arg-type]


def past(artifacts: Path, number: int, failed: int | None) -> Path:
    """Make a run of long ago; ``failed`` None: it was killed."""
    run = Run(folder=artifacts / f"run-2020{number:04d}")
    run.folder.mkdir(parents=True)
    if failed is not None:
        run.conclude(1 if failed else 0, failed)
    return run.folder


@settings(deadline=None)  # a busy machine is no failure
@given(st.text(st.characters(), max_size=400))
@example("../" * 99)
@example("CON")
@example("tests/a.py::test[\x00\ud800/../]")
@example("x" * 5000)
def test_any_test_has_a_safe_name(test: str) -> None:
    name = safe_name(test)
    assert set(name) <= PORTABLE
    assert 8 <= len(name) < 100
    assert name[0] not in ".-"
    assert name[-1] not in ".-"
    assert name.partition(".")[0].upper() not in {"CON", "NUL", "AUX", "PRN", "COM1"}


@settings(deadline=None)  # a busy machine is no failure
@given(st.text(st.characters()), st.text(st.characters()))
@example("\ud800", "\\ud800")
@example("A", "a")
def test_names_differ_even_where_case_does_not_count(one: str, other: str) -> None:
    assert (one == other) == (safe_name(one).lower() == safe_name(other).lower())


def test_the_same_test_gets_a_folder_for_each_boot(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    with ThreadPoolExecutor(8) as many:
        places = list(many.map(run.place, ["t::a[../b]"] * 16))
    assert len(set(places)) == 16
    assert all(place.parent == run.folder / "tests" for place in places)


def test_latest_is_the_newest_run(tmp_path: Path) -> None:
    first, second = open_run(tmp_path), open_run(tmp_path)
    assert first.folder.name < second.folder.name
    assert (tmp_path / "latest").resolve() == second.folder.resolve()
    assert [path.name for path in tmp_path.iterdir() if path.is_symlink()] == ["latest"]


def test_a_folder_of_the_users_named_latest_stays(tmp_path: Path) -> None:
    (tmp_path / "latest").mkdir()
    (tmp_path / "latest" / "mine").write_text("")
    assert open_run(tmp_path).folder.is_dir()
    assert (tmp_path / "latest" / "mine").exists()


def test_ten_green_runs_do_not_push_out_a_red_one(tmp_path: Path) -> None:
    red, killed = past(tmp_path, 1, failed=2), past(tmp_path, 2, failed=None)
    green = [past(tmp_path, number, failed=0) for number in range(3, 15)]
    run = open_run(tmp_path)
    left = {path for path in tmp_path.glob("run-*")}  # noqa: C416
    assert left == {red, killed, *green[-9:], run.folder}


def test_of_many_red_runs_the_newest_stay(tmp_path: Path) -> None:
    red = [past(tmp_path, number, failed=1) for number in range(25)]
    prune(tmp_path)
    assert sorted(tmp_path.glob("run-*")) == red[-20:]


def test_a_run_that_goes_on_is_never_dropped(tmp_path: Path) -> None:
    running = open_run(tmp_path)
    running.conclude(0, 0)
    for number in range(3000, 3020):
        newer = past(tmp_path, number, failed=0)
        newer.rename(newer.with_name(newer.name.replace("2020", "9999")))
    prune(tmp_path)
    assert running.folder.exists()
    assert running.claim
    running.claim.release()
    prune(tmp_path)
    assert not running.folder.exists()


def test_what_is_too_much_goes_green_ones_first() -> None:
    def run(name: str, failed: bool, size: int) -> Past:  # noqa: FBT001
        return Past(folder=Path(name), failed=failed, size_bytes=size)

    gib = 1024**3
    now, before = run("now", True, 9 * gib), run("before", False, 9 * gib)
    green, red, old = run("green", False, gib), run("red", True, gib), run("old", False, gib)
    assert surplus([now, before, green, red, old]) == [old]
    assert surplus([now, before, old, green, red, run("older", True, gib)]) == [old, green]


def test_how_a_run_went_is_written_at_its_end(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    (run.folder / "file").write_bytes(b"x" * 1000)
    run.conclude(1, 3)
    verdict = json.loads((run.folder / "run.json").read_text())
    assert (verdict["schema"], verdict["exit_status"], verdict["failed"]) == (1, 1, 3)
    assert verdict["bytes"] >= 1000
    assert verdict["started"] <= verdict["ended"]


def test_a_build_is_kept_whole(tmp_path: Path) -> None:
    for name in ("log", "map"):
        (tmp_path / name).write_text(name)
    run = open_run(tmp_path / "kept")
    made = firmware(tmp_path, log=tmp_path / "log", map=tmp_path / "map", features=("panic",))
    place = run.keep_build(made).elf.parent
    assert place == run.folder / "builds" / "virt-debug-01234567"
    kept = ["build.log", "firmware.elf", "firmware.map", "provenance.json"]
    assert sorted(path.name for path in place.iterdir()) == kept
    origin = json.loads((place / "provenance.json").read_text())
    assert origin["provenance"]["toolchain"] == "rustc 1"
    assert (origin["features"], origin["key"]) == (["panic"], made.key)


def test_a_prebuilt_elf_is_copied_since_its_owner_may_build_over_it(tmp_path: Path) -> None:
    place = open_run(tmp_path / "kept").keep_build(firmware(tmp_path)).elf.parent
    (tmp_path / "built.elf").write_bytes(b"other")
    assert (place / "firmware.elf").read_bytes() == b"\x7fELF"
    assert not (place / "build.log").exists()


def test_many_who_keep_the_same_build_find_one(tmp_path: Path) -> None:
    made = firmware(tmp_path)
    run = open_run(tmp_path / "kept")
    with ThreadPoolExecutor(8) as many:
        places = list(many.map(run.keep_build, [made] * 32))
    assert len({place.elf for place in places}) == 1
    assert [path.name for path in (run.folder / "builds").iterdir()] == ["virt-debug-01234567"]
    assert run.lost() == ""


def test_a_folder_that_fails_half_way_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), whole_folder(tmp_path / "it") as new:
        (new / "half").write_text(str(1 // 0))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    write_json(tmp_path / "it.json", {"a": 1})
    with pytest.raises(TypeError):
        write_json(tmp_path / "it.json", {"a": object()})
    assert json.loads((tmp_path / "it.json").read_text()) == {"a": 1}


def test_no_folder_can_be_made_any_more(tmp_path: Path) -> None:
    run = open_run(tmp_path)
    (run.folder / "tests").write_text("in the way")
    place = run.place("it")
    assert place.is_dir()
    assert "the folder of 'it'" in run.lost()
    place.rmdir()
