"""What an ELF tells about its code, and the memory that may be looked at without harm."""

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pytest_karatos.debug.archs import Arch, Call, arch_of
from pytest_karatos.debug.symbols import Symbols
from pytest_karatos.elf import Elf, Image, UnwindTable, read, read_image, read_unwind_table
from pytest_karatos.errors import DebugFailed

#: How far from a stack pointer the memory is taken to be that stack.
_NEAR_BYTES = 64 * 1024
_MOST_WRITTEN_BYTES = 256 * 1024


@dataclass(frozen=True, kw_only=True)
class Code:
    """What an ELF tells about its code: the architecture, names, unwinding, and the bytes."""

    elf: Elf
    arch: Arch
    symbols: Symbols
    unwind: UnwindTable
    image: Image

    def has(self, address: int) -> bool:
        """Tell whether ``address`` is in a part of the firmware that was loaded and not written."""
        return any(
            one.address <= address < one.address + one.file_bytes for one in self.elf.segments
        )

    def is_nowhere(self, address: int) -> bool:
        """Tell whether no function is at ``address``: whoever came there has jumped astray."""
        is_stripped = not self.symbols.table.functions()
        return not self.has(address) or not (is_stripped or self.symbols.table.function_at(address))

    def call_before(self, value: int) -> Call | None:
        """Find the call that ``value`` is the return address of; None when it is not one."""
        address = value & self.arch.code_mask
        # Behind a call that never returns there may be nothing any more.
        return self.arch.call_in(self._before(address)) if self.has(address - 1) else None

    def called_at(self, value: int) -> int | None:
        """Return what the call before ``value`` calls; None when only a register knows."""
        address, call = value & self.arch.code_mask, self.call_before(value)
        return call.target(self._before(address), address) if call else None

    def _before(self, address: int) -> bytes:
        return self.image.at(address - 8, 8) or self.image.at(address - 4, 4)

    def calls_of(self, function: int) -> tuple[int, ...]:
        """List the addresses behind each call of the function at ``function``."""
        return self._calls.get(function, ())

    def known_calls_of(self, function: int, left: int = 4) -> tuple[int, ...]:
        """List as :meth:`calls_of` does, through up to ``left`` functions without unwinding."""
        found: list[int] = []
        for back in self.calls_of(function):
            caller = self.function_of(back - 1)
            if self.unwind.at(back - 1) is not None or caller is None:
                found.append(back)
            elif left:
                found += self.known_calls_of(caller, left - 1)
        return tuple(dict.fromkeys(found))

    @cached_property
    def _calls(self) -> dict[int, tuple[int, ...]]:
        found: dict[int, list[int]] = {}
        for one in self.symbols.table.functions():
            for back in range(one.address + 2, one.address + one.size_bytes + 2, 2):
                if (target := self.called_at(back)) is not None:
                    found.setdefault(target, []).append(back)
        return {target: tuple(backs) for target, backs in found.items()}

    def function_of(self, address: int) -> int | None:
        """Return where the function begins that ``address`` lies in."""
        symbol = self.symbols.table.function_at(address)
        return symbol.address if symbol else None

    def calls(self, back: int, address: int) -> bool | None:
        """Tell whether the call before ``back`` calls the function at ``address``.

        None when nobody knows: the call goes through a register, or the function has no name.
        """
        target, function = self.called_at(back), self.function_of(address)
        return None if target is None or function is None else target == function


@functools.lru_cache(maxsize=8)
def code_of(path: Path, symbols: Symbols) -> Code:
    """Read what walking and decoding need of the ELF at ``path``, once for the same ``symbols``.

    :raises BadFirmware: when it cannot be read.
    :raises DebugFailed: for an architecture that is not described.
    """
    elf = read(path)
    return Code(
        elf=elf,
        arch=arch_of(elf),
        symbols=symbols,
        unwind=read_unwind_table(path),
        image=read_image(elf),
    )


class Memory:
    """The memory of a stopped machine, through ``read`` (address, bytes).

    To read a device's register may change the device, so a word is only read where the firmware's
    own memory is, or near ``sp``.
    """

    def __init__(self, code: Code, read: Callable[[int, int], bytes], sp: int) -> None:
        self._segments = code.elf.segments
        self._sections = [one for one in code.elf.sections if one.writable]
        self._read = read
        self._word_bytes = code.arch.word_bytes
        self._stacks = [sp]
        self._known: dict[int, int] = {}

    def trust(self, sp: int) -> None:
        """Take the memory near ``sp`` for a stack too."""
        self._stacks.append(sp)

    def word(self, address: int) -> int:
        """Read a word.

        :raises DebugFailed: when there is no memory, or none that may be read without harm.
        """
        if address not in self._known:
            if not self._is_harmless(address):
                raise DebugFailed(f"{address:#x} is neither the firmware's memory nor a stack.")
            data = self._read(address, self._word_bytes)
            self._known[address] = int.from_bytes(data, "little")
        return self._known[address]

    def register(self, address: int) -> int:
        """Read one of the processor's own registers, which nobody minds; 0 when it has none."""
        try:
            return int.from_bytes(self._read(address, self._word_bytes), "little")
        except DebugFailed:
            return 0

    def words(self, start: int, count: int) -> list[int]:
        """Read up to ``count`` words from ``start`` on; fewer where memory ends."""
        found: list[int] = []
        for at in range(count):
            try:
                found.append(self.word(start + at * self._word_bytes))
            except DebugFailed:
                break
        return found

    def written_addresses(self) -> Iterator[int]:
        """List the addresses of the words that the firmware writes, those with a name at least."""
        for section in self._sections:
            start = section.address + -section.address % self._word_bytes
            end = min(section.end, start + _MOST_WRITTEN_BYTES)
            self._load(start, end - start)
            yield from range(start, end, self._word_bytes)

    def _load(self, start: int, size: int) -> None:
        """Read many words at once."""
        size -= size % self._word_bytes
        with contextlib.suppress(DebugFailed):
            data = self._read(start, size) if size > 0 else b""
            for at in range(0, len(data), self._word_bytes):
                word = int.from_bytes(data[at : at + self._word_bytes], "little")
                self._known[start + at] = word

    def _is_harmless(self, address: int) -> bool:
        near = any(abs(address - stack) < _NEAR_BYTES for stack in self._stacks)
        own = any(one.carries(address, self._word_bytes) for one in self._segments)
        return own or near
