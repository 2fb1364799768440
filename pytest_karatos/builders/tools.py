"""The names and versions of build tools, in few words."""

from collections.abc import Iterable
from dataclasses import dataclass

from pytest_karatos.text import plain

#: What tells one toolchain from another. Those that are on PATH make the identity.
VERSION_COMMANDS = (
    ("rustc", "-vV"),
    ("rust-lld", "-flavor", "gnu", "--version"),
    ("arm-none-eabi-gcc", "--version"),
    ("riscv64-unknown-elf-gcc", "--version"),
    ("clang", "--version"),
    ("cc", "--version"),
)
_LONGEST = 100
#: Asks the same in a place where only a shell can be run: the first line of each that is there.
SCRIPT = "".join(
    f"command -v {command[0]} >/dev/null && {' '.join(command)} 2>&1 | head -n 1;"
    for command in VERSION_COMMANDS
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """What a firmware is built with: tools with their versions, and the image they are in."""

    toolchain: str
    image: str = ""


def spoken(said: Iterable[str]) -> str:
    r"""Join the first lines of what tools say of themselves.

    >>> spoken(["rustc 1.96.0 (abc)\nhost: x\n", "", "LLD 22.1\n"])
    'rustc 1.96.0 (abc); LLD 22.1'
    """
    firsts = (plain(one).strip().partition("\n")[0] for one in said)
    return "; ".join(first[:_LONGEST] for first in firsts if first)
