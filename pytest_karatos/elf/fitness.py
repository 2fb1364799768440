"""Refuse an ELF that cannot run on a board before QEMU is started, which would only hang."""

from collections.abc import Iterator

from pytest_karatos.board import Board
from pytest_karatos.elf.record import Elf
from pytest_karatos.errors import BadFirmware

#: How people write what ``e_machine`` spells otherwise.
_WRITTEN = {"RISCV": "RISC-V", "AARCH64": "AArch64", "XTENSA": "Xtensa", "386": "x86"}


def check(elf: Elf, board: Board) -> None:
    """Hold the ELF's header and load addresses against ``board``.

    A board without regions is not asked about addresses; an entry of 0 means "none given".

    :raises BadFirmware: naming what does not fit and what the board has.
    """
    for misfit in (*_header_misfits(elf, board), *_address_misfits(elf, board)):
        raise BadFirmware(
            misfit, cure=f"build it for {board.triple or board.arch}, or pick the board with --arch"
        )


def _word(machine: str) -> str:
    plain = machine.upper().removeprefix("EM_").replace("-", "")
    return _WRITTEN.get(plain, plain)


def _header_misfits(elf: Elf, board: Board) -> Iterator[str]:
    who = f"board '{board.name}' ({board.arch})"
    if _word(elf.machine) != _word(board.elf_machine):
        yield (
            f"{elf.path} is for {_word(elf.machine)}, but {who} needs {_word(board.elf_machine)}."
        )
    if elf.bits != board.elf_bits:
        yield f"{elf.path} is a {elf.bits}-bit ELF, but {who} needs {board.elf_bits}-bit."
    endian = "little" if elf.little_endian else "big"
    if endian != board.elf_endian:
        yield f"{elf.path} is {endian}-endian, but {who} is {board.elf_endian}-endian."


def _address_misfits(elf: Elf, board: Board) -> Iterator[str]:
    if not board.regions:
        return
    where = f"outside the memory of board '{board.name}' ({_memory(board)})"
    if elf.entry and board.region_of(elf.entry) is None:
        yield f"{elf.path} starts at {elf.entry:#x}, {where}."
    for section in elf.sections:
        if section.file_bytes and board.region_of(section.load_address) is None:
            yield f"{elf.path} loads {section.name!r} at {section.load_address:#x}, {where}."


def _memory(board: Board) -> str:
    return ", ".join(f"{one.name} {one.start:#x}..{one.end:#x}" for one in board.regions)
