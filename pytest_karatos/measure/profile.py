"""Where a boot spends its instructions, function by function, and through which calls.

A call is seen where a function's first instruction is executed right after one of another function;
that other one goes on when any of its instructions is executed again. Functions that were inlined
are told apart by the debug information; without it they are part of their caller's code. Code
without a name counts by its address.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from pytest_karatos.elf import SymbolTable, demangled
from pytest_karatos.measure.flame import flame
from pytest_karatos.text import printable

#: Calls within each other that are told apart; recursion goes on in the deepest.
_DEEPEST = 64


@dataclass(slots=True)
class Stacks:
    """Counts instructions by the calls that they are in; ``limit`` is how many of them count."""

    table: SymbolTable
    limit: int
    #: Names the functions that were inlined at an address, the outermost first.
    inlined_at: Callable[[int], tuple[str, ...]] = lambda _: ()
    counts: Counter[tuple[str, ...]] = field(default_factory=Counter)
    _stack: tuple[str, ...] = ()
    #: Of each address the name of its function, whether that begins there, and what is inlined.
    _known: dict[int, tuple[str, bool, tuple[str, ...]]] = field(default_factory=dict)

    def see(self, addresses: Sequence[int], before: int) -> None:
        """Take the next instructions."""
        stack, counts, known = self._stack, self.counts, self._known
        for address in addresses[: max(0, self.limit - before)]:
            found = known.get(address)
            if found is None:
                found = known[address] = self._function_at(address)
            name, is_start, inlined = found
            if not stack or stack[-1] != name:
                stack = _moved(stack, name, is_call=is_start)
            counts[stack + inlined if inlined else stack] += 1
        self._stack = stack

    def _function_at(self, address: int) -> tuple[str, bool, tuple[str, ...]]:
        symbol = self.table.function_at(address)
        if symbol is None:
            return f"{address & ~0xFF:#010x}...", False, ()
        name = printable(demangled(symbol.name))
        return name, symbol.address == address, self.inlined_at(address)[:_DEEPEST]


def _moved(stack: tuple[str, ...], name: str, *, is_call: bool) -> tuple[str, ...]:
    """Return the calls after the first instruction of another function than the one before."""
    if name in stack:
        # Who is in there goes on; a call of it from within is taken for that too.
        return stack[: len(stack) - stack[::-1].index(name)]
    if is_call and len(stack) < _DEEPEST:
        return (*stack, name)
    return (*stack[:-1], name)


@dataclass(frozen=True, kw_only=True, slots=True)
class Cost:
    """What a function cost, in instructions: its ``own``, and ``whole`` with what it called."""

    name: str
    own: int
    whole: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """The instructions of a boot, or of a part of it, by the calls that they were executed in."""

    stacks: dict[tuple[str, ...], int]

    @property
    def instructions(self) -> int:
        """All of them."""
        return sum(self.stacks.values())

    @property
    def functions(self) -> tuple[Cost, ...]:
        """What each function cost; the one with most instructions of its own comes first.

        >>> found = Profile(stacks={("main",): 5, ("main", "delay"): 95}).functions
        >>> [(one.name, one.own, one.whole) for one in found]
        [('delay', 95, 95), ('main', 5, 100)]
        """
        own: Counter[str] = Counter()
        whole: Counter[str] = Counter()
        for stack, count in self.stacks.items():
            own[stack[-1]] += count
            for name in set(stack):
                whole[name] += count
        return tuple(
            Cost(name=name, own=own[name], whole=whole[name])
            for name in sorted(whole, key=lambda name: (-own[name], name))
        )

    def __getitem__(self, name: str) -> Cost:
        """Return what the function ``name`` cost; its last parts are enough.

        :raises KeyError: when it was not executed, or several are called so.
        """
        found = [one for one in self.functions if f"::{one.name}".endswith(f"::{name}")]
        if len(found) != 1:
            raise KeyError(name)
        return found[0]

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        total = self.instructions
        for one in self.functions[:20]:
            yield f"{one.own:>12,}  {100 * one.own / total:5.1f} %  {one.name}"

    def flame(self) -> str:
        """Draw it as an SVG: ``Path("boot.svg").write_text(measure.profile().flame())``."""
        return flame(self.stacks)

    def folded(self) -> str:
        """Return the calls as flame graph tools read them (``main;delay 95``)."""
        return "".join(
            f"{';'.join(name.replace(';', ',') for name in stack)} {count}\n"
            for stack, count in sorted(self.stacks.items())
        )
