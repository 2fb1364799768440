"""The flash of an image, against the length of what LLVM's objcopy writes."""

import os
import subprocess
from pathlib import Path

from tests.unit.elf_builder import build_elf
from tests.unit.test_size import BSS, DATA, DEBUG, HEAP, STACK, TEXT, VECTORS, measured


def objcopy() -> str:
    """Find LLVM's objcopy, which `make test` installs; without it the test fails, not skips."""
    folders = (Path(folder) for folder in os.environ["PATH"].split(os.pathsep))
    found = (path for folder in folders for path in sorted(folder.glob("llvm-objcopy*")))
    return str(next(found))


def test_objcopy_agrees(tmp_path: Path) -> None:
    raw = build_elf(VECTORS, TEXT, DATA, BSS, HEAP, STACK, DEBUG)
    found = measured(tmp_path, raw)
    image = tmp_path / "image"
    subprocess.run([objcopy(), "-O", "binary", tmp_path / "kernel", image], check=True)
    assert found.flash_bytes == image.stat().st_size
