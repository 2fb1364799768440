"""The lines of a boot besides its console: all UARTs that QEMU's machine has, and semihosting."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pytest_karatos.choices import SEMIHOSTING
from pytest_karatos.console import Console, NamedPipes, Pump, Streams
from pytest_karatos.emulators.consoles import Consoles
from pytest_karatos.emulators.protocol import Boot
from pytest_karatos.emulators.qemu.boot_files import BootFiles
from pytest_karatos.emulators.qemu.command import chardev, lines_of
from pytest_karatos.emulators.qemu.qmp import Qmp


class OtherLines:
    """The lines besides the console; which of them there are is known when QEMU is asked."""

    def __init__(self, boot: Boot, wires: BootFiles) -> None:
        self._boot = boot
        names = [name for name in lines_of(boot) if name != boot.board.console]
        self._pipes = {name: NamedPipes(wires.line(name)) for name in names}
        self.pumps: Mapping[str, Pump] = {}
        self._is_closed = False

    def stdout(self, console: NamedPipes) -> Path | None:
        """Return where QEMU's stdout goes: what a guest writes to ``:tt`` is semihosting too."""
        if self._boot.board.console == SEMIHOSTING:
            return console.out
        return self._pipes[SEMIHOSTING].out if SEMIHOSTING in self._pipes else None

    def attach(self, boot: Boot, qmp: Qmp) -> None:
        """Hear the lines that a device of QEMU's is connected to; its guest has not run yet."""
        self._boot = boot
        told = {one["label"]: one["frontend-open"] for one in qmp.ask("query-chardev")}
        self.pumps = {
            name: self._heard(name, pipes)
            for name, pipes in self._pipes.items()
            if told.get(chardev(self._boot, name))
        }
        for pipes in self._pipes.values():
            pipes.seal()

    def _heard(self, name: str, pipes: NamedPipes) -> Pump:
        transcript = self._boot.folder / f"{name}.log"
        return Pump(pipes, transcript, limit_bytes=self._boot.rules.total_bytes)

    def consoles(self, console: Console, streams: Streams) -> Consoles:
        """Return the consoles of all lines, in order; ``console`` is the machine's own."""
        # How a boot begins, and what prompts, is said of the console alone.
        rules = replace(self._boot.rules, filter=(), ready="", prompt="", boot_text="")
        found = {self._boot.board.console: console}
        for name, pump in self.pumps.items():
            found[name] = Console(pump, rules=rules, streams=streams, name=name)
        return Consoles({name: found[name] for name in lines_of(self._boot) if name in found})

    @property
    def lost(self) -> list[str]:
        """What the disk did not take of them."""
        return [loss for pump in self.pumps.values() for loss in pump.lost]

    def close(self) -> None:
        """Stop listening; of a line on which nothing came no file is left. Safe to call again."""
        if self._is_closed:
            return
        self._is_closed = True
        for name, pipes in self._pipes.items():
            pump = self.pumps.get(name)
            if pump is None:
                pipes.close()
                continue
            pump.close()
            pump.forget()
            if not pump.total:
                pump.discard()
