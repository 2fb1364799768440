"""What `python -m pytest_karatos ci` tells a job to cache."""

import io
from pathlib import Path

import pytest

from pytest_karatos.builders.image import docker_folder, tag_of
from pytest_karatos.cli.main import USAGE, call
from pytest_karatos.cli.shell import Shell


def outputs(folder: Path, settings: str = "", **environ: str) -> dict[str, str]:
    (folder / "karatos.toml").write_text(settings)
    shell = Shell(environ=environ, folder=folder, out=io.StringIO(), err=io.StringIO())
    assert call(["ci"], shell) == 0
    assert isinstance(shell.out, io.StringIO)
    lines = [line.partition("=") for line in shell.out.getvalue().splitlines()]
    return {key: value for key, _, value in lines}


def test_our_image_and_the_cache_folder_are_named(tmp_path: Path) -> None:
    told = outputs(tmp_path, KARATOS_CACHE="/srv/k")
    assert told == {"image": tag_of(docker_folder()), "cache": "/srv/k"}


def test_a_folder_of_your_own_is_an_image_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "Dockerfile").write_text("FROM scratch")
    before = outputs(tmp_path, '[toolchain]\nimage = "tools/"')["image"]
    assert before.startswith("pytest-karatos-builder:")
    (tmp_path / "tools" / "Dockerfile").write_text("FROM scratch AS other")
    assert outputs(tmp_path, '[toolchain]\nimage = "tools/"')["image"] != before


@pytest.mark.parametrize(
    "settings", ['[build]\nbuilder = "local"', '[toolchain]\nimage = "registry.test/rust:1"']
)
def test_where_no_image_is_made_none_is_named(settings: str, tmp_path: Path) -> None:
    assert outputs(tmp_path, settings)["image"] == ""


def test_no_value_makes_an_output_of_its_own(tmp_path: Path) -> None:
    told = outputs(tmp_path, KARATOS_CACHE="/srv/a\nimage=forged")
    assert told["cache"] == r"/srv/a\nimage=forged"
    assert told["image"] == tag_of(docker_folder())


def test_broken_settings_fail_the_step(tmp_path: Path) -> None:
    (tmp_path / "karatos.toml").write_text("[build")
    shell = Shell(environ={}, folder=tmp_path, out=io.StringIO(), err=io.StringIO())
    assert call(["ci"], shell) == USAGE
