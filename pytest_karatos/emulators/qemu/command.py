"""QEMU's command line for a boot: data in, a list of arguments out."""

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

from pytest_karatos.choices import BIOS, DEVICE, KERNEL, OFF, SEMIHOSTING
from pytest_karatos.emulators.protocol import Boot
from pytest_karatos.emulators.qemu import clock, inject, vary
from pytest_karatos.emulators.qemu.boot_files import BootFiles
from pytest_karatos.emulators.qemu.clock import BASE
from pytest_karatos.errors import BadSetting

#: The same in every boot, so that every boot is the same: fixed clock, fixed randomness, no
#: devices, network, display or monitor that the board does not bring.
_ALWAYS = ("-nodefaults", "-display", "none", "-rtc", f"clock=vm,base={BASE}")
_SEED = ("-seed", "1")
_CONSOLE = "karatos-console"
_CONTROL = "karatos-control"
_LOADERS = {
    KERNEL: ("-kernel", "{elf}"),
    BIOS: ("-bios", "{elf}"),
    DEVICE: ("-device", "loader,file={escaped},cpu-num=0"),
}
#: UARTs that are listened to: as many as can be the console. QEMU leaves out what a machine lacks.
_UARTS = 10


def command(boot: Boot, wires: BootFiles, sandbox: Sequence[str] = ()) -> list[str]:
    """Return QEMU's arguments: started stopped, console and control on the pipes of ``wires``."""
    return [
        *(boot.board.emulator, *sandbox, *boot.board.qemu),
        *(*_ALWAYS, *_SEED, *_time(boot), "-S"),
        # What QEMU says itself begins with a word that no guest can know: it may write there too.
        *("-name", wires.signature, "-msg", "guest-name=on"),
        *_lines(boot, wires),
        *("-chardev", f"pipe,id={_CONTROL},path={escaped(wires.control)}"),
        *("-mon", f"chardev={_CONTROL},mode=control"),
        *clock.arguments(wires.pipes, escaped),
        *inject.arguments(boot.board, wires.pipes),
        *_image(boot),
        *boot.arguments,
    ]


def command_for_people(boot: Boot) -> str:
    """Return a line for a shell that boots the same with the console on the terminal."""
    console = _console_index(boot)
    serials = [part for _ in range(console or 0) for part in ("-serial", "null")]
    argv = [
        *(boot.board.emulator, *boot.board.qemu, *_ALWAYS, *_SEED, *_time(boot)),
        *serials,
        *(("-serial", "stdio") if console is not None else ()),
        *_semihosting(boot, ""),
        *_image(boot),
        *boot.arguments,
    ]
    return shlex.join(argv)


def escaped(path: Path) -> str:
    """Write a path inside an option of QEMU, where a comma ends a value unless it is doubled.

    >>> escaped(Path("/tmp/a,b"))
    '/tmp/a,,b'
    """
    return str(path).replace(",", ",,")


def _console_index(boot: Boot) -> int | None:
    name = boot.board.console
    if name == SEMIHOSTING:
        return None
    number = name.removeprefix("uart")
    if number == name or not number.isdecimal():
        raise BadSetting(
            f"board '{boot.board.name}' has console = '{name}', not a serial line of a board.",
            fix='write console = "uart0" (or uart1 ...), or console = "semihosting"',
        )
    return int(number)


def lines_of(boot: Boot) -> tuple[str, ...]:
    """Return the names of all lines that are listened to, the console's among them.

    Without a line of its own, what a guest prints by semihosting would stand among QEMU's words.
    """
    uarts = [f"uart{index}" for index in range(max(_UARTS, (_console_index(boot) or 0) + 1))]
    return (*uarts, SEMIHOSTING) if is_hosted(boot) else tuple(uarts)


def is_hosted(boot: Boot) -> bool:
    """Tell whether the guest may use semihosting."""
    return boot.board.semihosting or boot.board.console == SEMIHOSTING


def chardev(boot: Boot, name: str) -> str:
    """Return what QEMU calls the line of that name."""
    return _CONSOLE if name == boot.board.console else f"karatos-{name}"


def _lines(boot: Boot, wires: BootFiles) -> Iterator[str]:
    for name in lines_of(boot):
        label = chardev(boot, name)
        path = wires.console if label == _CONSOLE else wires.line(name)
        yield from ("-chardev", f"pipe,id={label},path={escaped(path)}")
        if name == SEMIHOSTING:
            yield from _semihosting(boot, f",chardev={label}")
        else:
            yield from ("-serial", f"chardev:{label}")


def _semihosting(boot: Boot, line: str) -> tuple[str, ...]:
    if not is_hosted(boot):
        return ()
    return ("-semihosting-config", f"enable=on,target=native{line}")


def _time(boot: Boot) -> tuple[str, ...]:
    if boot.variation:
        return ("-icount", vary.icount(boot.board, boot.variation), *vary.slicer(boot.variation))
    return () if boot.board.icount == OFF else ("-icount", boot.board.icount)


def _image(boot: Boot) -> list[str]:
    if boot.board.loader not in _LOADERS:
        raise BadSetting(
            f"board '{boot.board.name}' has loader = '{boot.board.loader}', which is not known.",
            fix=f"known loaders: {', '.join(_LOADERS)}",
        )
    elf = boot.elf.absolute()
    return [part.format(elf=elf, escaped=escaped(elf)) for part in _LOADERS[boot.board.loader]]
