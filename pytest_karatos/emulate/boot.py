"""Start a machine stopped, attach its lines, let it go; the same wherever QEMU runs."""

import contextlib
import shlex
from collections.abc import Iterator
from pathlib import Path

from pytest_karatos.console import Console, Line, Pump, pump_for
from pytest_karatos.emulate.command import command, command_for_people
from pytest_karatos.emulate.launch import Handle, Launcher
from pytest_karatos.emulate.life import QemuLife
from pytest_karatos.emulate.machine import QemuMachine
from pytest_karatos.emulate.protocol import Boot
from pytest_karatos.emulate.qmp import Qmp
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
        _note_command(boot, argv)
        pump = pump_for(boot.rules, Line(wires.console), boot.folder / "console.log")
        stack.callback(wires.keep_uart_logs, boot.folder)
        stack.callback(pump.forget)
        stack.callback(pump.close)
        control = Line(wires.control)
        stack.callback(control.close)
        handle = stack.enter_context(launcher.launch(argv, cwd=wires.scratch, folder=boot.folder))
        machine = _attach(boot, pump, control, handle, wires)
        stack.callback(machine.end)
        yield machine


def _attach(boot: Boot, pump: Pump, control: Line, handle: Handle, wires: Wires) -> QemuMachine:
    life = QemuLife(handle, boot.folder, wires)
    qmp = Qmp(control, alive=lambda: handle.status is None)
    try:
        qmp.greet(boot.boot_timeout_seconds)
    except MachineEnded as error:
        raise _did_not_start(boot, handle, life, error) from None
    # The guest may have run to its end before QEMU comes to answer this: no failure of the boot.
    with contextlib.suppress(MachineEnded):
        qmp.ask("cont", timeout=boot.boot_timeout_seconds)
    console = Console(pump, rules=boot.rules, life=life)
    return QemuMachine(boot.board, console, qmp=qmp, handle=handle, wires=wires)


def _did_not_start(boot: Boot, handle: Handle, life: QemuLife, error: KaratosError) -> BootFailed:
    status = handle.wait(0.5)
    how = f"it ended with exit status {status}" if status is not None else error.what
    said = life.stderr_tail() or "(it wrote nothing on stderr)"
    return BootFailed(
        f"QEMU did not start board '{boot.board.name}': {how}\n{said}",
        why=f"it was to boot {boot.elf}.",
        cure=f"the whole command is in {boot.folder / 'command.txt'}",
    )


def _note_command(boot: Boot, argv: list[str]) -> None:
    text = (
        "# The same boot on your terminal (Ctrl-C ends it):\n"
        f"{command_for_people(boot)}\n\n"
        "# What was run, with pipes of ours as its lines:\n"
        f"{shlex.join(argv)}\n"
    )
    (boot.folder / "command.txt").write_text(text, errors="surrogateescape")
