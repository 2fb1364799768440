"""A board is whole, each console key can be said for it, and for one test by the same table."""

import dataclasses
import json
from pathlib import Path

import pytest

from pytest_karatos.board import Board
from pytest_karatos.errors import Fixable
from pytest_karatos.settings import TEST_KEYS, Selection, Settings, request, rules_for, vary
from pytest_karatos.settings.keys import RENAMED
from pytest_karatos.settings.lookup import by_name, keys_of
from tests.unit.settings_files import made

#: A value of each word that no default is, as TOML and Python both write it.
VALUES: dict[str, object] = {
    "expect_exit": 7,
    "timeout": 3.5,
    "faults": ["Oops"],
    "faults_packaged": False,
    "processor_faults": False,
    "speaks": False,
    "silence": 2.5,
    "settle": 0.5,
    "repeats": 9,
    "restarts": 8,
    "expect_resets": 2,
    "boot_text": "hello",
    "total": 4096,
    "line": 77,
    "newline": "\r",
    "ready": "> ",
    "prompt": "$ ",
    "echo": False,
    "filter": ["cat"],
    "dialect": "karatos",
    "console": "uart1",
    "icount": "off",
    "inject": True,
}


def value_of(board: Board, word: str) -> object:
    field = TEST_KEYS[word].field
    record = board.watch if field in {key.field for key in keys_of("console")} else board
    return getattr(record, field)


def as_held(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def test_each_console_key_is_the_boards_too() -> None:
    for key in keys_of("console"):
        assert by_name()[f"boards.*.{key.word}"].kind is key.kind
        assert TEST_KEYS[key.word].kind is key.kind
    assert VALUES.keys() == TEST_KEYS.keys()


@pytest.mark.parametrize("word", VALUES)
def test_a_board_says_it_for_itself_alone(tmp_path: Path, word: str) -> None:
    arm, riscv = made(tmp_path, f"[boards.virt]\n{word} = {json.dumps(VALUES[word])}").chosen
    assert value_of(riscv, word) == as_held(VALUES[word])
    assert value_of(arm, word) != as_held(VALUES[word])


@pytest.mark.parametrize("word", VALUES)
def test_a_test_says_it_for_its_boot_alone_and_nothing_is_built_again(
    tmp_path: Path, word: str
) -> None:
    found = made(tmp_path, "[boards.virt]\nsilence = 200")
    virt = found.chosen[1]
    varied = vary(found, virt, {word: VALUES[word]}, origin="marker")
    assert value_of(varied, word) == as_held(VALUES[word])
    back = vary(found, varied, {word: value_of(virt, word)}, origin="x") if word != "expect_exit" \
        else dataclasses.replace(varied, expect_exit=None)  # fmt: skip
    assert back == virt
    once, again = (request(found, one, "debug") for one in (virt, varied))
    assert dataclasses.replace(again, board=virt) == once


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"silence": "long"}, "mark: silence must be a number of seconds above zero, not 'long'"),
        ({"timeout": "5"}, "mark: timeout must be a number of seconds above zero, not '5'"),
        ({"expect_exit": "nevr"}, "mark: expect_exit must be an exit status"),
        ({"faults": "Oops"}, "mark: faults must be a list of texts, not 'Oops'"),
        ({"dialect": "karatoss"}, "mark: unknown dialect 'karatoss'. Did you mean 'karatos'?"),
        ({"filter": ["x", "{elv}"]}, "mark: filter has the unknown placeholder {elv}. Did you me"),
        ({"console": "usb"}, "mark: console must be"),
    ],
)
def test_a_tests_words_are_checked_as_settings_are(
    tmp_path: Path, words: dict[str, object], said: str
) -> None:
    found = made(tmp_path)
    with pytest.raises(Fixable) as caught:
        vary(found, found.chosen[0], words, origin="mark")
    assert str(caught.value).startswith(said)


def test_a_tests_filter_is_relative_to_the_settings_folder(tmp_path: Path) -> None:
    found = made(tmp_path)
    board = vary(found, found.chosen[0], {"filter": ["tools/x", "{elf}"]}, origin="mark")
    assert rules_for(board, Path("/k.elf")).filter == (f"{tmp_path}/tools/x", "/k.elf")


def targets(found: Settings, **words: tuple[str, ...]) -> list[str]:
    pairs = Selection(**words).targets(found, origin="mark")
    return [f"{board.name} {profile}" for _, board, profile in pairs]


def test_what_is_known_and_not_chosen_is_left_out(tmp_path: Path) -> None:
    found = made(tmp_path, arch="arm", profile="release")
    assert targets(found) == targets(found, archs=("all",)) == ["lm3s6965evb release"]
    assert targets(found, archs=("riscv",)) == targets(found, boards=("virt",)) == []
    assert targets(found, profiles=("debug",)) == ["lm3s6965evb debug"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"archs": ("amr",)}, "mark: no board has arch 'amr'. Did you mean 'arm'?"),
        ({"archs": ("arm", "virt")}, "mark: no board has arch 'virt'. It is a board"),
        ({"boards": ("lm3s6965ebv",)}, "mark: unknown board 'lm3s6965ebv'. Did you mean 'lm3s6"),
        ({"profiles": ("relase",)}, "mark: unknown profile 'relase'. Did you mean 'release'?"),
    ],
)
def test_what_is_not_known_is_an_error(
    tmp_path: Path, words: dict[str, tuple[str, ...]], said: str
) -> None:
    with pytest.raises(Fixable) as caught:
        targets(made(tmp_path), **words)
    assert str(caught.value).startswith(said)


def test_a_declared_profile_is_known_whichever_is_chosen(tmp_path: Path) -> None:
    found = made(tmp_path, "[build]\nprofiles = ['small']", profile="release", arch="arm")
    assert targets(found, profiles=("small",)) == ["lm3s6965evb small"]
    with pytest.raises(Fixable, match=r'fix: declare .*: \[build\] profiles = \["smal", \.\.\.\]'):
        targets(found, profiles=("smal",))


def test_a_renamed_key_leads_to_one_that_is_there() -> None:
    known = by_name().keys() | {key.env for key in by_name().values()}
    assert set(RENAMED.values()) <= known
    assert not RENAMED.keys() & known
    with pytest.raises(Fixable, match=r"KARATOS_EMULATOR: .* is called KARATOS_LAUNCHER now"):
        made(Path("/nowhere"), environ={"KARATOS_EMULATOR": "host"})


def test_a_test_that_may_take_long_may_be_silent_as_long(tmp_path: Path) -> None:
    found = made(tmp_path, "")
    slow = vary(found, found.chosen[0], {"timeout": 60}, origin="marker")
    assert (slow.watch.timeout_seconds, slow.watch.silence_seconds) == (60, 60)
    both = vary(found, found.chosen[0], {"timeout": 60, "silence": 5}, origin="marker")
    assert both.watch.silence_seconds == 5
