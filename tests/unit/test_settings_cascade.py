"""The cascade: which source wins, and where each value came from."""

import cProfile
from pathlib import Path

import pytest

from pytest_karatos.errors import BadSetting, UnknownName
from pytest_karatos.settings import Settings
from tests.unit.settings_files import OWN_FILE, made, names, with_tree


def test_nothing_at_all_is_enough(tmp_path: Path) -> None:
    found = made(tmp_path)
    assert names(found) == ["lm3s6965evb", "virt"]
    assert [board.id for board in found.chosen] == ["arm", "riscv"]
    assert found.source == tmp_path
    assert found.profiles == ("debug",)
    assert found.origins["build.command"] == "default"


def test_own_file_is_read_with_lines(tmp_path: Path) -> None:
    found = made(tmp_path, OWN_FILE)
    assert found.limits.memory_bytes == 2 * 1024**3
    assert found.boards[0].watch.faults == ("Oops",)
    assert found.origins["build.builder"] == "karatos.toml:4"
    assert found.origins["build.env.LANG"] == "karatos.toml:6"
    assert found.origins["boards.feather.regions.flash.size"] == "karatos.toml:16"
    assert [(one.metric, one.limit, one.arch, one.profile, one.origin)
            for one in found.budgets] == [
        ("flash", 24576, "arm", "", "karatos.toml:20"),
        ("ram", 8192, "feather", "release", "karatos.toml:22"),
    ]  # fmt: skip
    assert found.dialects[-1].rules[0].pattern == r"RUN (?P<task>\w+)"


def test_rules_add_to_a_packaged_dialect(tmp_path: Path) -> None:
    text = """
    [dialects.karatos]
    rules = [{ kind = "fail", pattern = "^SELF TEST FAILED" }]
    names.TIMER = "ticker"
    """
    plain = next(one for one in made(tmp_path).dialects if one.name == "karatos")
    more = next(one for one in made(tmp_path, text).dialects if one.name == "karatos")
    assert [rule.kind for rule in more.rules] == ["fail", *(rule.kind for rule in plain.rules)]
    assert more.names == {"timer": "ticker"}


def test_a_budget_may_be_for_any_figure_but_for_no_slip_of_the_pen(tmp_path: Path) -> None:
    text = "[budget.arm]\nstack = '1 KiB'\nframes = 0\n[budget.arm.release]\nstack = 0.5"
    found = made(tmp_path, text)
    assert [(one.metric, one.limit, one.profile) for one in found.budgets] == [
        ("stack", 1024, ""),
        ("frames", 0, ""),
        ("stack", 0.5, "release"),
    ]


def waits(found: Settings) -> float:
    return found.boards[0].watch.timeout_seconds


def test_each_source_wins_over_the_one_below(tmp_path: Path) -> None:
    with_tree(tmp_path)
    seen = [made(tmp_path)]
    seen.append(made(tmp_path, "[console]\ntimeout = 13"))
    seen.append(made(tmp_path, environ={"KARATOS_TIMEOUT": "14"}))
    seen.append(made(tmp_path, environ={"KARATOS_TIMEOUT": "14"}, karatos_timeout="15"))
    seen.append(made(tmp_path, karatos_timeout="15", timeout=16.0))
    assert [(waits(one), one.origins["console.timeout"]) for one in seen] == [
        (12, "build/configs/global.toml:3"),
        (13, "karatos.toml:2"),
        (14, "KARATOS_TIMEOUT"),
        (15, "ini karatos_timeout"),
        (16, "--karatos-timeout"),
    ]


def test_tree_file_merges_into_the_packaged_board(tmp_path: Path) -> None:
    found = made(with_tree(tmp_path))
    known = {board.name: board for board in found.boards}
    board = known["lm3s6965evb"]
    assert names(found) == ["lm3s6965evb"]  # the tree has no riscv board
    assert board.build_name == "lm3s6965"
    assert board.qemu == ("-machine", "lm3s6965evb", "-cpu", "cortex-m3")
    assert board.triple == "thumbv7em-none-eabi"
    assert board.regions[0].size_bytes == 0x20000
    assert board.regions[1].size_bytes == 0x10000
    assert known["second"].qemu == ("-machine", "mps2-an385")
    assert not known["second"].default


def test_the_tree_is_found_through_any_source(tmp_path: Path) -> None:
    with_tree(tmp_path / "fw")
    for found in (
        made(tmp_path, '[build]\nsource = "fw"'),
        made(tmp_path, "[build]\n", environ={"KARATOS_SOURCE": "fw"}),
        made(tmp_path, source=tmp_path / "fw"),
    ):
        assert (found.source, waits(found)) == (tmp_path / "fw", 12)


def test_pyproject_is_read_too_but_not_both(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\n[tool.karatos.build]\npids = 9\n'
    )
    found = made(tmp_path)
    assert (found.limits.pids, found.origins["build.pids"]) == (9, "pyproject.toml:4")
    with pytest.raises(BadSetting, match=r"pyproject.toml:3: karatos.toml has settings too"):
        made(tmp_path, "[build]\n")


def test_a_named_file_replaces_the_found_one(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/other.toml").write_text('[build]\nsource = "tree"')
    found = made(tmp_path, "[build]\npids = 9", config="sub/other.toml")
    assert (found.limits.pids, found.source) == (512, tmp_path / "sub/tree")
    with pytest.raises(BadSetting, match="--karatos-config: there is no settings file"):
        made(tmp_path, config="nope.toml")


def test_an_image_is_a_folder_or_a_name(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/Dockerfile").touch()
    assert made(tmp_path).toolchain.image == ""
    assert made(tmp_path, image="docker/").toolchain.image == f"{tmp_path}/docker/"
    assert made(tmp_path, image="mine").toolchain.image == f"{tmp_path}/mine/"
    assert made(tmp_path, image="rust:1.96").toolchain.image == "rust:1.96"
    assert made(tmp_path, "[toolchain]\nimage = 'me/rust'").toolchain.image == "me/rust"
    assert made(tmp_path).origins["build.image"] == "karatos.toml:2"


def test_prebuilt_elves(tmp_path: Path) -> None:
    assert made(tmp_path, elf=["arm=a.elf", "virt=/b"]).prebuilt == {
        "arm": tmp_path / "a.elf", "virt": Path("/b")}  # fmt: skip
    assert made(tmp_path, environ={"KARATOS_ELF": "arm=x,riscv=y"}).prebuilt.keys() == {
        "arm",
        "riscv",
    }
    with pytest.raises(BadSetting, match=r"'a\.elf' is not NAME=PATH"):
        made(tmp_path, elf=["a.elf"])
    with pytest.raises(UnknownName, match=r"unknown arch or board 'amr'\. Did you mean 'arm'"):
        made(tmp_path, elf=["amr=a.elf"])


def test_environment_slips_are_found_but_foreign_names_are_not_ours(tmp_path: Path) -> None:
    made(tmp_path, environ={"KARATOS_FANCY": "1", "KARATOS_BUILD_ID": "7", "KARATOS_ARCH": ""})
    for slip in ("KARATOS_BUIDLER", "KARATOS_BUILDR", "KARATOS_SOURCES", "KARATOS_ARHC"):
        with pytest.raises(BadSetting, match=f"{slip}: unknown environment variable. Did you mean"):
            made(tmp_path, environ={slip: "x"})


def test_own_faults_add_to_the_packaged_ones(tmp_path: Path) -> None:
    rules = made(tmp_path, '[console]\nfaults = ["Oops"]').boards[0].watch
    assert rules.faults == ("Oops",)
    assert {"rust", "zephyr"} <= {rule.system for rule in rules.known}


def test_a_board_leaves_the_packaged_faults_out(tmp_path: Path) -> None:
    boards = made(tmp_path, "[boards.virt]\nfaults_packaged = false").boards
    assert [one.name for one in boards if not one.watch.known] == ["virt"]


def test_loading_is_quick(tmp_path: Path) -> None:
    with_tree(tmp_path)
    made(tmp_path, OWN_FILE)
    with cProfile.Profile() as profile:
        made(tmp_path)
    calls = sum(entry.callcount for entry in profile.getstats())
    assert calls < 30_000
