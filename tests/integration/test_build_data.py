"""Builds that need more than one command on top of the tree, said as data and really run."""

import threading
from pathlib import Path

import pytest

from pytest_karatos import Bench
from pytest_karatos.artifacts import open_run
from pytest_karatos.builders.locks import JobSlots
from pytest_karatos.errors import BadSetting, BuildFailed
from pytest_karatos.settings import load
from tests.emulated.tiny_guest import image

TOML = """\
[build]
source = "tree"
builder = "local"
folder = "fw"
command = ["cat templates/memory-{arch}.x > ../layout # drawn", "./make.sh {board}"]
elf = "out/{board}/app-*"
exclusive = true
env = { WORD = "all" }
[boards.virt.build]
env = { WORD = "own" }
"""
# As cargo does it: a hash in the name, and a file of dependencies beside it.
MAKE = """\
#!/bin/sh -e
mkdir -p ../out/$1
cp image.elf ../out/$1/app-1a2b3c
echo "$WORD" > ../out/$1/app-1a2b3c.d
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "tree" / "fw"
    (folder / "templates").mkdir(parents=True)
    (folder / "templates/memory-riscv.x").write_text("RAM {{ram_start}} {{ram_size}}\n")
    (folder / "templates/memory-arm.x").write_text("FLASH {{flash_start}}\n")
    (folder / "make.sh").write_text(MAKE)
    (folder / "make.sh").chmod(0o755)
    image(tmp_path, "riscv", ("say", b"up\n"), ("exit", 0)).rename(folder / "image.elf")
    return tmp_path


def bench_in(root: Path, toml: str) -> Bench:
    (root / "karatos.toml").write_text(f"{toml}\n[cache]\nfolder = 'cache'\n")
    settings = load(root=root, environ={}, typed={"arch": "riscv"})
    return Bench(settings=settings, environ={"PATH": "/usr/bin:/bin"}, run=open_run(root / "runs"))


def test_steps_in_a_folder_with_a_drawn_template_and_a_hashed_name(root: Path) -> None:
    with bench_in(root, TOML) as bench:
        firmware = bench.firmware(bench.board("virt"))
    assert firmware.elf.read_bytes() == (root / "tree/fw/image.elf").read_bytes()
    (layout,) = (root / "cache/trees").glob("*/layout")
    assert layout.read_text() == "RAM 0x80000000 134217728\n"
    assert (layout.parent / "out/virt/app-1a2b3c.d").read_text() == "own\n"
    assert "{{ram_start}}" in (root / "tree/fw/templates/memory-riscv.x").read_text()


def test_other_memory_is_another_firmware(root: Path) -> None:
    with bench_in(root, TOML) as bench:
        first = bench.firmware(bench.board("virt"))
    more = "[boards.virt.regions.ram]\nsize = '64 MiB'"
    with bench_in(root, f"{TOML}\n{more}") as bench:
        second = bench.firmware(bench.board("virt"))
    assert first.key != second.key
    layouts = {one.read_text() for one in (root / "cache/trees").glob("*/layout")}
    assert layouts == {"RAM 0x80000000 134217728\n", "RAM 0x80000000 67108864\n"}


def test_the_first_step_that_fails_ends_the_build(root: Path) -> None:
    toml = TOML.replace('["cat', '["exit 7", "cat')
    with bench_in(root, toml) as bench, pytest.raises(BuildFailed, match="exit status 7"):
        bench.firmware(bench.board("virt"))
    assert not list((root / "cache/trees").glob("*/layout"))


def test_a_folder_that_is_not_there_is_told_by_the_log(root: Path) -> None:
    toml = TOML.replace('"fw"', '"firmware"')
    with (
        bench_in(root, toml) as bench,
        pytest.raises(BuildFailed, match=r"cd firmware && (.|\n)*can't cd to firmware"),
    ):
        bench.firmware(bench.board("virt"))


def test_a_placeholder_in_a_template_is_an_error_of_the_run(root: Path) -> None:
    (root / "tree/fw/templates/memory-riscv.x").write_text("\nRAM {{ram_strat}}")
    said = r"fw/templates/memory-riscv.x:2: board 'virt' .*\. Did you mean 'ram_start'\?"
    with bench_in(root, TOML) as bench, pytest.raises(BadSetting, match=said):
        bench.firmware(bench.board("virt"))


def test_builds_that_must_run_alone_take_turns(tmp_path: Path) -> None:
    slots, order, heard = JobSlots(folder=tmp_path, count=4), [], threading.Event()

    def second() -> None:
        with slots.alone(True, lambda _: heard.set()):
            order.append("second")

    thread = threading.Thread(target=second)
    with slots.alone(True, pytest.fail):
        thread.start()
        assert heard.wait(10)
        with slots.alone(False, pytest.fail):
            order.append("another kind")
        order.append("first")
    thread.join(10)
    assert order == ["another kind", "first", "second"]
