"""A boot in QEMU: started stopped, its lines attached, let go; the same wherever QEMU runs."""

import contextlib
import shlex
import signal
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from pytest_karatos.artifacts.files import write_whole
from pytest_karatos.choices import OFF
from pytest_karatos.console import Console, Streams, pump_for
from pytest_karatos.debug.branches import branches_of
from pytest_karatos.emulators.covered import NAME as COVERED
from pytest_karatos.emulators.covered import note_covered
from pytest_karatos.emulators.protocol import Boot, Launcher
from pytest_karatos.emulators.qemu.again import Starter
from pytest_karatos.emulators.qemu.boot_files import KEPT, BootFiles
from pytest_karatos.emulators.qemu.command import command_for_people, is_hosted
from pytest_karatos.emulators.qemu.executed import Executed
from pytest_karatos.emulators.qemu.keyboard import NAME as TYPED
from pytest_karatos.emulators.qemu.log_pipe import LogPipe
from pytest_karatos.emulators.qemu.machine import QemuMachine
from pytest_karatos.emulators.qemu.pace import Pace, processor_seconds, threads_sleep
from pytest_karatos.emulators.qemu.preempt import Preempted, Preemptor
from pytest_karatos.emulators.qemu.schedule import schedule_of
from pytest_karatos.emulators.qemu.status import QemuStatus, note_event
from pytest_karatos.emulators.qemu.stopped import StoppedQemu
from pytest_karatos.emulators.qemu.trace import Trace
from pytest_karatos.emulators.record import Record
from pytest_karatos.errors import BootFailed, KaratosError, MachineEnded, NotPossible

#: What QEMU, or its loader, says about a file that it may not open.
_REFUSALS = ("Permission denied", "Operation not permitted", "No such file")


@contextlib.contextmanager
def booted(boot: Boot, launcher: Launcher) -> Iterator[QemuMachine]:
    """Run ``boot`` for as long as the block lasts; no process is left behind.

    :raises BootFailed: when QEMU ends, or does not answer, before the guest's first instruction.
    """
    boot.folder.mkdir(parents=True, exist_ok=True)
    with contextlib.ExitStack() as stack:
        qemu = stack.enter_context(_stopped(boot, launcher))
        # Nobody who boots the same once more may take that machine for a fresh one.
        boot = replace(boot, stopped=None)
        if qemu.elf != boot.elf:
            boot = replace(boot, elf=qemu.elf, origin=boot.origin or boot.elf)
        pump = pump_for(boot.rules, qemu.line, boot.folder / "console.log")
        record = Record(boot=boot, argv=qemu.argv, pump=pump)
        stack.callback(record.finish)
        stack.callback(_keep_files, record, qemu.wires)
        stack.callback(pump.forget)
        stack.callback(pump.close)
        stack.callback(qemu.others.close)
        # Whatever becomes of us, the folder tells what was booted.
        _note_command(record)
        record.write()
        machine = _attach(record, qemu, partial(booted, launcher=launcher))
        machine.keyboard = qemu.line
        stack.callback(_close_trace, machine)
        stack.callback(machine.injector.close)
        machine.injector.attach()
        executed = _executed(boot, qemu)
        if executed is not None:
            stack.callback(_note_executed, record, executed)
        stack.callback(machine.end)
        stack.callback(qemu.line.rest)
        machine.trace = _trace(boot, qemu)
        machine.preempted = _preempt(boot, qemu, machine)
        _let_go(record, qemu, machine.trace, executed)
        yield machine


def _stopped(boot: Boot, launcher: Launcher) -> StoppedQemu:
    """Return the QEMU that was started ahead, unless somebody has changed the boot since."""
    ahead = boot.stopped
    if isinstance(ahead, StoppedQemu) and ahead.fits(boot):
        return ahead
    if ahead is not None:
        ahead.close()
    return StoppedQemu(boot, launcher)


def _attach(record: Record, qemu: StoppedQemu, start: Starter) -> QemuMachine:
    boot = record.boot
    try:
        qemu.start(boot.folder)
    except MachineEnded as error:
        record.exit_status = qemu.handle.wait(0.5)
        raise _did_not_start(boot, record.exit_status, _status(boot, qemu), error) from None
    record.emulator = f"QEMU {qemu.qmp.version}"
    others, handle, life = qemu.others, qemu.handle, _status(boot, qemu)
    others.attach(boot, qemu.qmp)
    record.lost_beside = lambda: others.lost
    streams = Streams(life)
    record.own_resets = streams.resets
    qemu.qmp.on_event = partial(note_event, streams.resets)
    life.hear_rest = qemu.qmp.hear_rest
    console = Console(record.pump, rules=boot.rules, streams=streams)
    pace = life.pace = Pace(
        qemu.qmp,
        qemu.clock,
        wait_for_end=record.pump.wait_for_end,
        asleep=lambda: threads_sleep(handle.pid) if handle.pid else None,
        cpu_seconds=lambda: processor_seconds(handle.pid) if handle.pid else 0.0,
    )
    if boot.board.icount != OFF and not boot.held:
        qemu.line.attach(pace, boot.folder / TYPED)
    consoles = others.consoles(console, streams)
    return QemuMachine(record, consoles, pace=pace, handle=handle, wires=qemu.wires, start=start)


def _status(boot: Boot, qemu: StoppedQemu) -> QemuStatus:
    return QemuStatus(qemu.handle, boot.folder, qemu.wires.signature, hosted=is_hosted(boot))


def _trace(boot: Boot, qemu: StoppedQemu) -> Trace | None:
    """Make the log of a boot in which instructions are counted.

    :raises NotPossible: where a count would be another one each time, or QEMU cannot.
    """
    if boot.stamps is None:
        return None
    if boot.board.icount == OFF:
        raise NotPossible(
            'icount = "off".',
            why="without it no two boots are the same.",
            fix='let the board have icount = "shift=5,sleep=off"',
        )
    handle, pipe = qemu.handle, LogPipe(qemu.wires.pipes / "trace")
    return Trace(
        pipe, qemu.qmp, boot.stamps, alive=lambda: handle.status is None, clock=qemu.clock.read
    )


def _close_trace(machine: QemuMachine) -> None:
    if machine.trace is not None:
        machine.trace.close()


def _executed(boot: Boot, qemu: StoppedQemu) -> Executed | None:
    """Make the log of what is executed, where somebody asks; a counted boot has another log."""
    is_other = boot.stamps is not None or boot.held
    if is_other or not boot.covered:
        return None
    branches = branches_of(boot.elf) if boot.branches else None
    return Executed(qemu.wires.pipes, qemu.qmp, branches)


def _preempt(boot: Boot, qemu: StoppedQemu, machine: QemuMachine) -> Preempted | None:
    """Let the guest come to where time passes for it; it stands there.

    :raises NotPossible: where it does not come there.
    """
    schedule = None if boot.held else schedule_of(boot.variation)
    if schedule is None:
        return None
    pid = qemu.handle.pid
    preemptor = Preemptor(
        machine.open_stub(), qemu.qmp, qemu.clock, waits=lambda: threads_sleep(pid) if pid else None
    )
    return preemptor.let_pass(schedule)


def _note_executed(record: Record, executed: Executed) -> None:
    boot = record.boot
    try:
        note_covered(boot.folder, executed.close(record.facts()["elf_sha256"]))
    except OSError as error:
        record.lose(COVERED, error)


def _let_go(
    record: Record, qemu: StoppedQemu, trace: Trace | None, executed: Executed | None
) -> None:
    record.begin()
    if record.boot.held:
        return
    if executed is not None:
        executed.begin()
    if trace is not None:
        trace.begin()
        trace.follow()
    # The guest may have run to its end before QEMU comes to answer this: no failure of the boot.
    with contextlib.suppress(MachineEnded):
        qemu.qmp.ask("cont", timeout=record.boot.boot_timeout_seconds)


def _did_not_start(
    boot: Boot, status: int | None, life: QemuStatus, error: KaratosError
) -> BootFailed:
    how = f"it ended with exit status {status}" if status is not None else error.what
    said = life.stderr_tail() or "(it wrote nothing on stderr)"
    note = boot.folder / "command.txt"
    return BootFailed(
        f"QEMU did not start board '{boot.board.name}': {how}\n{said}",
        why=f"it was to boot {boot.elf}.",
        fix=f"the whole command is in {note}{_held_back(boot, status, said)}",
    )


def _held_back(boot: Boot, status: int | None, said: str) -> str:
    """Say what to do where it may have been our containment that QEMU ran into."""
    refused = status == -signal.SIGSYS or any(words in said for words in _REFUSALS)
    if not (boot.board.contained and refused):
        return ""
    return (
        "; it reaches only its own files, the ELF and those that its arguments name: allow more "
        "with [emulator] readable or writable, or, for firmware that you trust, contained = false"
    )


def _note_command(record: Record) -> None:
    record.command = command_for_people(record.boot)
    text = (
        "# The same boot on your terminal (Ctrl-C ends it):\n"
        f"{record.command}\n\n"
        "# What was run, with pipes of ours as its lines:\n"
        f"{shlex.join(record.argv)}\n"
    )
    try:
        write_whole(record.boot.folder / "command.txt", text.encode(errors="surrogateescape"))
    except OSError as error:
        record.lose("command.txt", error)


def _keep_files(record: Record, wires: BootFiles) -> None:
    try:
        wires.keep_files(record.boot.folder)
    except OSError as error:
        record.lose(KEPT, error)
