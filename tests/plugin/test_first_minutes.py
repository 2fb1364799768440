"""From a tree as people have it to a verdict: init, then the command that it names."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.emulated.tiny_guest import Step, image
from tests.unit.test_commands_init import ARM_MEMORY, plant

MAKE = {
    "Makefile": "include mk/tools.mk\nAPPS = hello blink\nall: $(APPS:%=build/%.elf)\n",
    # A toolchain of which only the copying is called: no compiler is needed.
    "mk/tools.mk": "CROSS_COMPILE ?= arm-none-eabi-\nLD = cp # $(CROSS_COMPILE)ld\n"
    "build/%.elf: images/%.o\n\tmkdir -p build\n\t$(LD) $< $@\n",
    "link.ld": ARM_MEMORY,
}


def firmware(folder: Path, name: str, *steps: Step) -> None:
    folder.mkdir(exist_ok=True)
    image(folder, "arm", *steps).rename(folder / name)


def begun(pytester: pytest.Pytester) -> list[str]:
    """Run init, and return the words of the command that it says is next."""
    argv = [sys.executable, "-m", "pytest_karatos", "init"]
    said = subprocess.run(
        argv, cwd=pytester.path, check=True, capture_output=True, text=True
    ).stdout
    (command,) = (line for line in said.splitlines() if line.startswith("next: pytest"))
    return command.split()[2:]


@pytest.mark.timeout(90)
def test_several_apps_of_one_makefile(apart: pytest.Pytester) -> None:
    plant(apart.path, MAKE)
    firmware(apart.path / "images", "hello.o", ("say", b"hello\n"), ("idle",))
    firmware(apart.path / "images", "blink.o", ("say", b"blink\npanicked at x.rs:1\n"), ("idle",))
    result = apart.runpytest_subprocess(*begun(apart))
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*test_it_boots?arm-apps-blink? - Forbidden*"])


@pytest.mark.timeout(90)
def test_prebuilt_images_alone(apart: pytest.Pytester) -> None:
    firmware(apart.path / "images", "one.elf", ("say", b"one\n"), ("idle",))
    firmware(apart.path / "images", "two.elf", ("say", b"two\n"), ("exit", 3))
    result = apart.runpytest_subprocess(*begun(apart))
    result.assert_outcomes(passed=3, failed=1)
    result.stdout.fnmatch_lines(["*test_it_boots?arm-images-two? - WrongExit*"])


@pytest.mark.timeout(90)
def test_one_that_ends_by_itself_and_one_that_does_not(apart: pytest.Pytester) -> None:
    plant(apart.path, {"main.c": "semihost(0x20, 0x20026);"})
    firmware(apart.path, "fw.elf", ("say", b"one\n"), ("exit", 0))
    result = apart.runpytest_subprocess(*begun(apart))
    result.assert_outcomes(passed=3)
    firmware(apart.path, "fw.elf", ("say", b"one\n"), ("idle",))
    result = apart.runpytest_subprocess("--arch=arm")
    result.assert_outcomes(passed=2, failed=1)
    result.stdout.fnmatch_lines(["*Stuck: The firmware idles for ever*"])
