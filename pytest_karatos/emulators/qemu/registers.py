"""Registers as QEMU prints them: for ``info registers``, and when it gives up a guest."""

import re
from collections.abc import Iterator, Mapping

_CORE = re.compile(r"^CPU#\d+$", re.MULTILINE)
#: ``R15=000002a2``, ``XPSR=01000003``; `` mcause   00000005``; ``x2/sp    800fff10``.
_VALUE = re.compile(r"\b(?:x\d+/)?([A-Za-z]\w*)(?:=| +)([0-9a-f]{8,16})\b")
#: What gdb, and so everything here, calls otherwise.
_NAMES = {"r13": "sp", "r14": "lr", "r15": "pc", "s0": "fp"}


def printed_registers(text: str) -> Iterator[Mapping[str, int]]:
    r"""Give the registers of each core, by the names of gdb; nothing where none are printed.

    >>> list(printed_registers("CPU#0\nR14=00000327 R15=000002a2\nXPSR=01000003 ---- T handler\n"))
    [{'lr': 807, 'pc': 674, 'xpsr': 16777219}]
    >>> list(printed_registers(" pc       800003fc\n x2/sp    800fff10 x8/s0    00000000\n"))
    [{'pc': 2147484668, 'sp': 2148531984, 'fp': 0}]
    """
    for part in _CORE.split(text):
        found = {_name(name): int(value, 16) for name, value in _VALUE.findall(part)}
        if found:
            yield found


def _name(printed: str) -> str:
    name = re.sub(r"^r0(\d)$", r"r\1", printed.lower())
    return _NAMES.get(name, name)
