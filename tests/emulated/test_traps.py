"""What other people's firmware does to a harness: each trap on a small image made for it.

Everything that an image needs is said in a karatos.toml, and what is asserted is what a user reads.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pytest_karatos import Bench, Machine
from pytest_karatos.artifacts import open_run
from pytest_karatos.errors import BadFirmware, FilterFailed, Forbidden, Misbehaved, Stuck, WrongExit
from pytest_karatos.exit_check import judge
from pytest_karatos.settings import load
from tests.emulated.tiny_guest import Step, image

QUICK = "[console]\nsilence = 0.5\n"


@contextmanager
def bench_of(place: Path, elf: Path, board: str, toml: str = "") -> Iterator[Bench]:
    (place / "karatos.toml").write_text(toml)
    settings = load(root=place, environ={}, typed={"elf": [f"{board}={elf}"], "board": board})
    with Bench(settings=settings, environ={}, run=open_run(settings.artifacts)) as bench:
        yield bench


@contextmanager
def booted(
    place: Path, *steps: Step, board: str = "virt", toml: str = "", arch: str = "", bits: int = 32
) -> Iterator[Machine]:
    elf = image(place, arch or ("riscv" if board == "virt" else "arm"), *steps, bits=bits)
    with bench_of(place, elf, board, toml) as bench:
        firmware = bench.firmware(bench.board(board))
        with bench.boot(firmware, "trap") as machine:
            yield machine


@pytest.mark.parametrize(
    ("arch", "bits", "said"),
    [
        ("riscv", 64, "is a 64-bit ELF, but board 'virt' (riscv) needs 32-bit."),
        ("arm", 32, "is for ARM, but board 'virt' (riscv) needs RISC-V."),
    ],
)
def test_an_elf_that_would_hang_without_a_word_is_refused(
    tmp_path: Path, arch: str, bits: int, said: str
) -> None:
    elf = image(tmp_path, arch, ("say", b"never seen\n"), bits=bits)
    with bench_of(tmp_path, elf, "virt") as bench, pytest.raises(BadFirmware) as caught:
        bench.firmware(bench.board("virt"))
    assert said in str(caught.value)


def test_mixed_line_ends_are_one_to_a_pattern_and_kept_in_the_transcript(tmp_path: Path) -> None:
    raw = b"lf\ncrlf\r\ncrcrlf\r\r\ncr\rlast\r\n"
    with booted(tmp_path, ("say", raw), ("exit", 0)) as machine:
        machine.console.expect_exact("lf\ncrlf\ncrcrlf\ncr\nlast\n")
        judge(machine)
    assert machine.console.transcript.read_bytes() == raw


PROMPT = """
[boards.virt]
ready = "press s: "
newline = "\\r\\n"
"""


def test_a_prompt_without_newline_is_awaited_and_answered(tmp_path: Path) -> None:
    steps: list[Step] = [("delay", 100_000), ("say", b"boot\npress "), ("say", b"s: "), ("echo",)]
    with booted(tmp_path, *steps, toml=PROMPT) as machine:
        machine.console.sendline("s")
        machine.console.sendline("t")
        assert machine.console.expect_exact("s\nt\n") == 0
        assert machine.console.before == ""
    assert machine.console.transcript.read_bytes().startswith(b"boot\npress s: s\r\nt\r")


def test_a_prompt_that_never_comes_is_named(tmp_path: Path) -> None:
    with (
        booted(tmp_path, ("say", b"boot\n"), ("spin",), toml=QUICK + PROMPT) as machine,
        pytest.raises(Stuck, match=r"Waited for 'press s: ' before typing; the firmware has been"),
    ):
        machine.console.sendline("s")


def test_a_console_that_is_semihosting(tmp_path: Path) -> None:
    toml = "[boards.lm3s6965evb]\nconsole = 'semihosting'"
    steps: list[Step] = [("hosted", b"by the host\n"), ("exit", 0)]
    with booted(tmp_path, *steps, board="lm3s6965evb", toml=toml) as machine:
        machine.console.expect("by the host")
        judge(machine, 0)


def test_words_that_went_to_semihosting_are_quoted(tmp_path: Path) -> None:
    steps: list[Step] = [("hosted", b"by the host\n"), ("spin",)]
    with (
        booted(tmp_path, *steps, board="lm3s6965evb", toml=QUICK) as machine,
        pytest.raises(Stuck, match=r"No byte came on the console(.|\n)*by the host"),
    ):
        machine.console.expect("up")


def test_semihosting_that_is_off_is_named_by_qemus_own_words(tmp_path: Path) -> None:
    toml = QUICK + "[boards.lm3s6965evb]\nsemihosting = false"
    steps: list[Step] = [("hosted", b"by the host\n"), ("spin",)]
    with (
        booted(tmp_path, *steps, board="lm3s6965evb", toml=toml) as machine,
        pytest.raises(Misbehaved, match=r"No byte came on the console(.|\n)*Lockup"),
    ):
        machine.console.expect("up")


@pytest.mark.parametrize("board", ["virt", "lm3s6965evb"])
def test_exit_status_0_after_a_panic_is_red(tmp_path: Path, board: str) -> None:
    steps: list[Step] = [("say", b"pass\npanicked at src/main.rs:7\n"), ("exit", 0)]
    with booted(tmp_path, *steps, board=board) as machine:
        machine.console.expect("pass")
        with pytest.raises(Forbidden, match=r"'panicked at src/main\.rs:7', which means"):
            judge(machine)


def test_no_byte_on_this_uart_names_the_one_that_has_some(tmp_path: Path) -> None:
    toml = QUICK + "[boards.lm3s6965evb]\nconsole = 'uart1'"
    steps: list[Step] = [("say", b"here I am\n"), ("spin",)]
    with (
        booted(tmp_path, *steps, board="lm3s6965evb", toml=toml) as machine,
        pytest.raises(Stuck, match=r"No byte came on the console; uart0 has 10 bytes.*here I am"),
    ):
        machine.console.expect("here")


@pytest.mark.parametrize(
    ("expected", "steps", "said"),
    [
        ("3", [("exit", 3)], ""),
        ("'never'", [("spin",)], ""),
        ("'never'", [("exit", 0)], "exit status 0; the test expects it to run on"),
        ("0", [("exit", 3)], "exit status 3; the test expects 0"),
    ],
)
def test_a_board_says_how_its_firmware_ends(
    tmp_path: Path, expected: str, steps: list[Step], said: str
) -> None:
    with booted(tmp_path, *steps, toml=f"[boards.virt]\nexpect_exit = {expected}") as machine:
        if not said:
            judge(machine)
            return
        with pytest.raises(WrongExit, match=said):
            judge(machine)


DECODER = """\
import os, sys
assert sys.argv[1].endswith(".elf")
while data := os.read(0, 64):
    for byte in data:
        if byte == 9:
            sys.exit("lost the frame")
        print("message", byte, flush=True)
"""


def test_binary_frames_go_through_a_filter(tmp_path: Path) -> None:
    (tmp_path / "decode.py").write_text(DECODER)
    toml = f'[console]\nfilter = ["{sys.executable}", "{tmp_path}/decode.py", "{{elf}}"]'
    with booted(tmp_path, ("say", b"\x01\xff\x02"), ("exit", 0), toml=toml) as machine:
        machine.console.expect_in_order("message 1\n", "message 255\n", "message 2\n")
        judge(machine, 0)
    assert (machine.console.transcript.parent / "raw/console.log").read_bytes() == b"\x01\xff\x02"
    with booted(tmp_path, ("say", b"\x01\x09"), ("spin",), toml=toml) as machine:
        machine.console.expect("message 1\n")
        with pytest.raises(FilterFailed, match=r"status 1 after 2 bytes.\n! lost the frame"):
            machine.console.expect("message 9")


#: A board of each kind that needs more than -kernel on a well-known machine: data and nothing else.
BOARDS = {
    "properties": """
        [boards.mine]
        arch = "riscv"
        qemu = ["-machine", "virt,aclint=on", "-cpu", "rv32,pmp=true", "-m", "64M", "-smp", "2",
                "-bios", "none", "-global", "virtio-mmio.force-legacy=false"]
    """,
    "wall clock": """
        [boards.mine]
        arch = "riscv"
        qemu = ["-machine", "virt", "-bios", "none"]
        icount = "off"
    """,
    "another time": """
        [boards.mine]
        arch = "riscv"
        qemu = ["-machine", "virt", "-bios", "none"]
        icount = "shift=2,align=off"
    """,
    "loader device": """
        [boards.mine]
        arch = "riscv"
        qemu = ["-machine", "virt", "-bios", "none"]
        loader = "device"
    """,
    "elf as bios": """
        [boards.mine]
        arch = "riscv"
        qemu = ["-machine", "virt"]
        loader = "bios"
    """,
    "64 bits": """
        [targets.riscv64]
        emulator = "qemu-system-riscv64"
        elf_machine = "RISCV"
        elf_bits = 64
        [boards.mine]
        arch = "riscv64"
        qemu = ["-machine", "virt", "-bios", "none"]
    """,
}


@pytest.mark.parametrize("toml", BOARDS.values(), ids=BOARDS)
def test_a_board_is_lines_of_data(tmp_path: Path, toml: str) -> None:
    bits = 64 if "riscv64" in toml else 32
    steps: list[Step] = [("say", b"up\n"), ("exit", 5)]
    with booted(tmp_path, *steps, board="mine", toml=toml, arch="riscv", bits=bits) as machine:
        machine.console.expect("up")
        assert machine.wait(5) == 5


MPS2 = """\
[boards.mps2-an385]
arch = "arm"
qemu = ["-machine", "mps2-an385"]
semihosting = true
regions.flash = { start = 0x0, size = "4 MiB" }
regions.ram = { start = 0x2000_0000, size = "4 MiB" }
"""


def test_a_board_of_another_maker_is_lines_of_data(tmp_path: Path) -> None:
    # Its UART is no PL011 and must be switched on.
    on: Step = ("poke", 0x4000_4008, 1)
    steps: list[Step] = [on, ("put", 0x4000_4000, b"up\n"), ("exit", 5)]
    with booted(tmp_path, *steps, board="mps2-an385", toml=MPS2) as machine:
        machine.console.expect("up")
        assert machine.wait(5) == 5
        assert machine.board.id == "arm-mps2-an385"
