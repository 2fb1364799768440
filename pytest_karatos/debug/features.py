"""The registers that a gdb stub offers, by name: what it says in its ``target.xml``.

Two elements of that XML matter, and each stands in one tag, so that no XML parser (and none of
its bombs) is needed.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

_TAG = re.compile(r"<(xi:include|reg)\s([^<>]*)>")
_DECIMAL = re.compile(r"[0-9]{1,9}")
_ATTRIBUTE = re.compile(r"(\w+)\s*=\s*[\"']([^\"']*)[\"']")
#: QEMU's machines have below ten files, and below 500 registers each.
_MOST_FILES, _MOST_REGISTERS, _MOST_BITS = 32, 8192, 4096


@dataclass(frozen=True, kw_only=True, slots=True)
class Register:
    """A register that can be asked for by ``number`` (in hex: ``p10``)."""

    name: str
    number: int
    size_bytes: int


def registers_of(read: Callable[[str], str]) -> tuple[Register, ...]:
    """List the registers of ``target.xml`` and of the files it includes, which ``read`` gives.

    >>> registers_of(lambda name: '<reg name="r0" bitsize="32"/><reg name="pc" bitsize="32"/>')[1]
    Register(name='pc', number=1, size_bytes=4)
    """
    found: list[Register] = []
    number = 0
    for attributes in _elements(read):
        number = _number(attributes.get("regnum", ""), number)
        bits = _number(attributes.get("bitsize", ""), 0)
        if 0 < bits <= _MOST_BITS and len(found) < _MOST_REGISTERS:
            name = attributes.get("name", "")
            found.append(Register(name=name, number=number, size_bytes=(bits + 7) // 8))
        number += 1
    return tuple(found)


def _elements(read: Callable[[str], str]) -> Iterator[dict[str, str]]:
    """Give the attributes of each register, files in the order in which they are included."""
    queue, seen = ["target.xml"], {"target.xml"}
    while queue:
        inner: list[str] = []
        for kind, text in _TAG.findall(read(queue.pop(0))):
            attributes = dict(_ATTRIBUTE.findall(text))
            if kind == "reg":
                yield attributes
                continue
            name = attributes.get("href", "")
            if name and name not in seen and len(seen) < _MOST_FILES:
                seen.add(name)
                inner.append(name)
        queue = inner + queue


def _number(text: str, otherwise: int) -> int:
    return int(text) if _DECIMAL.fullmatch(text) else otherwise
