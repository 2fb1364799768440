"""Which way conditional branches went, out of QEMU's log of each instruction.

Where a guest goes on is in the log before it does: also where an interrupt comes in between, for
then QEMU takes that line back, and the handler's first instruction is behind it. Whoever spins for
long is not logged any more: what it does behind that is uncertain.
"""

import itertools
import re
from collections.abc import Iterable

from pytest_karatos.debug.branches import Branches
from pytest_karatos.emulators.covered import Outcomes

_LINE = re.compile(
    rb"\n(?:Trace (\d+): \S+ \[[0-9a-f]*/([0-9a-f]+)/"
    rb"|(cpu_io_recompile: rewound|Stopped execution))"
)
#: After so many instructions in which it went no new way no more is noted, wherever it comes.
QUIET = 1_000_000
#: Pairs of neighbours that are kept: more than any firmware has.
_MOST = 2_000_000


class Ways:
    r"""Notes each pair of instructions that followed one another, in a log of pieces of any size.

    >>> from pytest_karatos.debug.archs import archs
    >>> from pytest_karatos.debug.branches import _kinds
    >>> from pytest_karatos.elf import Image
    >>> image = Image(((0, bytes.fromhex("fed1")),), ())
    >>> ways = Ways(Branches(arch=archs()[0], image=image, kinds=_kinds("cortex-m")[0]))
    >>> ways.feed(b"Trace 0: 0x7 [0/0/1/2] a\nTrace 0: 0x7 [0/2/1/2] a\n")
    >>> ways.outcomes()
    ((), (0,))
    """

    def __init__(self, branches: Branches) -> None:
        self._branches = branches
        self._pairs: set[tuple[bytes, bytes]] = set()
        self._torn = b""
        #: The last instruction that was executed, and the one that the log may still take back.
        self._last = self._next = b""
        self.trouble = ""
        #: Whether it went no new way for so long that no more is noted.
        self.is_cut = False
        self._quiet = 0

    def feed(self, data: bytes) -> None:
        """Take the next piece."""
        whole, end, self._torn = (self._torn + data).rpartition(b"\n")
        if self.trouble or self.is_cut:
            return
        found = _LINE.findall(b"\n" + whole + end)
        if any(core not in {b"0", b""} for core, _, _ in found):
            self.trouble = "which way branches go on several cores is not told apart"
        for is_back, lines in itertools.groupby(found, key=lambda line: bool(line[2])):
            if is_back:
                self._next = b""
            else:
                self._follow([address for _, address, _ in lines])
        if len(self._pairs) > _MOST:
            self._pairs.clear()
            self.trouble = f"it went on in more than {_MOST:,} different ways"

    def _follow(self, addresses: list[bytes]) -> None:
        # Nobody has taken back the one that was begun last.
        executed = [self._next or self._last, *addresses]
        pairs = list(itertools.pairwise(executed))
        self._last, self._next = executed[-2], executed[-1]
        while pairs and not self.is_cut:
            room = QUIET - self._quiet
            self._take(pairs[:room])
            pairs = pairs[room:]
            self.is_cut = self._quiet >= QUIET

    def _take(self, pairs: list[tuple[bytes, bytes]]) -> None:
        new = set(pairs) - self._pairs
        self._quiet += len(pairs)
        if new:
            self._pairs |= new
            for at, pair in enumerate(pairs, 1):  # where it went a new way last
                if pair in new:
                    new.discard(pair)
                    self._quiet = len(pairs) - at

    def outcomes(self) -> Outcomes:
        """Return which branches were taken, and which passed by."""
        taken, passed = set(), set()
        for one, other in self._pairs:
            branch = self._branches.at(int(one, 16)) if one else None
            if branch is not None and branch.target != branch.behind:
                address = int(other, 16)
                if address == branch.target:
                    taken.add(branch.address)
                elif address == branch.behind:
                    passed.add(branch.address)
        return _ordered(taken), _ordered(passed)


def _ordered(addresses: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(addresses))
