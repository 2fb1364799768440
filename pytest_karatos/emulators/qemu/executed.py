"""Which code a guest has executed, from QEMU's own log; its firmware does not notice.

QEMU logs code when it translates it, and here it translates one instruction at a time, right
before it is executed for the first time. So the log has a line for each instruction that was ever
executed, and nothing more once nothing new is. It is read from a pipe: no guest can fill a disk.
"""

import contextlib
import re
import threading
from pathlib import Path

from pytest_karatos.debug.branches import Branches
from pytest_karatos.emulators.covered import Covered
from pytest_karatos.emulators.qemu.log_pipe import LogPipe
from pytest_karatos.emulators.qemu.qmp import Qmp
from pytest_karatos.emulators.qemu.trace import make_single
from pytest_karatos.emulators.qemu.ways import Ways
from pytest_karatos.errors import KaratosError, NotPossible

#: ``0x00000008:  f24c 0000  movw     r0, #0xc000``: on ARM in halves, elsewhere in one.
_LINE = re.compile(
    rb"^0x([0-9a-f]{1,16}):  ((?:[0-9a-f]{2})+(?: (?:[0-9a-f]{2})+)*)(?: |$)", re.MULTILINE
)
#: What QEMU says of code that it was built without a disassembler for.
_BLIND = b"OBJD-"
#: Instructions that are kept: more than any firmware has, so that one that writes code has an end.
_MOST = 1_000_000
#: Seconds of one look at the pipe, and for what is left in it when QEMU is gone.
_LOOK, _REST = 0.2, 10.0


class Listing:
    r"""The instructions of a log that comes in pieces of any size.

    >>> listing = Listing()
    >>> listing.feed(b"IN: main\n0x00000008:  f24c 0000  movw     r0, #0xc000\n0x0000000c:  21")
    >>> listing.feed(b"72       movs     r1, #0x72\n")
    >>> listing.ranges()
    ((8, 14),)
    """

    def __init__(self) -> None:
        self._sizes: dict[int, int] = {}
        self._torn = b""
        #: Why not all that was executed is known; empty when it is.
        self.trouble = ""

    def feed(self, data: bytes) -> None:
        """Take the next piece."""
        whole, end, self._torn = (self._torn + data).rpartition(b"\n")
        if _BLIND in whole:
            self.trouble = "this QEMU was built without a disassembler, so its log has no addresses"
        for address, code in _LINE.findall(whole + end):
            self._sizes[int(address, 16)] = len(code.replace(b" ", b"")) // 2
        if len(self._sizes) > _MOST:
            self._sizes.clear()
            self.trouble = f"it executed more than {_MOST:,} different instructions"

    def starts(self) -> tuple[int, ...]:
        """Return the addresses of the instructions that were executed, in order."""
        return tuple(sorted(self._sizes))

    def ranges(self) -> tuple[tuple[int, int], ...]:
        """Return the bytes that were executed: from, and up to, in the order of addresses."""
        found: list[tuple[int, int]] = []
        for address, size in sorted(self._sizes.items()):
            if found and address <= found[-1][1]:
                found[-1] = found[-1][0], max(found[-1][1], address + size)
            else:
                found.append((address, address + size))
        return tuple(found)


class Executed:
    """The log of one QEMU, whose guest has not run yet, through a pipe in ``folder``.

    With ``branches`` each instruction is logged, each time: it is seen which way they go.
    """

    def __init__(self, folder: Path, qmp: Qmp, branches: Branches | None = None) -> None:
        self._qmp = qmp
        self._ways = None if branches is None else Ways(branches)
        self._quieter: threading.Thread | None = None
        self._pipe = LogPipe(folder / "executed")
        self._listing = Listing()
        self._reader = threading.Thread(target=self._read, name="karatos-executed", daemon=True)

    def begin(self) -> None:
        """Let QEMU log from here on; one that cannot is a trouble, and no failure of the boot."""
        try:
            make_single(self._qmp)
            self._let_log()
        except NotPossible as error:
            self._listing.trouble = error.what
        else:
            self._reader.start()

    def _let_log(self) -> None:
        words = "in_asm" if self._ways is None else "in_asm,exec,nochain"
        for line in (f"logfile {self._pipe.path}", f"log {words}"):
            if not self._qmp.obeys(line):
                raise NotPossible(f"this QEMU refuses '{line.partition('/')[0]}'.")
        self._pipe.forget_name()

    def _read(self) -> None:
        while (data := self._pipe.read(_LOOK)) is not None:
            self._listing.feed(data)
            if self._ways is not None:
                self._ways.feed(data)
                if self._ways.is_cut and self._quieter is None:
                    self._be_quieter()

    def _be_quieter(self) -> None:
        """Log no ways any more; QEMU can only hear it while its log is read."""
        self._quieter = threading.Thread(target=self._log_less, name="karatos-log", daemon=True)
        self._quieter.start()

    def _log_less(self) -> None:
        with contextlib.suppress(KaratosError):
            self._qmp.obeys("log in_asm")

    def close(self, elf_sha256: str) -> Covered:
        """Read what is left, when QEMU is gone, and return what was executed."""
        if self._reader.ident is not None:
            self._reader.join(_REST)
        if self._quieter is not None:
            self._quieter.join(_REST)
        if self._reader.is_alive():
            return Covered(elf_sha256=elf_sha256, trouble="QEMU's log has not come to its end")
        self._pipe.close()
        found = self._listing
        trouble = found.trouble or (self._ways.trouble if self._ways else "")
        branches = self._ways.outcomes() if self._ways else None
        return Covered(
            elf_sha256=elf_sha256,
            ranges=found.ranges(),
            starts=found.starts(),
            trouble=trouble,
            branches=branches,
            is_cut=self._ways is not None and self._ways.is_cut,
        )
