"""init: what it makes of trees as people have them, and that it never overwrites."""

import ast
import tomllib
from pathlib import Path
from typing import Any

import pytest

from pytest_karatos.settings import Settings, load
from tests.emulated.tiny_guest import image
from tests.unit.test_commands import asked

MEMORY = """MEMORY {{
  FLASH (rx) : ORIGIN = {flash}, LENGTH = 64K
  RAM : ORIGIN = {ram}, LENGTH = 8K
}}
"""
ARM_MEMORY = MEMORY.format(flash="0x0", ram="0x20000000")
CARGO = {
    "Cargo.toml": '[package]\nname = "blink"\n',
    "src/main.rs": "",
    ".cargo/config.toml": '[build]\ntarget = "thumbv7m-none-eabi"\n',
}


def plant(folder: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def begun(tree: Path) -> tuple[int, str, Settings]:
    """Run init; return its status, its answer, and the settings that pytest would read then."""
    status, said, remark = asked(tree, "init")
    assert remark == ""
    return status, said, load(root=tree, environ={}, typed={})


def built(settings: Settings) -> tuple[str, str, list[str]]:
    recipe = settings.chosen[0].build
    (command,) = recipe.command
    return command, recipe.elf, [board.name for board in settings.chosen]


def test_a_karatos_tree_needs_nothing_but_a_test(tmp_path: Path) -> None:
    config = "[boards.arm_x]\narch = 'arm'\nqemu_machine = 'lm3s6965evb'\n"
    plant(tmp_path, {"build.sh": "", "build/configs/global.toml": config})
    status, said, settings = begun(tmp_path)
    assert status == 0
    assert not (tmp_path / "karatos.toml").exists()
    assert (tmp_path / "tests/firmware/test_boot.py").is_file()
    assert "next: pytest\n" in said
    assert [board.name for board in settings.chosen] == ["lm3s6965evb"]


def test_a_cargo_tree(tmp_path: Path) -> None:
    status, said, settings = begun(plant(tmp_path, CARGO))
    command, elf, boards = built(settings)
    assert status == 0
    assert command.startswith("cargo build --target {triple}")
    assert (elf, boards) == ("target/{triple}/{profile}/blink", ["lm3s6965evb"])
    assert said.splitlines()[-2] == "next: pytest --arch=arm"


def test_the_linker_script_decides_the_board(tmp_path: Path) -> None:
    riscv = {
        ".cargo/config.toml": "",
        "link.ld": "MEMORY { RAM : ORIGIN = 0x80000000, LENGTH = 1M }",
    }
    status, said, settings = begun(plant(tmp_path, {**CARGO, **riscv}))
    assert (status, [board.name for board in settings.chosen]) == (0, ["virt"])
    assert "it has the memory that link.ld says" in said


def test_memory_that_no_board_has_is_a_question(tmp_path: Path) -> None:
    stm32 = MEMORY.format(flash="0x08000000", ram="0x20000000")
    status, said, _ = begun(plant(tmp_path, {**CARGO, "memory.x": stm32}))
    text = (tmp_path / "karatos.toml").read_text()
    assert status == 1
    assert "the memory that memory.x says" in said
    assert '# regions.flash = { start = 0x8000000, size = "64 KiB" }' in text


def test_a_processor_that_no_board_has_is_a_question(tmp_path: Path) -> None:
    config = '[build]\ntarget = "thumbv7em-none-eabihf"\n'
    status, said, _ = begun(plant(tmp_path, {**CARGO, ".cargo/config.toml": config}))
    assert status == 1
    assert "a processor for thumbv7em-none-eabihf" in said


def test_a_makefile(tmp_path: Path) -> None:
    text = "N = blink\nCC = arm-none-eabi-gcc\nall: out/$(N).elf\nout/$(N).elf: m.c\n\t$(CC) m.c\n"
    status, _, settings = begun(plant(tmp_path, {"Makefile": text, "m.ld": ARM_MEMORY}))
    assert (status, built(settings)) == (0, ("make", "out/blink.elf", ["lm3s6965evb"]))
    assert settings.builder == "local"  # the image has no such compiler


def test_a_cmake_tree(tmp_path: Path) -> None:
    files = {
        "CMakeLists.txt": 'project(fw C)\nset(CMAKE_EXECUTABLE_SUFFIX ".elf")\n'
        "add_executable(${PROJECT_NAME} main.c)\n",
        "cmake/arm.cmake": "set(CMAKE_SYSTEM_NAME Generic)\nset(CMAKE_C_FLAGS -mcpu=cortex-m3)\n",
    }
    status, _, settings = begun(plant(tmp_path, files))
    command, elf, boards = built(settings)
    assert (status, elf, boards) == (0, "build/{board}-{profile}/fw.elf", ["lm3s6965evb"])
    assert "-DCMAKE_TOOLCHAIN_FILE=cmake/arm.cmake" in command


def test_a_zephyr_application(tmp_path: Path) -> None:
    files = {"CMakeLists.txt": "find_package(Zephyr REQUIRED)\nproject(x)\n", "prj.conf": ""}
    status, _, settings = begun(plant(tmp_path, files))
    names = {board.arch: board.build_name for board in settings.chosen}
    assert status == 0
    assert built(settings)[0].startswith("west build -b {board}")
    assert names == {"arm": "qemu_cortex_m3", "riscv": "qemu_riscv32"}


def test_an_elf_that_lies_there(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "broken.elf").write_text("no elf")
    image(tmp_path / "out", "riscv", ("say", b"hello\n"))
    status, _, settings = begun(tmp_path)
    assert (status, settings.builder) == (0, "prebuilt")
    assert settings.prebuilt == {"riscv": tmp_path / "out/riscv.elf"}
    assert [board.name for board in settings.chosen] == ["virt"]


@pytest.mark.parametrize(
    "files", [{}, {"build.sh": "#!/bin/sh\n"}, {"Makefile": "all:\n\tcc x.c\n"}]
)
def test_what_cannot_be_told_is_asked(tmp_path: Path, files: dict[str, str]) -> None:
    status, said, _ = begun(plant(tmp_path, files))
    text = (tmp_path / "karatos.toml").read_text()
    assert status == 1
    assert "could not be told from the tree" in said
    assert "which arch is it for?" in said
    assert text.count("# QUESTION: ") == said.count("\n  ") >= 2


def test_answers_make_the_questions_valid(tmp_path: Path) -> None:
    """Uncommented, the proposals under the questions are settings that can be read."""
    begun(
        plant(tmp_path, {**CARGO, "memory.x": MEMORY.format(flash="0x8000000", ram="0x20000000")})
    )
    path = tmp_path / "karatos.toml"
    lines = path.read_text().splitlines()
    start = next(at for at, line in enumerate(lines) if "QUESTION" in line)
    end = next(at for at, line in enumerate(lines) if "Limits that fail" in line)
    lines[start + 1 : end] = [line.removeprefix("# ") for line in lines[start + 1 : end]]
    path.write_text("\n".join(lines))
    settings = load(root=tmp_path, environ={}, typed={})
    assert [board.name for board in settings.chosen] == ["myboard"]


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    mine = {
        "karatos.toml": "[build]\ncommand = 'mine'\n",
        "tests/firmware/test_boot.py": "# mine\n",
    }
    plant(tmp_path, {**CARGO, **mine, "pytest.ini": "[pytest]\n"})
    status, said, settings = begun(tmp_path)
    assert (status, built(settings)[0]) == (0, "mine")
    assert (tmp_path / "tests/firmware/test_boot.py").read_text() == "# mine\n"
    assert (tmp_path / "pytest.ini").read_text() == "[pytest]\n"
    assert "wrote" not in said
    assert said.count("left ") == 3


def test_a_second_time_changes_nothing(tmp_path: Path) -> None:
    begun(plant(tmp_path, CARGO))
    before = {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert "wrote" not in begun(tmp_path)[1]
    assert {path: path.read_text() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_settings_in_pyproject_are_left_alone(tmp_path: Path) -> None:
    begun(plant(tmp_path, {**CARGO, "pyproject.toml": "[tool.karatos.build]\ncommand = 'x'\n"}))
    assert not (tmp_path / "karatos.toml").exists()


def test_a_link_that_dangles_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "karatos.toml").symlink_to(tmp_path / "elsewhere.toml")
    asked(plant(tmp_path, CARGO), "init")
    assert not (tmp_path / "elsewhere.toml").exists()


@pytest.mark.parametrize(
    "files",
    [
        {"Cargo.toml": "[[["},
        {"Cargo.toml": 'bin = 3\n[workspace]\nmembers = ["/etc/*", 7, "**/**"]\n'},
        {"Makefile": 'A = $(A)$(A)\nB = "\\n[x]\nall: $(A).elf $(B)".elf\n' + "x.elf " * 2000},
        {"CMakeLists.txt": 'add_executable("a"]b c)\n\x7f\x00'},
        {"memory.x": "RAM : ORIGIN = 0xzz, LENGTH = 4\nX : ORIGIN = 1, LENGTH = {{size}}\n"},
    ],
)
def test_hostile_trees_make_valid_settings(tmp_path: Path, files: dict[str, str]) -> None:
    status, _, _ = begun(plant(tmp_path, files))
    assert status in {0, 1}
    text: dict[str, Any] = tomllib.loads((tmp_path / "karatos.toml").read_text())
    assert "build" in text


def test_the_first_test_waits_and_judges(tmp_path: Path) -> None:
    begun(plant(tmp_path, CARGO))
    tree = ast.parse((tmp_path / "tests/firmware/test_boot.py").read_text())
    calls = {node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call)
             and isinstance(node.func, ast.Attribute)}  # fmt: skip
    assert calls >= {"expect", "check"}


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    status, _, remark = asked(tmp_path, "init", "nowhere")
    assert status == 2
    assert "nowhere is not a folder" in remark
