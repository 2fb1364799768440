"""Record what is known of one boot, for the ledger and for ``boot.json`` in the boot's folder."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from pytest_karatos.artifacts.files import sha256_of, write_json
from pytest_karatos.console import Pump
from pytest_karatos.emulate.protocol import Boot

#: Raised when a reader of ``boot.json`` would have to change.
SCHEMA_VERSION = 1
NAME = "boot.json"


@dataclass(kw_only=True, slots=True)
class Record:
    """The boot's facts so far; the machine fills them in as they come to be known.

    ``state`` is ``running``, ``ended`` (by itself), ``stopped`` (by us, when its test was over) or
    ``failed`` (QEMU did not start). ``emulator`` is QEMU's version as it says it on its control
    line. ``instructions`` is None where nobody counted, or nobody asked before the end.
    """

    boot: Boot
    argv: Sequence[str]
    pump: Pump
    state: str = "running"
    emulator: str = ""
    exit_status: int | None = None
    instructions: int | None = None
    pauses: int = 0
    resets: int = 0
    losses: list[str] = field(default_factory=list)
    _started: str = ""
    _zero: float = 0.0
    _digest: str = ""

    def begin(self) -> None:
        """Note that the guest is let go now."""
        self.pump.start_clock()
        self._zero = time.monotonic()
        self._started = datetime.now(UTC).isoformat(timespec="milliseconds")

    def facts(self) -> dict[str, Any]:
        """Return plain values that can be JSON and cross processes (see ``Machine.facts``)."""
        boot, pump = self.boot, self.pump
        return {
            "board": boot.board.name,
            "arch": boot.board.arch,
            "elf": str(boot.origin or boot.elf),
            "elf_sha256": self._elf_sha256(),
            "qemu": self.emulator,
            "argv": list(self.argv),
            "folder": str(boot.folder),
            "state": self.state,
            "exit_status": self.exit_status,
            "started": self._started,
            "wall_seconds": self._wall_seconds(),
            "bytes": pump.total,
            "dropped_bytes": pump.dropped_bytes,
            "instructions": self.instructions,
            "pauses": self.pauses,
            "resets": self.resets,
            "lost": [*self.losses, *pump.lost],
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

    def _wall_seconds(self) -> float:
        if not self._started:
            return 0.0
        # The line ends with QEMU, so this is when it was over, whoever looks how late.
        end = self.pump.ended_at or time.monotonic()
        return round(max(0.0, end - self._zero), 6)

    def _elf_sha256(self) -> str:
        if not self._digest:
            self._digest = self.boot.elf_sha256 or sha256_of(self.boot.elf)
        return self._digest
