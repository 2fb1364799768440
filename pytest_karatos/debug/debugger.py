"""A stopped machine, asked in the words of its source: registers, variables, frames, the fault."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

from pytest_karatos.debug.code import Code, code_of
from pytest_karatos.debug.faults import FaultReport, fault_of
from pytest_karatos.debug.frame import Frame
from pytest_karatos.debug.stack import Walk
from pytest_karatos.debug.symbols import Symbols, symbols_of
from pytest_karatos.elf import Symbol
from pytest_karatos.errors import DebugFailed


class Target(Protocol):
    """A stopped processor, as a gdb stub shows it."""

    def registers(self, names: Collection[str]) -> Mapping[str, int]:
        """Read those of ``names`` that there are."""

    def read_memory(self, address: int, size: int) -> bytes:
        """Read ``size`` bytes at ``address``."""


class Debugger:
    """Looks at ``target``, which runs the ELF at ``elf``; only reads, so that nothing changes.

    ``cache`` is a folder for what was read of the debug information.
    """

    def __init__(self, target: Target, elf: Path, *, cache: Path | None = None) -> None:
        self._target = target
        self._path = elf
        self.symbols: Symbols = symbols_of(elf, cache)

    @cached_property
    def code(self) -> Code:
        """What the ELF tells about its code.

        :raises BadFirmware: when it cannot be read.
        :raises DebugFailed: for an architecture that is not described.
        """
        return code_of(self._path, self.symbols)

    def registers(self) -> dict[str, int]:
        """Read the registers, by gdb's names, in the order in which people list them."""
        arch = self.code.arch
        values = self._target.registers(arch.registers)
        if arch.pc not in values or arch.sp not in values:
            raise DebugFailed(
                f"The gdb stub shows no '{arch.pc}' or '{arch.sp}', so it is not a {arch.title}.",
                fix="look whether the ELF is for the machine that runs it",
            )
        order = dict.fromkeys((*arch.shown, *arch.further, *arch.dwarf))
        return {name: values[name] for name in order if name in values}

    def read(self, address: int, size: int) -> bytes:
        """Read ``size`` bytes of memory, as the processor sees it.

        :raises DebugFailed: when there is none.
        """
        return self._target.read_memory(address, size)

    def symbol(self, name: str) -> Symbol:
        """Find a function or variable: ``counter``, ``kernel::task::STACKS`` or ``STACKS``.

        :raises UnknownName: when nothing, or more than one thing, is called so.
        """
        return self.symbols.named(name)

    def read_symbol(self, name: str) -> bytes:
        """Read the memory of a variable.

        :raises UnknownName: when nothing, or more than one thing, is called so.
        :raises DebugFailed: when the ELF does not say how large it is.
        """
        return self.read(*self.symbols.stretch(name))

    def where(self) -> tuple[Frame, ...]:
        """List the frames of the selected core, from the innermost on."""
        return Walk(self.code, self.read, self.registers()).frames()

    def fault(self, frames: Sequence[Frame] = ()) -> FaultReport | None:
        """Report the fault that the processor is in; None when it is in none.

        ``frames`` are those of :meth:`where`, for who has asked for them already.
        """
        found = fault_of(self.code.arch, frames or self.where(), self.read)
        if found is None or found.frame is None:
            return found
        found = replace(found, is_in_code=not self.code.is_nowhere(found.frame.inside))
        if found.caller is None:
            return found
        target = self.code.called_at(found.caller.pc)
        places = self.symbols.places(target) if target is not None else ()
        return replace(found, called=places[-1].function) if places else found
