"""A build command in a container: its files, its limits, and what is said when it breaks them."""

import os
from pathlib import Path

import pytest

from pytest_karatos.builders.container import ContainerRunner
from pytest_karatos.builders.image import Image
from pytest_karatos.containers import Engine
from pytest_karatos.errors import BuildFailed
from pytest_karatos.progress import Quiet
from pytest_karatos.settings.record import Limits
from tests.containers.building import request


def test_the_tree_is_at_src_and_output_is_logged(runner: ContainerRunner, tmp_path: Path) -> None:
    log = tmp_path / "log"
    tree = tmp_path / "tree"
    tree.mkdir()
    wanted = request(tree, "pwd; echo $WORD > kernel; echo bad >&2; exit 3", env={"WORD": "hi"})
    assert runner.run(wanted, tree, log, Quiet()) == 3
    assert log.read_text() == "/src\nbad\n"
    assert (tree / "kernel").read_text() == "hi\n"
    assert (tree / "kernel").stat().st_uid == os.getuid()


def test_cargo_home_stays_between_builds(runner: ContainerRunner, tmp_path: Path) -> None:
    word = tmp_path.name
    runner.run(request(tmp_path, f"touch $CARGO_HOME/{word}"), tmp_path, tmp_path / "log", Quiet())
    check = request(tmp_path, f"rm $CARGO_HOME/{word}")
    assert runner.run(check, tmp_path, tmp_path / "log", Quiet()) == 0


def test_a_build_over_its_time(runner: ContainerRunner, tmp_path: Path) -> None:
    slow = request(tmp_path, "echo begun; sleep 1000 & sleep 1000", timeout=1)
    with pytest.raises(BuildFailed, match=r"did not end within 1 s"):
        runner.run(slow, tmp_path, tmp_path / "log", Quiet())
    assert (tmp_path / "log").read_text() == "begun\n"


def test_a_build_over_its_memory(runner: ContainerRunner, tmp_path: Path) -> None:
    # As under make or cargo, it is a child that is killed, and the command reports another status.
    greedy = request(
        tmp_path, "head -c 200M /dev/zero | tail -c 200M > /dev/null || exit 1; exit 1"
    )
    with pytest.raises(BuildFailed, match="64 MiB of memory"):
        runner.run(greedy, tmp_path, tmp_path / "log", Quiet())
    assert "out of memory" in (tmp_path / "log").read_text()


def test_the_tools_of_an_image_are_named_and_asked_once(
    engine: Engine, image: Image, tmp_path: Path
) -> None:
    runner = ContainerRunner(engine, image, Limits(), tmp_path)
    tools = runner.tools()
    assert tools.image == image.name
    assert "rustc 1." in tools.toolchain
    (known,) = (tmp_path / "toolchains").iterdir()
    known.write_text("remembered 1.0\n")
    assert runner.tools().toolchain == "remembered 1.0"
