"""init on trees of more than one program: what it tells apart, and what it writes for each."""

import ast
from pathlib import Path

import pytest

from pytest_karatos.cli.detect.makefile import Makefile
from pytest_karatos.settings import FirmwareSpec, Settings
from tests.emulated.tiny_guest import image
from tests.unit.test_commands import asked
from tests.unit.test_commands_init import ARM_MEMORY, begun, plant

BARE = "#![no_std]\n#![no_main]\n"
TARGET = {".cargo/config.toml": '[build]\ntarget = "thumbv7m-none-eabi"\n'}
WORKSPACE = {
    **TARGET,
    "Cargo.toml": '[workspace]\nmembers = ["app", "drivers", "xtask"]\n',
    "app/Cargo.toml": '[package]\nname = "app"\n[dependencies]\nd = { path = "../drivers" }\n',
    "app/src/main.rs": BARE,
    "app/examples/idle.rs": BARE,
    "app/examples/blink.rs": BARE + 'fn main() { hprintln!("on") }',
    "app/ci/expected/idle.run": "",
    "app/ci/expected/blink.run": "on\n",
    "drivers/Cargo.toml": '[package]\nname = "drivers"\n',
    "drivers/src/lib.rs": "#![no_std]\n",
    "xtask/Cargo.toml": '[package]\nname = "xtask"\n',
    "xtask/src/main.rs": "fn main() {}",
}
PRESETS = """{"version": 3, "configurePresets": [
  {"name": "base", "hidden": true, "generator": "Ninja", "toolchainFile": "arm.cmake",
   "binaryDir": "${sourceDir}/build/${presetName}"},
  {"name": "%s", "inherits": "base"}, {"name": "%s", "inherits": ["base"]}]}"""
CMAKE = {
    "CMakeLists.txt": "project(fw C)\nset(CMAKE_EXECUTABLE_SUFFIX .elf)\nadd_subdirectory(src)\n",
    "src/CMakeLists.txt": "add_executable(hello h.c)\n# add_executable(old o.c)\n",
    "arm.cmake": "set(CMAKE_SYSTEM_NAME Generic)\nset(CMAKE_C_COMPILER arm-none-eabi-gcc)\n",
    "link.ld": ARM_MEMORY,
}


def firmwares(settings: Settings) -> dict[str, FirmwareSpec]:
    return {one.name: one for one in settings.firmwares if one.name}


def recipe(spec: FirmwareSpec) -> tuple[str, str]:
    build = spec.boards[0].build
    (command,) = build.command
    return command, build.elf


def written(tree: Path) -> str:
    text = (tree / "tests/firmware/test_boot.py").read_text()
    ast.parse(text)
    return text


def test_a_workspace_with_examples_and_their_expected_output(tmp_path: Path) -> None:
    status, said, settings = begun(plant(tmp_path, WORKSPACE))
    found = firmwares(settings)
    command, elf = recipe(found["examples"])
    assert status == 0
    assert "xtask" not in command + recipe(found["programs"])[0]
    assert "-p app --examples --keep-going" in command
    assert elf == "target/{triple}/{profile}/examples/{binary}"
    assert sorted(found["examples"].listed(tmp_path)) == ["blink", "idle"]
    assert found["examples"].expected == "app/ci/expected/{binary}.run"
    assert settings.chosen[0].build.exclude[0] == "app/ci/expected/*.run"
    assert settings.chosen[0].console == "semihosting"
    assert '@pytest.mark.karatos(firmware="examples")' in written(tmp_path)
    assert "found  2 examples for a target" in said


def test_a_member_is_built_in_its_workspace(tmp_path: Path) -> None:
    plant(tmp_path, WORKSPACE)
    for path in (tmp_path / "app/examples").iterdir():
        path.unlink()
    _, said, settings = begun(tmp_path / "app")
    assert settings.source.resolve() == tmp_path
    assert settings.chosen[0].build.folder == "app"
    assert settings.chosen[0].build.elf == "target/{triple}/{profile}/app"
    assert "it needs more than this folder: the build's tree is .., and this app in it" in said


def test_a_crate_that_needs_its_neighbour_by_path(tmp_path: Path) -> None:
    plant(
        tmp_path, {name: text for name, text in WORKSPACE.items() if name[:4] in {"app/", "driv"}}
    )
    _, _, settings = begun(plant(tmp_path / "app", TARGET))
    assert settings.source.resolve() == tmp_path
    assert recipe(firmwares(settings)["programs"])[1] == "app/target/{triple}/{profile}/app"


def test_two_programs_are_binaries_of_one_build(tmp_path: Path) -> None:
    files = {"Cargo.toml": '[package]\nname = "fw"\n', "src/bin/a.rs": BARE, "src/bin/b.rs": BARE}
    _, _, settings = begun(plant(tmp_path, {**TARGET, **files, "src/bin/host.rs": "fn main() {}"}))
    assert firmwares(settings)["programs"].binaries == ("a", "b")


def test_make_with_its_compiler_in_an_included_file_and_several_apps(tmp_path: Path) -> None:
    files = {
        "Makefile": "include mk/cc.mk\nAPPS = hello \\\n  blink\nall: $(APPS:%=build/%.elf)\n",
        "mk/cc.mk": "CROSS_COMPILE ?= arm-none-eabi-\nCC := $(CROSS_COMPILE)gcc\n",
        "link.ld": ARM_MEMORY,
    }
    status, said, settings = begun(plant(tmp_path, files))
    apps = firmwares(settings)["apps"]
    assert (status, recipe(apps)) == (0, ("make -k", "build/{binary}.elf"))
    assert apps.binaries == ("hello", "blink")
    assert settings.builder == "local"
    assert "CROSS_COMPILE is arm-none-eabi-" in said


def test_make_that_builds_the_app_that_a_variable_names(tmp_path: Path) -> None:
    text = "APP ?= hello\nall: out/$(APP).elf\n# arm-none-eabi-gcc\n"
    files = {"Makefile": text, "apps/hello/main.c": "", "apps/blink/main.c": ""}
    _, _, settings = begun(plant(tmp_path, files))
    apps = firmwares(settings)["apps"]
    assert recipe(apps) == ("make APP={binary}", "out/{binary}.elf")
    assert apps.binaries == ("blink", "hello")


def test_make_whose_default_goal_is_not_the_firmware(tmp_path: Path) -> None:
    text = "all: lib.a\nlib.a:\n\tarm-none-eabi-ar\nfw: lib.a\n\tarm-none-eabi-ld -o build/fw.elf\n"
    _, _, settings = begun(plant(tmp_path, {"Makefile": text, "l.ld": ARM_MEMORY}))
    build = settings.chosen[0].build
    assert (build.command, build.elf) == (("make fw",), "build/fw.elf")


@pytest.mark.parametrize(
    ("text", "elves"),
    [
        ("A := a b\nX = $(foreach n,$(A),out/$(n)/$(n).elf)", "out/a/a.elf out/b/b.elf"),
        ("A := x.c y.c\nX = $(addprefix o/,$(patsubst %.c,%.elf,$(A)))", "o/x.elf o/y.elf"),
        ("A := a\nA += b\nX = ${A:=.elf}", "a.elf b.elf"),
        ("X = $(shell rm -rf /).elf", "\x01.elf"),
        ("X = $(addsuffix .elf,$(notdir $(wildcard apps/*)))", "one.elf two.elf"),
    ],
)
def test_what_make_would_make_of_a_variable(tmp_path: Path, text: str, elves: str) -> None:
    plant(tmp_path, {"Makefile": text, "apps/one/m.c": "", "apps/two/m.c": ""})
    made = Makefile(tree=tmp_path, file="Makefile")
    assert made.expand(made.values["X"]) == elves


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "text",
    [
        "A = $(B)$(B)\nB = $(C)$(C)\nC = $(A)$(A)\nall: $(A).elf",
        "include Makefile\nall: x.elf",
        "all: " + "$(X" * 50_000,
        "all: " + "$(x) " * 50_000 + "=",
        "A := 1 2 3 4 5 6 7 8 9\nX = " + "$(foreach a,$(A)," * 40 + ")" * 40 + "\nall: $(X)",
    ],
)
def test_hostile_makefiles_end(tmp_path: Path, text: str) -> None:
    assert begun(plant(tmp_path, {"Makefile": text}))[0] == 1


def test_cmake_with_presets_for_both_profiles(tmp_path: Path) -> None:
    files = {**CMAKE, "CMakePresets.json": PRESETS % ("debug", "release")}
    status, said, settings = begun(plant(tmp_path, files))
    build = settings.chosen[0].build
    assert status == 0
    assert build.command == ("cmake --preset {profile} && cmake --build build/{profile}",)
    assert build.elf == "build/{profile}/src/hello.elf"
    assert "found  CMakePresets.json: presets debug and release" in said


def test_cmake_with_presets_of_which_one_is_meant(tmp_path: Path) -> None:
    files = {**CMAKE, "CMakePresets.json": PRESETS % ("qemu", "board")}
    status, said, settings = begun(plant(tmp_path, files))
    assert (status, settings.chosen[0].build.elf) == (1, "build/qemu/src/hello.elf")
    assert "which preset: qemu, board?" in said


def test_cmake_with_several_programs(tmp_path: Path) -> None:
    more = {"src/CMakeLists.txt": "add_executable(hello h.c)\nadd_executable(blink b.c)\n"}
    _, said, settings = begun(plant(tmp_path, {**CMAKE, **more}))
    apps = firmwares(settings)["apps"]
    assert recipe(apps)[1] == "build/{board}-{profile}/src/{binary}.elf"
    assert apps.binaries == ("hello", "blink")
    assert "unsure which generator CMake takes" in said


HOSTILE_PRESETS = (
    "[",
    "[]",
    '{"configurePresets": 7, "include": ["CMakePresets.json"]}',
    '{"configurePresets": [{"name": "a", "inherits": "a", "binaryDir": null}]}',
    '{"configurePresets": [{"name": "a", "binaryDir": "/etc; rm -rf"}]}',
)


@pytest.mark.parametrize("presets", HOSTILE_PRESETS)
def test_hostile_presets_are_none(tmp_path: Path, presets: str) -> None:
    _, _, settings = begun(plant(tmp_path, {**CMAKE, "CMakePresets.json": presets}))
    assert settings.chosen[0].build.command[0].startswith("cmake -S . -B build/")


def test_a_riot_application(tmp_path: Path) -> None:
    text = "APPLICATION = hello\nBOARD ?= native\nRIOTBASE ?= $(CURDIR)/../..\n"
    files = {"Makefile": text + "include $(RIOTBASE)/Makefile.include\n"}
    status, said, settings = begun(plant(tmp_path, files))
    build = settings.chosen[0].build
    assert (status, [one.name for one in settings.chosen]) == (0, ["microbit"])
    assert (build.command, build.elf) == (("make BOARD={board} all",), "bin/{board}/hello.elf")
    assert "unsure where RIOT is" in said


def test_a_zephyr_application_says_its_command(tmp_path: Path) -> None:
    files = {"CMakeLists.txt": "find_package(Zephyr)\n", "prj.conf": "CONFIG_SHELL=y\n"}
    _, said, settings = begun(plant(tmp_path, files))
    assert settings.chosen[0].build.elf == "build/{board}/zephyr/zephyr.elf"
    assert "Zephyr calls the default boards qemu_cortex_m3 and qemu_riscv32" in said


def test_many_prebuilt_images(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / "images").mkdir(exist_ok=True)
        image(tmp_path / "images", "arm", ("say", b"hi\n")).rename(tmp_path / f"images/{name}.elf")
    image(tmp_path, "riscv", ("say", b"hi\n"))
    status, said, settings = begun(tmp_path)
    assert (status, settings.builder) == (0, "prebuilt")
    assert firmwares(settings)["arm"].binaries == ("one", "two")
    assert {one.name for one in settings.chosen} == {"lm3s6965evb", "virt"}
    assert "images/one.elf, images/two.elf: firmware for arm that is built already" in said


SCHEDULER = """
println("=== karatOS Scheduler Test ===");
println("Spawned Critical Task ID: ");
println("Spawned Low Task ID: ");
println("CRITICAL: System task #");
// println("Spawned High Task ID: ");
"""


def test_a_scheduler_that_a_dialect_knows(tmp_path: Path) -> None:
    _, said, _ = begun(plant(tmp_path, {"Cargo.toml": "[package]\n", "src/main.rs": SCHEDULER}))
    assert "src/main.rs: what it prints is read as the dialect 'karatos'" in said
    assert 'scheduler.spawned("critical", "low")' in written(tmp_path)
    assert 'scheduler.ran("critical", times=3)' in written(tmp_path)


def test_a_scheduler_in_a_prebuilt_image(tmp_path: Path) -> None:
    lines = b"=== karatOS Scheduler Test ===\0Spawned Low Task ID: \0CRITICAL: System task #\n"
    image(tmp_path, "arm", ("call", 4, lines))
    begun(tmp_path)
    assert 'scheduler.spawned("low")' in written(tmp_path)


def test_no_scheduler_no_test_of_one(tmp_path: Path) -> None:
    begun(plant(tmp_path, {"Cargo.toml": "[package]\n", "src/main.rs": 'say("Spawned")'}))
    assert "scheduler" not in written(tmp_path).split('"""')[2]


@pytest.mark.parametrize("code", ["debug::exit(debug::EXIT_SUCCESS)", "semihost(0x20, 0x20026);"])
def test_an_image_that_ends_by_itself(tmp_path: Path, code: str) -> None:
    _, said, _ = begun(plant(tmp_path, {"Makefile": "a.elf:\n", "main.c": code}))
    assert "found  main.c: it can end by itself" in said
    assert "assert machine.wait(timeout=30) == 0" in written(tmp_path)


def test_one_that_ends_in_a_comment_only(tmp_path: Path) -> None:
    begun(plant(tmp_path, {"Makefile": "a.elf:\n", "main.c": "// EXIT_SUCCESS\n/* 0x20026 */"}))
    assert "machine.wait" not in written(tmp_path)


def test_names_of_files_cannot_write_code(tmp_path: Path) -> None:
    evil = 'x\nimport os; os.abort()\n"""\u2028.rs'
    plant(tmp_path, {"Makefile": "a.elf:\n", evil: SCHEDULER + "EXIT_SUCCESS hprintln!()"})
    _, said, _ = begun(tmp_path)
    names = [node for node in ast.walk(ast.parse(written(tmp_path))) if isinstance(node, ast.Name)]
    assert "os" not in {one.id for one in names}
    assert "\nimport os" not in said


def test_tests_name_no_firmware_of_settings_that_somebody_wrote(tmp_path: Path) -> None:
    mine = {"karatos.toml": "[build]\ncommand = 'mine'\n"}
    asked(plant(tmp_path, {**WORKSPACE, **mine}), "init")
    assert "firmware=" not in written(tmp_path)


def test_an_image_that_no_board_can_boot_says_why(tmp_path: Path) -> None:
    image(tmp_path, "arm", ("say", b"hi\n"), base=0x0800_0000)
    status, said, _ = begun(tmp_path)
    assert status == 1
    assert "arm.elf: an ELF that no known board can boot: " in said
    assert "which QEMU machine boots it?" in said


def test_a_broken_image_alone_is_no_image(tmp_path: Path) -> None:
    (tmp_path / "fw.elf").write_bytes(b"\x7fELF" + bytes(60))
    assert "nothing that tells how this tree is built" in begun(tmp_path)[1]


def test_folders_that_are_built_by_themselves_are_named(tmp_path: Path) -> None:
    _, said, _ = begun(plant(tmp_path, {"apps/hello/Makefile": "a.elf:\n"}))
    assert "apps/hello is built by itself: python -m pytest_karatos init apps/hello" in said


def test_a_compiler_that_is_not_here_is_said(tmp_path: Path) -> None:
    text = "CC = riscv-none-elf-gcc\na.elf: m.c\n"
    files = {"Makefile": text, "l.ld": "MEMORY { RAM : ORIGIN = 0x80000000, LENGTH = 1M }"}
    _, said, _ = begun(plant(tmp_path, files))
    assert "missing riscv-none-elf-gcc: not on PATH; install riscv-none-elf-gcc" in said
