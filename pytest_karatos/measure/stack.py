"""How deep a stack was used, seen from outside: what is left of the content that it began with.

A stack grows down, so the lowest bytes that still hold one repeated word, zero after a reset or
what an RTOS paints there, were never used. A frame whose lowest bytes were never written is not
seen: what is found is at most a frame too little.
"""

from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.debug.symbols import Symbols
from pytest_karatos.elf import demangled, read
from pytest_karatos.errors import DebugFailed, UnknownName
from pytest_karatos.text import printable

_WORD = 4
#: So many equal words at the lowest end are what a stack was filled with, and not data.
_FILLED = 4
#: What linker scripts call the end of the stack at which it begins.
_TOPS = (
    *("_stack_start", "__stack_start", "_stack_top", "__stack_top", "__StackTop", "stack_top"),
    *("_estack", "__stack", "__stack_end__", "_stack_end__", "__initial_sp", "_sp", "__sp"),
)
_SECTIONS = (".stack", ".stack_dummy", ".stacks", ".noinit.stack")


@dataclass(frozen=True, kw_only=True, slots=True)
class StackUse:
    """How deep a stack of ``size`` bytes was used: ``used`` of them, at its deepest.

    >>> StackUse(name="main", size=1024, used=300).free
    724
    """

    name: str
    size: int
    used: int
    #: The variable right below it, into which it would overflow; empty where there is none.
    below: str = ""

    def __str__(self) -> str:
        into = f", it may have overflowed into {self.below or 'what lies below'}"
        return f"{self.name}: {self.used:,} of {self.size:,} B{into if self.is_full else ''}"

    @property
    def free(self) -> int:
        """What was left."""
        return self.size - self.used

    @property
    def is_full(self) -> bool:
        """Whether nothing was left: it may have overflowed into what lies below."""
        return not self.free


@dataclass(frozen=True, kw_only=True, slots=True)
class Stretch:
    """Where a stack lies: ``size`` bytes from ``start``."""

    name: str
    start: int
    size: int


def used_of(content: bytes) -> int:
    """Return how many bytes of a stack were used, by its content from the lowest byte on.

    >>> used_of(bytes(60) + b"data"), used_of(b"paint!" * 4), used_of(b"ab" * 32)
    (4, 24, 0)
    """
    fill = content[:_WORD]
    at = 0
    while content[at : at + _WORD] == fill and at < len(content):
        at += _WORD
    if at < _FILLED * _WORD:
        return len(content)
    while at < len(content) and content[at] == fill[at % _WORD]:
        at += 1
    return max(0, len(content) - at)


def below(symbols: Symbols, start: int) -> str:
    """Name the variable that ends at ``start``, or last before it."""
    data = (one for one in symbols.table.symbols if one.kind == "data" and one.size_bytes)
    under = [one for one in data if one.address < start]
    found = max(under, key=lambda one: one.address + one.size_bytes, default=None)
    return printable(demangled(found.name)) if found else ""


def main_stack(elf: Path, symbols: Symbols) -> Stretch:
    """Find the stack that the processor begins on: the section of it, or what ends at its symbol.

    :raises UnknownName: when neither is there.
    """
    sections = read(elf).sections
    for one in sections:
        if one.name in _SECTIONS[:2] and one.size_bytes:
            return Stretch(name=one.name, start=one.address, size=one.size_bytes)
    named = {one.name: one.address for one in symbols.table.symbols}
    top = next((named[name] for name in _TOPS if name in named), None)
    below = [one.end for one in sections if top is not None and one.end <= top]
    if top is None or not below or max(below) == top:
        raise UnknownName(
            f"{elf.name} does not say where its stack is.",
            why=f"it has no section .stack with a size, and none of the symbols {', '.join(_TOPS)}"
            " behind a section.",
            fix='name what holds it: measure.stack("STACK")',
        )
    return Stretch(name="the stack", start=max(below), size=top - max(below))


def stacks_of(symbols: Symbols, name: str, count: int, guard: int) -> list[Stretch]:
    """Return where the stacks are that a variable holds: ``count`` of one size, one by one.

    The lowest ``guard`` bytes of each are not its own.

    :raises UnknownName: when no variable is called so.
    :raises DebugFailed: when it cannot be so many.
    """
    start, whole = symbols.stretch(name)
    size, rest = divmod(whole, count)
    if rest or size <= guard:
        raise DebugFailed(
            f"'{name}' has {whole} bytes, which are not {count} stacks with guards of {guard}.",
            fix=f"measure.stack({name!r}, count=HOW_MANY, guard=BYTES)",
        )
    several = count > 1
    return [
        Stretch(
            name=f"{name}[{at}]" if several else name,
            start=start + at * size + guard,
            size=size - guard,
        )
        for at in range(count)
    ]
