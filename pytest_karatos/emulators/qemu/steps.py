"""The addresses of all instructions in QEMU's log, in the order in which they were executed."""

import re
from typing import Protocol

from pytest_karatos.emulators.steps import Observer

#: ``Trace 0: 0x7f0 [00000000/00000008/00000110/ff000201] main``, and lines that take it back.
_STEP = re.compile(
    rb"\n(?:Trace \d+: \S+ \[[0-9a-f]*/([0-9a-f]+)/|cpu_io_recompile: rewound|Stopped execution)"
)


class LogReader(Protocol):
    """What reads QEMU's log of a boot."""

    def feed(self, text: bytes) -> None:
        """Take the next lines; ``text`` begins and ends with a line end."""


class Steps:
    r"""Shows ``observer`` the instructions of a log that comes in whole lines.

    >>> class Seen(list):
    ...     def see(self, addresses, before): self.append((addresses, before))
    >>> seen = Seen()
    >>> steps = Steps(seen)
    >>> steps.feed(b"\nTrace 0: 0x7 [0/8/1/2] a\nTrace 0: 0x7 [0/a/1/2] a\n")
    >>> steps.feed(b"\ncpu_io_recompile: rewound\nTrace 0: 0x7 [0/a/1/2] a\n")
    >>> steps.feed(b"\nTrace 0: 0x7 [0/c/1/2]\n")
    >>> seen
    [([8], 0), ([10], 1)]
    """

    def __init__(self, observer: Observer, before: int = 0) -> None:
        self._observer = observer
        self._before = before
        #: The last one, which the next line may take back.
        self._held: list[int] = []
        self._known: dict[bytes, int] = {}

    def feed(self, text: bytes) -> None:
        """Take the next lines; ``text`` begins and ends with a line end."""
        found, known = self._held, self._known
        for address in _STEP.findall(text):
            if not address:
                del found[-1:]
                continue
            number = known.get(address)
            if number is None:
                number = known[address] = int(address, 16)
            found.append(number)
        self._held = found[-1:]
        sure = found[:-1]
        if sure:
            self._observer.see(sure, self._before)
            self._before += len(sure)
