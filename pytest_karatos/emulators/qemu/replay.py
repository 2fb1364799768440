"""A boot that is over, taken to the moment of its failure once more: what its folder tells."""

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from pytest_karatos.artifacts.files import sha256_of
from pytest_karatos.board import Board
from pytest_karatos.deadline import Deadline
from pytest_karatos.emulators.facts import MachineFacts, unknown_boot
from pytest_karatos.emulators.protocol import Boot, Launcher
from pytest_karatos.emulators.qemu.again import Again, held_boot, let_arrive, trace_of
from pytest_karatos.emulators.qemu.boot import booted
from pytest_karatos.emulators.qemu.keyboard import Typed, read_typed
from pytest_karatos.emulators.qemu.machine import QemuMachine
from pytest_karatos.emulators.qemu.trace import TooFar, Trace, attempts
from pytest_karatos.emulators.qemu.vary import cores
from pytest_karatos.emulators.record import NAME
from pytest_karatos.emulators.stamps import Stamps
from pytest_karatos.errors import BadFirmware, NotPossible, UnknownName

#: Host seconds that it may take to come to the moment; and for how long that is tried anew.
_SECONDS, _TRIES = 240.0, 60.0
#: Longest file of facts that is read; another's may be endless.
_LONGEST = 4 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    transcript: Path


@dataclass(frozen=True, kw_only=True, slots=True)
class _Noted:
    typed: Sequence[Typed]
    is_loose: bool = False


class Past:
    """A boot that is over, by what is in its ``folder``.

    :raises UnknownName: when that is no folder of a boot.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._facts = _facts_in(folder)
        self.console = _Kept(transcript=folder / "console.log")
        self.keyboard = _Noted(typed=read_typed(folder))

    def facts(self) -> MachineFacts:
        """Return what was known of it."""
        return self._facts

    @property
    def board(self) -> str:
        """The name of its board."""
        return self._facts["board"]

    @property
    def variation(self) -> str:
        """What was different in it from other boots of the same."""
        return str(self._facts["variation"])

    @property
    def elf(self) -> Path:
        """The ELF that was booted, unchanged.

        :raises BadFirmware: when it is gone, or another one.
        """
        digest = self._facts["elf_sha256"]
        wanted = Path(self._facts["elf"])
        # A run that came from elsewhere, as from CI, has its builds beside its tests.
        run = self.folder.absolute().parent.parent
        others = sorted(run.glob("builds/*/firmware.elf"))
        there = [one for one in (wanted, *others) if one.is_file()]
        for one in there:
            if sha256_of(one) == digest:
                return one
        changed = f"{wanted} is another one now" if wanted in there else f"{wanted} is gone"
        raise BadFirmware(
            f"the firmware of that boot is not there any more: {changed}.",
            why=f"its SHA-256 was {digest}.",
            fix="run the test again, and take the folder of that run",
        )

    @property
    def failed_at(self) -> int | None:
        """After how many instructions its test failed; None when nobody looked then."""
        return self._facts["instructions"] if self._facts["where"] is not None else None


def _facts_in(folder: Path) -> MachineFacts:
    try:
        with (folder / NAME).open("rb") as file:
            found = json.loads(file.read(_LONGEST))
    except (OSError, ValueError, RecursionError):
        found = None
    blank = unknown_boot(str(folder))
    known = isinstance(found, dict) and all(
        isinstance(found.get(key), str) for key in ("board", "elf", "elf_sha256")
    )
    if not known:
        raise UnknownName(
            f"{folder} is not the folder of a boot: it has no {NAME} that can be read.",
            fix="name one below .karatos/latest/tests/, as the failure of the test does",
        )
    facts = cast("MachineFacts", {**blank, **found})
    count = facts["instructions"]
    facts["instructions"] = count if isinstance(count, int) and count >= 0 else None
    return facts


@dataclass(frozen=True, kw_only=True, slots=True)
class Moment:
    """Where a boot was taken to: after so many ``instructions``; ``what`` was there."""

    instructions: int
    what: str


Start = Callable[[Boot], AbstractContextManager[QemuMachine]]


@contextlib.contextmanager
def replayed(
    past: Past, boot: Boot, launcher: Launcher, *, remark: Callable[[str], object]
) -> Iterator[tuple[QemuMachine, Moment]]:
    """Boot as ``past`` did, up to its failure, or else to its last byte; the guest stands there.

    ``remark`` is told why an attempt is made anew.

    :raises NotPossible: where the boot cannot be repeated, or is another one this time.
    """

    def start(boot: Boot) -> AbstractContextManager[QemuMachine]:
        return booted(boot, launcher)

    _require_one_core(boot.board)
    again = Again(boot, past, start)
    moment = _moment(past, again)
    for number, is_last in enumerate(attempts(_TRIES)):
        with contextlib.ExitStack() as stack:
            folder = boot.folder / str(number)
            folder.mkdir(parents=True)
            held = stack.enter_context(start(held_boot(boot, folder, Stamps())))
            try:
                _bring(held, past, moment)
            except TooFar as error:
                if is_last:
                    raise
                remark(f"once more: {error.what}")
                continue
            again.compare_so_far(held.console)
            yield held, moment
            return


def _moment(past: Past, again: Again) -> Moment:
    again.require()
    if past.failed_at is not None:
        return Moment(instructions=past.failed_at, what="where its test failed")
    size = past.console.transcript.stat().st_size if past.console.transcript.is_file() else 0
    if not size:
        return Moment(instructions=0, what="before its first instruction, for it printed nothing")
    last = size - 1
    found = again.stamps([last], times=False)[last]
    return Moment(instructions=found.instructions, what="where its last byte was printed")


def _require_one_core(board: Board) -> None:
    """Raise NotPossible where stopping the guest on the way would change whose turn it is."""
    count = cores(board.qemu)
    if count > 1:
        raise NotPossible(
            f"board '{board.name}' has {count} cores, and QEMU runs one after the other: each time "
            "that the guest is stopped on its way, it is the next one's turn. It would be another "
            "boot.",
            why="a boot is taken to its failure in steps.",
            fix="what each core did is in the failure; the boot itself is had again by the test, "
            "with --karatos-vary where it was varied",
        )


def _bring(held: QemuMachine, past: Past, moment: Moment) -> None:
    trace, deadline = trace_of(held), Deadline(_SECONDS)
    trace.begin()
    for one in past.keyboard.typed:
        if one.instructions <= moment.instructions:
            _come_to(trace, one.instructions, deadline)
            let_arrive(held, one)
    _come_to(trace, moment.instructions, deadline)
    trace.end()


def _come_to(trace: Trace, instructions: int, deadline: Deadline) -> None:
    trace.come_near(instructions, deadline.left)
    trace.run_to(instructions, deadline.left)
