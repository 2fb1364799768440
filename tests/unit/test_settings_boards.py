"""Boards are data, and a run gets those that were asked for."""

from pathlib import Path

import pytest

from pytest_karatos.errors import BadSetting, UnknownName
from pytest_karatos.settings import rules_for
from tests.unit.settings_files import OWN_FILE, made, names


def test_a_new_board_is_only_data(tmp_path: Path) -> None:
    found = made(tmp_path, OWN_FILE, board=["feather"], arch=["arm"])
    first, second = found.chosen
    assert (first.id, second.id) == ("arm", "arm-feather")
    assert second.semihosting
    assert (second.triple, second.emulator) == ("thumbv7m-none-eabi", "qemu-system-arm")
    assert [(one.start, one.size_bytes) for one in second.regions] == [
        (0, 256000), (0x20000000, 16384)]  # fmt: skip
    assert names(made(tmp_path, board=["feather"])) == ["feather"]


def test_default_can_be_taken_over(tmp_path: Path) -> None:
    found = made(tmp_path, '[boards.nice]\narch = "arm"\ndefault = true', arch="arm")
    assert [(one.name, one.id) for one in found.chosen] == [("nice", "arm")]


def test_byte_order_is_the_targets(tmp_path: Path) -> None:
    found = made(tmp_path, "[targets.arm]\nelf_endian = 'big'", arch="arm")
    assert found.chosen[0].elf_endian == "big"


@pytest.mark.parametrize(
    ("arch", "chosen"),
    [
        (["riscv"], ["virt"]),
        (["riscv,arm"], ["lm3s6965evb", "virt"]),
        (["riscv", "riscv"], ["virt"]),
        ("all", ["lm3s6965evb", "virt"]),
    ],
)
def test_arch_chooses(tmp_path: Path, arch: object, chosen: list[str]) -> None:
    assert names(made(tmp_path, arch=arch)) == chosen


def test_wrong_arch_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnknownName) as caught:
        made(tmp_path, arch=["amr"])
    assert str(caught.value) == (
        "--arch: no board has arch 'amr'. Did you mean 'arm'? Known: arm, riscv."
    )
    with pytest.raises(UnknownName, match="It is a board: --karatos-board=virt"):
        made(tmp_path, arch="virt")
    with pytest.raises(UnknownName, match="--karatos-board: unknown board 'vrit'"):
        made(tmp_path, board=["vrit"])


#: What firmware of the wild needs of a board, each of it a line of data.
WILD = """\
[run]
expect_exit = 0
[console]
newline = "\\r\\n"
filter = ["tools/decode", "--elf={elf}", "{{elf}}"]
[boards.hifive]
arch = "riscv"
qemu = ["-machine", "sifive_e,revb=true", "-global", "riscv.sifive.uart.x=1", "-smp", "2"]
console = "uart1"
loader = "device"
icount = "off"
newline = "\\n"
ready = "login: "
filter = []
silence = 20
expect_exit = "never"
"""


def test_a_board_says_otherwise_than_all(tmp_path: Path) -> None:
    found = made(tmp_path, WILD)
    arm, riscv = found.chosen[0], next(one for one in found.boards if one.name == "hifive")
    assert (arm.expect_exit, riscv.expect_exit) == (0, "never")
    assert (riscv.loader, riscv.icount, riscv.console) == ("device", "off", "uart1")
    everywhere, own = (rules_for(board, Path("/k.elf")) for board in (arm, riscv))
    assert everywhere.filter == (f"{tmp_path}/tools/decode", "--elf=/k.elf", "{elf}")
    assert (own.filter, own.ready, own.newline, own.silence_seconds) == ((), "login: ", "\n", 20)
    assert (everywhere.ready, everywhere.newline, everywhere.silence_seconds) == ("", "\r\n", 5)


def test_a_filter_with_an_unknown_placeholder_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"karatos.toml:2: boards.virt.filter has .* 'elf'\?"):
        made(tmp_path, "[boards.virt]\nfilter = ['defmt-print', '-e', '{elv}']")


@pytest.mark.parametrize("option", ["-serial", "-nographic", "-kernel", "-icount", "-S"])
def test_what_the_plugin_tells_qemu_itself_is_refused_in_a_board(
    tmp_path: Path, option: str
) -> None:
    toml = f'[boards.x]\narch = "arm"\nqemu = ["-machine", "virt", "{option}", "1"]'
    with pytest.raises(BadSetting, match=f"karatos.toml:3: board 'x' passes {option} to QEMU"):
        made(tmp_path, toml)
