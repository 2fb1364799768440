"""What is known of one boot, for the ledger and for ``boot.json`` in the boot's folder."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pytest_karatos.artifacts.files import sha256_of, write_json
from pytest_karatos.console import Pump, Resets
from pytest_karatos.debug.facts import WhereFacts
from pytest_karatos.emulators.facts import MachineFacts
from pytest_karatos.emulators.protocol import Boot

#: Raised when a reader of ``boot.json`` would have to change.
SCHEMA_VERSION = 2
NAME = "boot.json"


@dataclass(kw_only=True, slots=True)
class Record:
    """The boot's facts so far; the machine fills them in as they come to be known.

    ``state`` is ``running``, ``ended`` (by itself), ``stopped`` (by us, when its test was over) or
    ``failed`` (it did not start). ``emulator`` is its name and version. ``instructions`` is None
    where nobody counted, or nobody asked before the end; where the test failed, they are those up
    to then (see ``where``).
    """

    boot: Boot
    argv: Sequence[str]
    pump: Pump
    state: str = "running"
    emulator: str = ""
    #: The boot as people type it.
    command: str = ""
    exit_status: int | None = None
    instructions: int | None = None
    pauses: int = 0
    resets: int = 0
    #: Those of the firmware by itself.
    own_resets: Resets = field(default_factory=Resets)
    #: Where it was when its test failed.
    where: WhereFacts | None = None
    losses: list[str] = field(default_factory=list)
    #: Tells what the disk did not take of other lines.
    lost_beside: Callable[[], Sequence[str]] = tuple
    _started: str = ""
    _zero: float = 0.0
    _digest: str = ""

    def begin(self) -> None:
        """Note that the guest is let go now."""
        self.pump.start_clock()
        self._zero = time.monotonic()
        self._started = datetime.now(UTC).isoformat(timespec="milliseconds")

    def facts(self) -> MachineFacts:
        """Return plain values that can be JSON and cross processes."""
        boot, pump = self.boot, self.pump
        return {
            "board": boot.board.name,
            "arch": boot.board.arch,
            "elf": str(boot.origin or boot.elf),
            "elf_sha256": self._elf_sha256(),
            "emulator": self.emulator,
            "argv": list(self.argv),
            "command": self.command,
            "folder": str(boot.folder.absolute()),
            "state": self.state,
            "exit_status": self.exit_status,
            "started": self._started,
            "seconds": self._seconds(),
            "bytes": pump.total,
            "dropped_bytes": pump.dropped_bytes,
            "instructions": self.instructions,
            "pauses": self.pauses,
            "resets": self.resets,
            "own_resets": self.own_resets.count,
            "unasked_resets": self.own_resets.unasked,
            "variation": boot.variation,
            "where": self.where,
            "lost": [*self.losses, *pump.lost, *self.lost_beside()],
        }

    def finish(self) -> None:
        """Write the facts for the last time; a guest that was never let go has failed."""
        if not self._started:
            self.state = "failed"
        self.write()

    def write(self) -> None:
        """Put the facts into the boot's folder; a disk that takes no more is noted in them."""
        with_schema = {"schema": SCHEMA_VERSION, **self.facts()}
        try:
            write_json(self.boot.folder / NAME, with_schema)
        except OSError as error:
            self.lose(NAME, error)

    def lose(self, name: str, error: OSError) -> None:
        """Note that a file could not be written."""
        loss = f"{self.boot.folder / name}: {error.strerror}"
        if loss not in self.losses:
            self.losses.append(loss)

    def _seconds(self) -> float:
        if not self._started:
            return 0.0
        # The line ends with the machine, so this is when it was over, whoever looks how late.
        end = self.pump.ended_at or time.monotonic()
        return round(max(0.0, end - self._zero), 6)

    def _elf_sha256(self) -> str:
        if not self._digest:
            self._digest = self.boot.elf_sha256 or sha256_of(self.boot.elf)
        return self._digest
