"""The doctor: each thing that can be missing is a row with its cure, and nothing makes it crash."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from pytest_karatos.cli.checks import kits
from pytest_karatos.cli.checks.toolchain import examine_image
from pytest_karatos.settings import load
from tests.emulated.tiny_guest import image
from tests.unit.test_commands import asked

LOCAL = {"KARATOS_BUILDER": "local", "DOCKER_HOST": "unix:///nowhere/docker.sock"}


def examined(folder: Path, *argv: str, **environ: str) -> tuple[int, dict[str, Any]]:
    """Ask the doctor; return the status and the answer."""
    surroundings = {"PATH": os.environ["PATH"], **LOCAL, **environ}
    status, said, remark = asked(folder, "doctor", "--json", *argv, **surroundings)
    assert remark == ""
    answer: dict[str, Any] = json.loads(said)
    assert answer["schema"] == 1
    assert (status == 0) is answer["ready"]
    return status, answer


def row(answer: dict[str, Any], name: str) -> dict[str, str]:
    """Return the one need called ``name``."""
    (found,) = [need for need in answer["needs"] if need["name"] == name]
    assert set(found) == {"name", "state", "found", "why", "fix"}
    assert found["why"]
    return dict(found)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A tree that make builds, for ARM only."""
    (tmp_path / "karatos.toml").write_text(
        '[run]\narch = ["arm"]\n[build]\ncommand = "make"\nelf = "a.elf"\n'
        f'[cache]\nfolder = "{tmp_path}/cache"\n'
    )
    return tmp_path


def test_all_is_well(tree: Path) -> None:
    status, answer = examined(tree)
    missing = [need for need in answer["needs"] if need["state"] == "missing"]
    assert (status, missing) == (0, [])
    assert answer["verdict"] == "ready: pytest --arch=arm"
    assert row(answer, "settings")["found"] == "karatos.toml"
    assert row(answer, "qemu-system-arm")["found"].startswith("QEMU emulator version")
    assert row(answer, "pytest")["state"] == "ok"
    assert "qemu-system-riscv32" not in {need["name"] for need in answer["needs"]}


def test_the_text_ends_with_the_verdict(tree: Path) -> None:
    status, said, _ = asked(tree, "doctor", "--arch=arm", PATH=os.environ["PATH"], **LOCAL)
    assert status == 0
    assert said.splitlines()[-1] == "ready: pytest --arch=arm"


def test_broken_settings_are_a_row(tree: Path) -> None:
    (tree / "karatos.toml").write_text("[build]\ncommand = 3\n")
    status, answer = examined(tree)
    assert status == 1
    assert "karatos.toml:2: build.command must be " in row(answer, "settings")["found"]
    assert answer["verdict"].startswith("not ready: settings")


@pytest.mark.parametrize("data", [b"\xff\xfe\0", b"[[[", b"x = " + b"[" * 5000])
def test_no_settings_file_makes_it_crash(tree: Path, data: bytes) -> None:
    (tree / "karatos.toml").write_bytes(data)
    status, answer = examined(tree)
    assert status == 1
    assert row(answer, "settings")["state"] == "missing"


def test_a_missing_make(tree: Path) -> None:
    status, answer = examined(tree, PATH=str(tree))
    assert status == 1
    need = row(answer, "build command")
    assert need["found"] == "'make' is not on PATH: `make`"
    assert need["fix"] == "apt-get install make"


def test_a_missing_qemu(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tree))
    status, answer = examined(tree)
    assert status == 1
    qemu = row(answer, "qemu-system-arm")
    assert qemu["fix"] == "apt-get install qemu-system-arm"
    assert qemu["why"] == "it boots lm3s6965evb (arm)."


def test_an_old_qemu_does_not_stop_a_run(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tree / "bin" / "qemu-old"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho 'QEMU emulator version 5.2.0 (Debian)'\n")
    old.chmod(0o755)
    with (tree / "karatos.toml").open("a") as file:
        file.write('[boards.lm3s6965evb]\nemulator = "qemu-old"\n')
    monkeypatch.setenv("PATH", f"{old.parent}:{os.environ['PATH']}")
    status, answer = examined(tree)
    assert status == 0
    assert "older than 7.2" in row(answer, "qemu-old")["found"]


def test_a_machine_that_qemu_does_not_have(tree: Path) -> None:
    with (tree / "karatos.toml").open("a") as file:
        file.write('[boards.lm3s6965evb]\nqemu = ["-machine", "nosuch"]\n')
    status, answer = examined(tree)
    assert status == 1
    assert row(answer, "machine nosuch")["fix"] == "qemu-system-arm -machine help"


def test_a_daemon_that_is_down_counts_only_when_it_is_wanted(tree: Path) -> None:
    status, answer = examined(tree)
    assert (status, row(answer, "Docker daemon")["state"]) == (0, "optional-missing")
    status, answer = examined(tree, "--builder=docker")
    assert (status, row(answer, "Docker daemon")["state"]) == (1, "missing")
    assert row(answer, "Docker daemon")["fix"] == "sudo systemctl start docker"


def test_the_build_command(tree: Path) -> None:
    text = (tree / "karatos.toml").read_text()
    (tree / "karatos.toml").write_text(text.replace('"make"', '"./build.sh {arch}"'))
    assert "there is no" in row(examined(tree)[1], "build command")["found"]
    (tree / "build.sh").write_text("#!/bin/sh\n")
    need = row(examined(tree)[1], "build command")
    assert need["fix"] == f"chmod +x {tree}/build.sh"
    (tree / "build.sh").chmod(0o755)
    assert row(examined(tree)[1], "build command")["state"] == "ok"


def test_a_source_tree_that_is_not_there(tree: Path) -> None:
    status, answer = examined(tree, "--source=elsewhere")
    assert status == 1
    assert row(answer, "source tree")["found"] == f"{tree}/elsewhere is not a folder"


def test_a_cross_compiler_that_the_tree_names(tree: Path) -> None:
    (tree / "Makefile").write_text("CC = riscv64-unknown-elf-gcc\n")
    need = row(examined(tree, PATH="/nowhere")[1], "riscv64-unknown-elf-gcc")
    assert need["fix"] == "apt-get install gcc-riscv64-unknown-elf"


def test_a_cross_compiler_that_nobody_packages(tree: Path) -> None:
    (tree / "Makefile").write_text("include mk/a.mk\nall:\n\t$(CROSS_COMPILE)gcc main.c\n")
    (tree / "mk").mkdir()
    (tree / "mk" / "a.mk").write_text("CROSS_COMPILE ?= riscv-none-elf-\n")
    need = row(examined(tree, PATH="/nowhere")[1], "riscv-none-elf-gcc")
    assert need["state"] == "missing"
    assert need["fix"].startswith("install riscv-none-elf-gcc and put it on PATH")
    (said,) = examine_image(load(root=tree, environ={}, typed={}))
    assert said.state == "missing"
    assert "not in the builder image" in said.found
    packages = '[toolchain] packages = ["gcc-riscv64-unknown-elf"]'
    env = '[build] env = { CROSS_COMPILE = "riscv64-unknown-elf-" }'
    assert said.fix == f"write in karatos.toml: {packages}, and {env}"
    with (tree / "karatos.toml").open("a") as file:
        file.write("[build.env]\nCROSS_COMPILE = 'avr-'\n")
    (said,) = examine_image(load(root=tree, environ={}, typed={}))
    assert (said.name, said.state) == ("avr-gcc", "missing")
    assert not list(examine_image(load(root=tree, environ={}, typed={"image": "my/image"})))


def test_rust_without_the_target(tree: Path) -> None:
    (tree / "Cargo.toml").write_text("")
    rustc = tree / "bin" / "rustc"
    rustc.parent.mkdir()
    rustc.write_text("#!/bin/sh\necho rustc 1.90.0\n")
    rustc.chmod(0o755)
    answer = examined(tree, PATH=f"{rustc.parent}:/bin:/usr/bin")[1]
    need = row(answer, "Rust for thumbv7m-none-eabi")
    assert need["state"] == "missing"
    assert "has no core for it" in need["found"]
    assert need["fix"].endswith("bare-metal-rust --target thumbv7m-none-eabi")


def test_what_the_image_lacks_is_what_nobody_adds_to_it(tree: Path) -> None:
    (tree / "Makefile").write_text("CROSS ?= arm-none-eabi-\nall:\n\tcargo build\n")
    board = {"board": ["microbit"]}

    def found(more: str) -> dict[str, tuple[str, str]]:
        text = (tree / "karatos.toml").read_text().partition("[toolchain]")[0]
        (tree / "karatos.toml").write_text(f"{text}[toolchain]\n{more}\n")
        needs = examine_image(load(root=tree, environ={}, typed=board))
        return {one.name: (one.state, one.fix) for one in needs}

    without = found("")
    packages = 'write in karatos.toml: [toolchain] packages = ["gcc-arm-none-eabi"]'
    assert without["arm-none-eabi-gcc"] == ("missing", packages)
    targets = 'write in karatos.toml: [toolchain] targets = ["thumbv6m-none-eabi"]'
    assert without["Rust for thumbv6m-none-eabi"] == ("missing", targets)
    assert without["Rust for thumbv7m-none-eabi"] == ("ok", "")
    more = 'packages = ["gcc-arm-none-eabi=15:12.2"]\ntargets = ["thumbv6m-none-eabi"]'
    assert {state for state, _ in found(more).values()} == {"ok"}


def test_a_kit_is_looked_for_where_the_tree_asks_for_it(tree: Path, tmp_path: Path) -> None:
    kit = {"Zephyr", "Zephyr SDK", "RIOT"}
    assert not kit & {one["name"] for one in examined(tree)[1]["needs"]}
    (tree / "CMakeLists.txt").write_text("find_package(Zephyr REQUIRED HINTS $ENV{ZEPHYR_BASE})\n")
    answer = examined(tree, HOME=str(tmp_path / "home"))[1]
    assert row(answer, "Zephyr")["found"] == "ZEPHYR_BASE is not set"
    assert row(answer, "Zephyr")["fix"].startswith("export ZEPHYR_BASE=")
    need = row(answer, "Zephyr SDK")
    assert need["found"] == "ZEPHYR_SDK_INSTALL_DIR is not set, and it is in no usual place"
    sdk = tmp_path / "home" / "zephyr-sdk-0.17.0"
    sdk.mkdir(parents=True)
    (sdk / "sdk_version").write_text("0.17.0\n")
    answer = examined(tree, HOME=str(tmp_path / "home"), ZEPHYR_BASE=str(sdk))[1]
    assert row(answer, "Zephyr SDK")["found"] == f"{sdk} (0.17.0)"
    assert row(answer, "Zephyr")["found"] == f"ZEPHYR_BASE is {sdk}, which has no zephyr-env.sh"
    other = examined(tree, ZEPHYR_TOOLCHAIN_VARIANT="gnuarmemb")[1]
    assert "Zephyr SDK" not in {one["name"] for one in other["needs"]}


def test_riot_is_where_its_makefile_says(tree: Path) -> None:
    text = "APPLICATION = a\nRIOTBASE ?= $(CURDIR)/riot\ninclude $(RIOTBASE)/Makefile.include\n"
    (tree / "Makefile").write_text(text)
    need = row(examined(tree)[1], "RIOT")
    assert need["found"] == f"RIOTBASE is {tree}/riot, which has no Makefile.include"
    assert need["state"] == "missing"
    (tree / "riot").mkdir()
    (tree / "riot" / "Makefile.include").write_text("")
    answer = examined(tree)[1]
    assert row(answer, "RIOT")["found"] == f"{tree}/riot"
    assert row(answer, "arm-none-eabi-gcc")["state"] == "ok"
    lacking = row(examined(tree, PATH="/nowhere")[1], "arm-none-eabi-gcc")
    assert lacking["fix"] == "apt-get install gcc-arm-none-eabi"
    settings = load(root=tree, environ={}, typed={})
    (said,) = kits.examine(settings, {}, on_host=False)
    assert (said.state, said.fix) == ("missing", "pytest --karatos-builder=local")


def test_a_package_that_this_host_lacks_stops_nothing(tree: Path) -> None:
    with (tree / "karatos.toml").open("a") as file:
        file.write('[toolchain]\npackages = ["make", "no-such-package"]\n')
    status, answer = examined(tree)
    assert (status, row(answer, "package make")["state"]) == (0, "ok")
    need = row(answer, "package no-such-package")
    assert (need["state"], need["fix"]) == (
        *("optional-missing", "apt-get install no-such-package"),
    )


def test_a_prebuilt_elf_needs_no_build(tree: Path) -> None:
    elf = image(tree, "arm", ("say", b"hello\n"))
    with (tree / "karatos.toml").open("a") as file:
        file.write(f'[build.prebuilt]\narm = "{elf.name}"\n')
    status, answer = examined(tree, PATH="/nowhere")
    assert status == 0
    assert row(answer, "firmware")["found"] == str(elf)
    elf.write_bytes(b"no elf")
    status, answer = examined(tree)
    assert status == 1
    assert "is not an ELF" in row(answer, "firmware")["found"]


def test_a_folder_that_is_a_file(tree: Path) -> None:
    (tree / "file").write_text("")
    status, answer = examined(tree, KARATOS_ARTIFACTS="file")
    assert status == 1
    assert row(answer, "artifacts")["found"] == f"{tree}/file is a file"


def test_it_leaves_nothing_behind(tree: Path) -> None:
    before = sorted(tree.rglob("*"))
    examined(tree)
    assert sorted(tree.rglob("*")) == before


def test_the_interpreter_is_named(tree: Path) -> None:
    assert sys.executable in row(examined(tree)[1], "Python")["found"]


def test_a_tree_that_nobody_described_is_told_how_to_begin(tmp_path: Path) -> None:
    assert examined(tmp_path)[1]["verdict"].endswith("first: python -m pytest_karatos init")
    asked(tmp_path, "init")
    status, answer = examined(tmp_path)
    assert status == 1
    assert "which sets nothing yet" in row(answer, "settings")["found"]
    assert row(answer, "build command")["fix"].startswith("say in karatos.toml")


def test_the_programs_of_the_build_command_are_examined(tree: Path) -> None:
    command = "cd x && V=1 karatos-no-such-cmake -S . ; sh ./build.sh $(nope) || true"
    (tree / "karatos.toml").write_text(f"[build]\ncommand = '{command}'\n")
    _, answer = examined(tree, "--arch=arm")
    needed = row(answer, "karatos-no-such-cmake")
    assert (needed["state"], needed["found"]) == ("missing", "not on PATH")
    assert "the build command begins with it" in needed["why"]
    assert row(answer, "sh")["state"] == "ok"
    assert not {"cd", "nope", "V", "true"} & {need["name"] for need in answer["needs"]}
