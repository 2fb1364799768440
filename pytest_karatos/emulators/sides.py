"""The two sides of a race: what is executed around a point, and what each side then writes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytest_karatos.choices import BIG
from pytest_karatos.elf import Elf, Symbol
from pytest_karatos.text import printable

#: Values are shown of variables up to this many bytes; of longer ones, such as stacks, the name.
_WORD = 8
#: So much memory is compared.
_MOST_BYTES = 256 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Sides:
    """``before`` and ``after`` are the instructions around the point where time passed.

    ``interrupt`` are the variables that changed until the code went on, ``code`` those that it then
    changed itself, each with its values: ``pending: 0 -> 1``. Empty where that is not known.
    """

    before: str = ""
    after: str = ""
    interrupt: tuple[str, ...] = ()
    code: tuple[str, ...] = ()

    def lines(self) -> Iterator[str]:
        """Tell of them."""
        if self.before:
            yield f"   {self.before}"
        yield f"   {self.after}    <- a timer fires before this"
        if self.interrupt:
            yield f"the interrupt writes {', '.join(self.interrupt)}"
        if self.code:
            yield f"then the code writes {', '.join(self.code)}"


def variables(elf: Elf, symbols: Sequence[Symbol]) -> list[Symbol]:
    """Return the variables that can change, in the order of their addresses, up to 256 KiB."""
    writable = [one for one in elf.sections if one.writable]
    found, total = [], 0
    for symbol in sorted(symbols, key=lambda one: one.address):
        is_there = any(one.address <= symbol.address < one.end for one in writable)
        if symbol.kind == "data" and symbol.size_bytes and is_there:
            total += symbol.size_bytes
            if total > _MOST_BYTES:
                break
            found.append(symbol)
    return found


def changes(
    named: Mapping[str, str], before: Mapping[str, bytes], after: Mapping[str, bytes], order: str
) -> tuple[str, ...]:
    """Tell which variables differ, by their names in ``named``; ``order`` is that of bytes.

    >>> changes({"P": "pending"}, {"P": bytes(4)}, {"P": bytes([1, 0, 0, 0])}, "little")
    ('pending: 0 -> 1',)
    """
    found = []
    for key, old in before.items():
        new = after[key]
        if old != new:
            values = [
                int.from_bytes(one, "big" if order == BIG else "little") for one in (old, new)
            ]
            told = f": {values[0]} -> {values[1]}" if len(old) <= _WORD else ""
            found.append(f"{printable(named[key])}{told}")
    return tuple(found)
