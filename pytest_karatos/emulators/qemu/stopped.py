"""A QEMU that is started, with its lines attached, and whose guest has not run yet.

It is the first half of each boot, and all of one that is started ahead.
"""

import contextlib
import threading
from dataclasses import replace
from pathlib import Path
from typing import Self

from pytest_karatos.console import NamedPipes
from pytest_karatos.emulators.protocol import OUTPUTS, Boot, Handle, Launcher
from pytest_karatos.emulators.qemu.boot_files import boot_files
from pytest_karatos.emulators.qemu.clock import GuestClock
from pytest_karatos.emulators.qemu.command import command
from pytest_karatos.emulators.qemu.keyboard import Keyboard
from pytest_karatos.emulators.qemu.lines import OtherLines
from pytest_karatos.emulators.qemu.qmp import Qmp
from pytest_karatos.emulators.qemu.reach import access, named_files, sandbox

#: QEMU's options that let two machines run side by side: none of them claims what only one has.
_SHAREABLE = frozenset(
    f"-{word}"
    for word in (
        *("M", "accel", "append", "bios", "cpu", "global", "icount", "m", "machine", "smp"),
        *("semihosting", "semihosting-config", "no-reboot"),
    )
)


class StoppedQemu:
    """The files, the lines and the process of one machine; a context manager that ends them all.

    ``boot`` says which, and how it is started.
    """

    def __init__(self, boot: Boot, launcher: Launcher) -> None:
        self._boot = boot
        self._launcher = launcher
        self._abandoned = threading.Event()
        self._outputs: Path | None = None
        self.handle: Handle
        self.clock: GuestClock
        with contextlib.ExitStack() as stack:
            self.wires = stack.enter_context(boot_files(launcher))
            #: The ELF where QEMU sees it.
            self.elf = launcher.visible(boot.elf, self.wires.folder)
            seen = replace(boot, elf=self.elf)
            self.argv = command(seen, self.wires, sandbox(boot.board, launcher))
            self.line = Keyboard(self.wires.console)
            stack.callback(self.line.close)
            self.line.widen()
            self.others = OtherLines(boot, self.wires)
            stack.callback(self.others.close)
            control = NamedPipes(self.wires.control)
            stack.callback(control.close)
            self._control = control
            self.qmp = Qmp(control, alive=self._is_alive)
            self._stack = stack.pop_all()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def fits(self, boot: Boot) -> bool:
        """Tell whether ``boot`` would start the same."""
        return self._boot.start == boot.start

    def start(self, outputs: Path) -> None:
        """Start QEMU and attach its lines; what it prints goes to files in ``outputs``.

        One that was started ahead takes the files that it has written along.

        :raises MachineEnded: when it ends, or does not answer, before the guest can run.
        :raises OSError: when the files cannot be moved.
        """
        if self._outputs is not None:
            self._move_to(outputs)
            return
        self._outputs = outputs
        self.clock = GuestClock(self.wires.pipes)
        self._stack.callback(self.clock.close)
        held = access(self._boot, self.wires, self.elf, self._launcher)
        self.handle = self._stack.enter_context(
            self._launcher.launch(
                self.argv,
                cwd=self.wires.scratch,
                folder=outputs,
                access=held,
                stdout=self.others.stdout(self.line),
            )
        )
        self.qmp.greet(self._boot.boot_timeout_seconds)
        # QEMU has opened its ends, and the guest has not run yet: it never can open them.
        self.clock.attach()
        for one in (self.line, self._control):
            one.seal()

    def _move_to(self, outputs: Path) -> None:
        if self._outputs is None or self._outputs == outputs:
            return
        for name in OUTPUTS:
            with contextlib.suppress(FileNotFoundError):  # it goes to a line
                (self._outputs / name).replace(outputs / name)
        self._outputs = outputs

    def give_up(self) -> None:
        """Let :meth:`start`, which another thread may be in, fail soon."""
        self._abandoned.set()

    @property
    def is_ready(self) -> bool:
        """Whether it was started and is still there."""
        return self._outputs is not None and self.handle.status is None

    def _is_alive(self) -> bool:
        return not self._abandoned.is_set() and self.handle.status is None

    def close(self) -> None:
        """End it, whatever it does; safe to call again."""
        self._stack.close()


def can_wait(boot: Boot) -> bool:
    """Tell whether QEMU may be started before its test: it reads and claims nothing but the ELF.

    Files may be made by a fixture that runs before the boot, and a port is there only once.
    """
    words = (*boot.board.qemu, *boot.arguments)
    named = named_files(words, Path("/"))
    files = (*named.read, *named.written, *named.made)
    options = {word for word in words if word.startswith("-")}
    as_usual = boot.stamps is None and not boot.held
    return as_usual and not files and options <= _SHAREABLE
