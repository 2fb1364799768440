"""Start a machine stopped, attach its lines, let it go; the same wherever QEMU runs."""

import contextlib
import shlex
from collections.abc import Iterator
from pathlib import Path

from pytest_karatos.artifacts.files import write_whole
from pytest_karatos.console import Console, Line, pump_for
from pytest_karatos.emulate.command import command, command_for_people
from pytest_karatos.emulate.launch import Handle, Launcher
from pytest_karatos.emulate.life import QemuLife
from pytest_karatos.emulate.machine import QemuMachine
from pytest_karatos.emulate.protocol import Boot
from pytest_karatos.emulate.qmp import Qmp
from pytest_karatos.emulate.record import Record
from pytest_karatos.emulate.wires import Wires, laid_wires
from pytest_karatos.errors import BootFailed, KaratosError, MachineEnded


@contextlib.contextmanager
def booted(boot: Boot, launcher: Launcher, wires_root: Path | None = None) -> Iterator[QemuMachine]:
    """Run ``boot`` for as long as the block lasts; no process is left behind.

    :raises BootFailed: when QEMU ends, or does not answer, before the guest's first instruction.
    """
    boot.folder.mkdir(parents=True, exist_ok=True)
    with laid_wires(wires_root) as wires, contextlib.ExitStack() as stack:
        argv = command(boot, wires)
        pump = pump_for(boot.rules, Line(wires.console), boot.folder / "console.log")
        record = Record(boot=boot, argv=argv, pump=pump)
        stack.callback(record.finish)
        stack.callback(_keep_uart_logs, record, wires)
        stack.callback(pump.forget)
        stack.callback(pump.close)
        # Whatever becomes of us, the folder tells what was booted.
        _note_command(record)
        record.write()
        control = Line(wires.control)
        stack.callback(control.close)
        handle = stack.enter_context(launcher.launch(argv, cwd=wires.scratch, folder=boot.folder))
        machine = _attach(record, control, handle, wires)
        stack.callback(machine.end)
        yield machine


def _attach(record: Record, control: Line, handle: Handle, wires: Wires) -> QemuMachine:
    boot = record.boot
    life = QemuLife(handle, boot.folder, wires)
    qmp = Qmp(control, alive=lambda: handle.status is None)
    try:
        qmp.greet(boot.boot_timeout_seconds)
    except MachineEnded as error:
        record.exit_status = handle.wait(0.5)
        raise _did_not_start(boot, record.exit_status, life, error) from None
    record.emulator = qmp.version
    record.begin()
    # The guest may have run to its end before QEMU comes to answer this: no failure of the boot.
    with contextlib.suppress(MachineEnded):
        qmp.ask("cont", timeout=boot.boot_timeout_seconds)
    console = Console(record.pump, rules=boot.rules, life=life)
    return QemuMachine(record, console, qmp=qmp, handle=handle, wires=wires)


def _did_not_start(
    boot: Boot, status: int | None, life: QemuLife, error: KaratosError
) -> BootFailed:
    how = f"it ended with exit status {status}" if status is not None else error.what
    said = life.stderr_tail() or "(it wrote nothing on stderr)"
    return BootFailed(
        f"QEMU did not start board '{boot.board.name}': {how}\n{said}",
        why=f"it was to boot {boot.elf}.",
        cure=f"the whole command is in {boot.folder / 'command.txt'}",
    )


def _note_command(record: Record) -> None:
    text = (
        "# The same boot on your terminal (Ctrl-C ends it):\n"
        f"{command_for_people(record.boot)}\n\n"
        "# What was run, with pipes of ours as its lines:\n"
        f"{shlex.join(record.argv)}\n"
    )
    try:
        write_whole(record.boot.folder / "command.txt", text.encode(errors="surrogateescape"))
    except OSError as error:
        record.lose("command.txt", error)


def _keep_uart_logs(record: Record, wires: Wires) -> None:
    try:
        wires.keep_uart_logs(record.boot.folder)
    except OSError as error:
        record.lose("uart*.log", error)
