"""A Zephyr application, which west builds."""

from pathlib import Path

from pytest_karatos.cli.detect.found import Found, because
from pytest_karatos.cli.detect.text import read


def recognise(tree: Path) -> Found | None:
    """Recognise an application by its CMakeLists.txt, which finds the package Zephyr."""
    if "find_package(zephyr" not in read(tree / "CMakeLists.txt").lower().replace(" ", ""):
        return None
    builder, why = because("west and no Zephyr SDK")
    return Found(
        saw=(
            "CMakeLists.txt: a Zephyr application, which west builds",
            "Zephyr calls the default boards qemu_cortex_m3 and qemu_riscv32",
        ),
        command="west build -b {board} -d build/{board} .",
        elf="build/{board}/zephyr/zephyr.elf",
        hint="arm riscv",
        builder=builder,
        builder_why=why,
        build_names=(("arm", "qemu_cortex_m3"), ("riscv", "qemu_riscv32")),
    )
