"""Where a firmware's own words about its crash lead: addresses that it printed, in the source.

An address counts where its name says that code was executed there (``pc``, ``mepc``), or where the
instruction before it is a call. The contents of other registers prove nothing.
"""

import re
from collections.abc import Iterator, Sequence

from pytest_karatos.debug.code import Code
from pytest_karatos.debug.frame import Frame

#: Lines that are looked at, characters of each, and places that are told.
_LINES, _WIDTH, _MOST = 200, 1000, 12
_NUMBER = re.compile(
    r"(?<![0-9a-zA-Z])(?:0x([0-9a-f]{1,16})|([0-9a-f]{16}|[0-9a-f]{8}))(?![0-9a-z])", re.IGNORECASE
)
_WORD = re.compile(r"[a-z]+[0-9]*")
#: ``r3``, ``a0``: registers, whatever the processor calls its own.
_REGISTER = re.compile(r"[a-z]{1,2}[0-9]{1,2}")


def printed_frames(code: Code, lines: Sequence[str]) -> tuple[Frame, ...]:
    """Find the addresses in ``lines`` that lie in code of the firmware, in their order.

    Those of a program counter are first: there it was, and not only on the way.
    """
    found: dict[int, Frame] = {}
    for line in lines[-_LINES:]:
        for frame in _in_line(code, line[:_WIDTH].lower()):
            found.setdefault(frame.inside, frame)
    frames = sorted(found.values(), key=lambda one: not one.is_exact)
    return tuple(frames[:_MOST])


def _in_line(code: Code, line: str) -> Iterator[Frame]:
    end = 0
    for number in _NUMBER.finditer(line):
        words = frozenset(_WORD.findall(line[end : number.start()]))
        end = number.end()
        address = int(number[1] or number[2], 16) & code.arch.code_mask
        if words & code.arch.printed_pc:
            yield from _frame(code, address, address)
            continue
        if code.call_before(address) is not None and not _is_other_register(code, words):
            yield from _frame(code, address, address - 1)


def _is_other_register(code: Code, words: frozenset[str]) -> bool:
    """Tell whether a number is called like a register that has no business with code."""
    known = code.arch.registers
    return not words & code.arch.printed_return and any(
        one in known or _REGISTER.fullmatch(one) for one in words
    )


def _frame(code: Code, address: int, inside: int) -> Iterator[Frame]:
    places = () if code.is_nowhere(inside) else code.symbols.places(inside)
    if places:
        yield Frame(pc=address, sp=0, inside=inside, places=places, found="printed", registers={})
