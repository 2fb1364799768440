"""What hostile firmware asks of semihosting, as steps of a tiny guest."""

from dataclasses import replace
from pathlib import Path

from tests.emulated.tiny_guest import ARM, RESULT, RISCV, Step

OPEN, CLOSE, WRITEC, WRITE0, WRITE, READ = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06
REMOVE, RENAME, SYSTEM, COMMAND_LINE = 0x0E, 0x0F, 0x12, 0x15
#: Modes of ``fopen``, as numbers.
TO_READ, TO_UPDATE, TO_WRITE, TO_APPEND = 0, 2, 4, 8
HOSTED = {"arm": ARM, "riscv": replace(RISCV, semihosting=True)}


def opens(path: "Path | str", mode: int) -> Step:
    name = str(path).encode()
    return ("call", OPEN, name, mode, len(name))


def writes(text: bytes) -> Step:
    """Write to what was opened just before."""
    return ("call", WRITE, RESULT, text, len(text))


def removes(path: "Path | str") -> Step:
    name = str(path).encode()
    return ("call", REMOVE, name, len(name))


def renames(path: "Path | str", to: "Path | str") -> Step:
    old, new = str(path).encode(), str(to).encode()
    return ("call", RENAME, old, len(old), new, len(new))


def runs(command: str) -> Step:
    return ("call", SYSTEM, command.encode(), len(command))
