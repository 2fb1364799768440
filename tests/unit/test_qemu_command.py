"""QEMU's command line is a function of the boot: the same machine each time, on both terminals."""

import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos.board import Board
from pytest_karatos.emulators.protocol import Boot
from pytest_karatos.emulators.qemu import clock
from pytest_karatos.emulators.qemu.boot_files import BootFiles
from pytest_karatos.emulators.qemu.command import command, command_for_people, escaped
from pytest_karatos.emulators.qemu.vary import icount, variation
from pytest_karatos.errors import BadSetting

BOARD = Board(name="b", arch="arm", qemu=("-machine", "mps2-an385", "-cpu", "cortex-m3"))
BOOT = Boot(board=BOARD, elf=Path("/tree/k.elf"), folder=Path("/artifacts"))
FILES = BootFiles(folder=Path("/p"), signature="[signature]")
UARTS = [f"uart{number}" for number in range(10)]


def argv_of(boot: Boot = BOOT, /, **board: object) -> str:
    return " ".join(command(replace(boot, board=replace(BOARD, **board)), FILES))  # type: ignore[arg-type]


def test_the_whole_line() -> None:
    assert argv_of().split() == [
        *("qemu-system-arm", "-machine", "mps2-an385", "-cpu", "cortex-m3"),
        *("-nodefaults", "-display", "none", "-rtc", "clock=vm,base=2020-01-01T00:00:00"),
        *("-seed", "1", "-icount", "shift=5,sleep=off", "-S"),
        *("-name", "[signature]", "-msg", "guest-name=on"),
        *("-chardev", "pipe,id=karatos-console,path=/p/pipes/console"),
        *("-serial", "chardev:karatos-console"),
        *(word for name in UARTS[1:] for word in line(name)),
        *("-chardev", "pipe,id=karatos-control,path=/p/pipes/control"),
        *("-mon", "chardev=karatos-control,mode=control"),
        *clock.arguments(FILES.pipes, escaped),
        *("-kernel", "/tree/k.elf"),
    ]


def test_a_variation_is_in_both_lines() -> None:
    varied = replace(BOOT, variation="shift=3,slice=90")
    told = "-icount shift=3,sleep=off -netdev hubport,id=karatos-slice,hubid=78 -object filter-buff"
    assert told in " ".join(command(varied, FILES))
    assert told in command_for_people(varied)


@pytest.mark.parametrize("qemu", [(), ("-smp", "4")])
def test_boots_are_named_the_same_in_each_run_and_differ(qemu: tuple[str, ...]) -> None:
    board = replace(BOARD, qemu=qemu)
    names = [variation(board, number) for number in range(11)]
    assert names[:1] == [""]
    assert len(set(names)) == 11
    assert names == [variation(board, number) for number in range(11)]
    assert [icount(board, name) for name in names[1:] if name]
    assert (variation(board, 11) is None) == (not qemu)
    assert variation(replace(board, icount="off"), 3) == ""


@pytest.mark.parametrize("name", ["shift=11", "shift=3,slice=0", "slice=3", "shift=3,slice=9,x"])
def test_a_variation_that_cannot_be_is_refused(name: str) -> None:
    with pytest.raises(BadSetting, match="there is no variation"):
        icount(BOARD, name)


def test_icount_is_the_boards_or_left_out() -> None:
    assert "-seed 1 -icount shift=auto -S" in argv_of(icount="shift=auto")
    assert "-seed 1 -S" in argv_of(icount="off")


def line(name: str) -> list[str]:
    """Return the arguments for a UART that is not the console."""
    chardev = f"pipe,id=karatos-{name},path=/p/pipes/{name}"
    return ["-chardev", chardev, "-serial", f"chardev:karatos-{name}"]


@pytest.mark.parametrize("console", ["uart0", "uart1", "uart3", "uart9", "semihosting"])
def test_each_serial_line_has_its_place(console: str) -> None:
    argv = argv_of(console=console).split()
    lines = ["console" if name == console else name for name in UARTS]
    serials = [argv[at + 1] for at, word in enumerate(argv) if word == "-serial"]
    assert serials == [f"chardev:karatos-{name}" for name in lines]
    for name in lines:
        assert f"-chardev pipe,id=karatos-{name},path=/p/pipes/{name}" in " ".join(argv)


@pytest.mark.parametrize(
    ("board", "expected"),
    [
        ({}, []),
        ({"semihosting": True}, ["enable=on,target=native,chardev=karatos-semihosting"]),
        ({"console": "semihosting"}, ["enable=on,target=native,chardev=karatos-console"]),
    ],
)
def test_semihosting_only_where_the_board_has_it(
    board: dict[str, object], expected: list[str]
) -> None:
    argv = argv_of(**board).split()
    assert [
        argv[at + 1] for at, word in enumerate(argv) if word == "-semihosting-config"
    ] == expected


LOADERS = {
    "kernel": "-kernel /a,b/k.elf",
    "bios": "-bios /a,b/k.elf",
    "device": "-device loader,file=/a,,b/k.elf,cpu-num=0",
}


@pytest.mark.parametrize(("loader", "expected"), LOADERS.items(), ids=LOADERS)
def test_each_loader_takes_a_path_with_a_comma(loader: str, expected: str) -> None:
    assert argv_of(replace(BOOT, elf=Path("/a,b/k.elf")), loader=loader).endswith(expected)


def test_commas_in_the_folder_are_doubled() -> None:
    argv = command(BOOT, BootFiles(folder=Path("/p,q")))
    paths = [word.partition(",path=")[2] for word in argv if ",path=" in word]
    assert paths == [f"/p,,q/pipes/{name}" for name in ("console", *UARTS[1:], "control")]


def test_a_relative_elf_is_found_from_any_folder() -> None:
    assert argv_of(replace(BOOT, elf=Path("k.elf"))).endswith(f"-kernel {Path.cwd() / 'k.elf'}")


def test_arguments_of_a_test_come_last() -> None:
    assert argv_of(replace(BOOT, arguments=("-d", "int"))).endswith("-kernel /tree/k.elf -d int")


@pytest.mark.parametrize("console", ["uart0", "uart1", "semihosting"])
@pytest.mark.parametrize("icount", ["shift=3", "off"])
@pytest.mark.parametrize("loader", LOADERS)
def test_people_boot_the_same_machine(console: str, icount: str, loader: str) -> None:
    """All that is not a line of ours is the same, word for word and in the same order."""
    board = replace(BOARD, console=console, icount=icount, loader=loader, semihosting=True)
    boot = replace(BOOT, board=board, elf=Path("/a b/k.elf"), arguments=("-d", "int"))
    ours, theirs = command(boot, FILES), shlex.split(command_for_people(boot))
    assert without_lines(theirs) == without_lines(ours)
    number = {"uart0": 0, "uart1": 1, "semihosting": None}[console]
    serials = [theirs[at + 1] for at, word in enumerate(theirs) if word == "-serial"]
    assert serials == ([] if number is None else [*["null"] * number, "stdio"])


def without_lines(argv: list[str]) -> list[str]:
    """Leave out the serial and control lines, the clock, and that the machine starts stopped.

    Semihosting is put last: its place in the line is that of its own line.
    """
    left, hosted, words = [], "", iter(argv)
    for word in words:
        if word in {"-chardev", "-serial", "-mon", "-netdev", "-object", "-name", "-msg"}:
            next(words)
        elif word == "-semihosting-config":
            hosted = re.sub(",chardev=karatos-(console|semihosting)$", "", next(words))
        elif word != "-S":
            left.append(word)
    return [*left, hosted]


@pytest.mark.parametrize(
    ("board", "sentence"),
    [
        ({"console": "usb"}, "console = 'usb'"),
        ({"console": "uartx"}, "console = 'uartx'"),
        ({"loader": "tape"}, "loader = 'tape'"),
    ],
)
def test_a_board_that_cannot_be_booted_is_told(board: dict[str, object], sentence: str) -> None:
    with pytest.raises(BadSetting, match=sentence):
        argv_of(**board)


def test_what_the_guest_prints_by_semihosting_has_a_line_of_its_own() -> None:
    own = "-chardev pipe,id=karatos-semihosting,path=/p/pipes/semihosting"
    assert own in argv_of(semihosting=True)
    assert own not in argv_of(console="semihosting")


def test_no_guest_can_know_what_begins_the_words_of_qemu() -> None:
    first, second = (BootFiles(folder=Path("/p")).signature for _ in range(2))
    assert first != second
    assert len(first) >= 16


def test_the_sandbox_comes_before_all_that_the_board_says() -> None:
    assert command(BOOT, FILES, ("-sandbox", "on"))[:3] == ["qemu-system-arm", "-sandbox", "on"]
