"""The cascade: which source wins, and where each value came from."""

import time
from pathlib import Path

import pytest

from pytest_karatos.errors import BadSetting, UnknownName
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
    assert found.rules.faults == ("Oops",)
    assert found.origins["build.builder"] == "karatos.toml:4"
    assert found.origins["build.env.LANG"] == "karatos.toml:6"
    assert found.origins["boards.microbit.regions.flash.size"] == "karatos.toml:16"
    assert [(one.metric, one.limit_bytes, one.arch, one.profile, one.origin)
            for one in found.budgets] == [
        ("flash", 24576, "arm", "", "karatos.toml:20"),
        ("ram", 8192, "microbit", "release", "karatos.toml:22"),
    ]  # fmt: skip
    assert found.dialects[-1].rules[0].pattern == r"RUN (?P<task>\w+)"


def test_each_source_wins_over_the_one_below(tmp_path: Path) -> None:
    with_tree(tmp_path)
    seen = [made(tmp_path)]
    seen.append(made(tmp_path, "[emulator]\ntimeout = 13"))
    seen.append(made(tmp_path, environ={"KARATOS_TIMEOUT": "14"}))
    seen.append(made(tmp_path, environ={"KARATOS_TIMEOUT": "14"}, karatos_timeout="15"))
    seen.append(made(tmp_path, karatos_timeout="15", timeout=16.0))
    assert [(one.timeout_seconds, one.origins["emulator.timeout"]) for one in seen] == [
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
    assert board.machine == ("-machine", "lm3s6965evb", "-cpu", "cortex-m3")
    assert board.triple == "thumbv7em-none-eabi"
    assert board.regions[0].size_bytes == 0x20000
    assert board.regions[1].size_bytes == 0x10000
    assert known["second"].machine == ("-machine", "mps2-an385")
    assert not known["second"].default


def test_the_tree_is_found_through_any_source(tmp_path: Path) -> None:
    with_tree(tmp_path / "fw")
    for found in (
        made(tmp_path, '[build]\nsource = "fw"'),
        made(tmp_path, "[build]\n", environ={"KARATOS_SOURCE": "fw"}),
        made(tmp_path, source=tmp_path / "fw"),
    ):
        assert (found.source, found.timeout_seconds) == (tmp_path / "fw", 12)


def test_pyproject_is_read_too_but_not_both(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "x"\n[tool.karatos.build]\npids = 9\n'
    )
    found = made(tmp_path)
    assert (found.limits.pids, found.origins["build.pids"]) == (9, "pyproject.toml:4")
    with pytest.raises(BadSetting, match=r"pyproject.toml:3: settings stand in karatos.toml and"):
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
    assert made(tmp_path).image == ""
    assert made(tmp_path, image="docker/").image == f"{tmp_path}/docker/"
    assert made(tmp_path, image="mine").image == f"{tmp_path}/mine/"
    assert made(tmp_path, image="rust:1.96").image == "rust:1.96"
    assert made(tmp_path, "[toolchain]\nimage = 'me/rust'").image == "me/rust"
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


def test_a_healthy_banner_is_no_fault(tmp_path: Path) -> None:
    banner = (
        "HardFault handler installed\n🚨 CRITICAL task started\npanic hook set\nkernel panic=off"
    )
    assert not [text for text in made(tmp_path).rules.faults if text in banner]


@pytest.mark.parametrize("line", ["@12 panic task=a", "@12 fault kind=hard", "panicked at x.rs:1"])
def test_a_crash_is_a_fault(tmp_path: Path, line: str) -> None:
    assert any(text in line for text in made(tmp_path).rules.faults)


def test_loading_is_quick(tmp_path: Path) -> None:
    with_tree(tmp_path)
    made(tmp_path, OWN_FILE)
    took = []
    for _ in range(10):
        start = time.perf_counter()
        made(tmp_path)
        took.append(time.perf_counter() - start)
    assert min(took) < 0.010
