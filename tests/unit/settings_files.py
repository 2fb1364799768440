"""Settings files that several tests read, and the short way to load them."""

from collections.abc import Mapping
from pathlib import Path

from pytest_karatos.settings import Settings, load

OWN_FILE = """\
[build]
command = "make BOARD={board} PROFILE={profile} F={features}"
elf = "out/{arch}/*.elf"
builder = "local"
memory = "2 GiB"
env = { LANG = "C", FEATURES = "{features}" }

[console]
silence = 2
faults = ["Oops"]

[boards.feather]
arch = "arm"
qemu = ["-machine", "feather"]
console = "semihosting"
regions.flash = { start = 0, size = "256 KB" }
regions.ram = { start = "0x2000_0000", size = "16K" }

[budget.arm]
flash = "24 KiB"
[budget.feather.release]
ram = 8192

[[dialects.mine]]
kind = "run"
pattern = "RUN (?P<task>\\\\w+)"
"""

# The shape that karatOS's own file has.
TREE_FILE = """\
[build]
log_file = "build.log"
qemu_timeout = 12

[targets.arm]
triple = "thumbv7em-none-eabi"
rustflags = ["-C", "linker=rust-lld"]

[boards.arm_lm3s6965]
name = "LM3S6965EVB"
arch = "arm"
qemu_machine = "lm3s6965evb"
memory = { flash_start = "0x00000000", flash_size = "0x00020000" }

[boards.arm_second]
arch = "arm"
qemu_machine = "mps2-an385"

[qemu.arm_lm3s6965]
command = "qemu-system-arm"
args = ["-M", "lm3s6965evb", "-nographic", "-semihosting-config", "enable=on", "-serial", "stdio"]
"""


def made(
    root: Path, toml: str = "", environ: Mapping[str, str] | None = None, **typed: object
) -> Settings:
    if toml:
        (root / "karatos.toml").write_text(toml)
    return load(root=root, environ=environ or {}, typed=typed)


def with_tree(root: Path, text: str = TREE_FILE) -> Path:
    place = root / "build/configs/global.toml"
    place.parent.mkdir(parents=True)
    place.write_text(text)
    return root


def names(found: Settings) -> list[str]:
    return [board.name for board in found.chosen]
