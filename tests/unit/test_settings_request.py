"""A board's build: command, steps, folder, ELF and environment, rendered from data."""

import re
from pathlib import Path

import pytest

from pytest_karatos.errors import BadSetting
from pytest_karatos.settings import request
from tests.unit.settings_files import OWN_FILE, made, with_tree


def test_request_renders_and_sorts_features(tmp_path: Path) -> None:
    found = made(with_tree(tmp_path), OWN_FILE)
    asked = request(found, found.chosen[0], "release", ["b", "a", "a"])
    assert asked.command == "make BOARD=lm3s6965 PROFILE=release F=a,b"
    assert asked.elf == "out/arm/*.elf"
    assert asked.env == (("FEATURES", "a,b"), ("LANG", "C"))
    assert asked.features == ("a", "b")


def test_request_leaves_the_shell_its_braces(tmp_path: Path) -> None:
    found = made(tmp_path, "[build]\ncommand = 'echo ${arch} {{arch}} {arch} ${HOME} {features}'")
    asked = request(found, found.chosen[0], "debug", ["a;b"])
    assert asked.command == "echo ${arch} {arch} arm ${HOME} 'a;b'"


@pytest.mark.parametrize(
    ("toml", "features", "said"),
    [
        ("", ["x"], "has no {features}, so it cannot build with x"),
        ("command = 'm {bord}'", [], "karatos.toml:2: build.command has the unknown placeholder"),
        ("command = 'm {bord}'", [], "Did you mean 'board'?"),
        ("elf = '/abs'", [], "karatos.toml:2: build.elf '/abs' leaves the firmware's tree"),
        ("elf = 'a/../../x'", [], "leaves the firmware's tree"),
    ],
)
def test_request_refuses(tmp_path: Path, toml: str, features: list[str], said: str) -> None:
    found = made(tmp_path, f"[build]\n{toml}")
    with pytest.raises(BadSetting, match=re.escape(said)):
        request(found, found.chosen[0], "debug", features)


STEPS = """\
[build]
command = ["make clean # first", "make {board}"]
folder = "fw/{arch}"
exclusive = true
env = { A = "all", B = "{board}" }

[boards.virt.build]
command = "cargo build --profile {cargo_profile}"
folder = "rust"
elf = "rust/out-*"
env = { A = "own" }
"""


def test_steps_run_in_turn_in_a_folder(tmp_path: Path) -> None:
    found = made(tmp_path, STEPS)
    asked = request(found, found.chosen[0], "debug")
    assert asked.command == "cd fw/arm && (make clean # first\n) && (make lm3s6965evb)"
    assert asked.exclusive


def test_a_board_has_a_build_of_its_own(tmp_path: Path) -> None:
    found = made(tmp_path, STEPS)
    asked = request(found, found.chosen[1], "debug")
    assert asked.command == "cd rust && (cargo build --profile dev)"
    assert asked.elf == "rust/out-*"
    assert asked.env == (("A", "own"), ("B", "virt"))


def test_a_request_knows_what_is_called_after_other_boards(tmp_path: Path) -> None:
    found = made(with_tree(tmp_path), '[boards.virt]\nbuild_name = "qemu"')
    asked = request(found, found.boards[0], "debug")
    assert {"qemu", "riscv", "second", "virt"} <= set(asked.other_boards)
    assert not {"lm3s6965evb", "arm"} & set(asked.other_boards)


def test_a_boards_own_words_are_blamed(tmp_path: Path) -> None:
    found = made(tmp_path, "[boards.virt.build]\ncommand = ['make', 'm {bord}']")
    with pytest.raises(BadSetting, match=r"karatos.toml:2: boards.virt.build.command has the unk"):
        request(found, found.chosen[1], "debug")
    with pytest.raises(BadSetting, match=r"toml:2: the build command 'make && m {bord}' has no"):
        request(found, found.chosen[1], "debug", ["x"])
