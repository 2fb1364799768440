"""Write QEMU's command line for a boot: data in, a list of arguments out, nothing else."""

import shlex
from pathlib import Path

from pytest_karatos.emulate.protocol import Boot
from pytest_karatos.emulate.wires import Wires
from pytest_karatos.errors import BadSetting

#: The same in every boot, so that every boot is the same: fixed clock, fixed randomness, no
#: devices, network, display or monitor that the board does not bring.
_ALWAYS = ("-nodefaults", "-display", "none", "-rtc", "clock=vm,base=2020-01-01T00:00:00")
_SEED = ("-seed", "1")
_CONSOLE = "karatos-console"
_CONTROL = "karatos-control"
_LOADERS = {
    "kernel": ("-kernel", "{elf}"),
    "bios": ("-bios", "{elf}"),
    "device": ("-device", "loader,file={escaped},cpu-num=0"),
}
SEMIHOSTING = "semihosting"
#: UARTs that are listened to besides the console, so that a mix-up can be told.
_UARTS = 2


def command(boot: Boot, wires: Wires) -> list[str]:
    """Return QEMU's arguments: started stopped, console and control on the pipes of ``wires``."""
    return [
        *(boot.board.emulator, *boot.board.machine),
        *(*_ALWAYS, *_SEED, *_time(boot), "-S"),
        *("-chardev", f"pipe,id={_CONSOLE},path={escaped(wires.console)}"),
        *_serials(boot, wires.folder),
        *_semihosting(boot, f",chardev={_CONSOLE}"),
        *("-chardev", f"pipe,id={_CONTROL},path={escaped(wires.control)}"),
        *("-mon", f"chardev={_CONTROL},mode=control"),
        *_image(boot),
        *boot.arguments,
    ]


def command_for_people(boot: Boot) -> str:
    """Return a line for a shell that boots the same with the console on the terminal."""
    console = _console_index(boot)
    serials = [part for _ in range(console or 0) for part in ("-serial", "null")]
    argv = [
        *(boot.board.emulator, *boot.board.machine, *_ALWAYS, *_SEED, *_time(boot)),
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
            f"board '{boot.board.name}' has console = '{name}', which is no line of a board.",
            cure='write console = "uart0" (or uart1 ...), or console = "semihosting"',
        )
    return int(number)


def _serials(boot: Boot, folder: Path) -> list[str]:
    console = _console_index(boot)
    argv: list[str] = []
    for index in range(max(_UARTS, (console or 0) + 1)):
        if index == console:
            argv += ["-serial", f"chardev:{_CONSOLE}"]
        else:
            log = escaped(folder / f"uart{index}.log")
            argv += ["-chardev", f"file,id=karatos-uart{index},path={log}"]
            argv += ["-serial", f"chardev:karatos-uart{index}"]
    return argv


def _semihosting(boot: Boot, chardev: str) -> tuple[str, ...]:
    wanted = boot.board.console == SEMIHOSTING
    if not (boot.board.semihosting or wanted):
        return ()
    return ("-semihosting-config", f"enable=on,target=native{chardev if wanted else ''}")


def _time(boot: Boot) -> tuple[str, ...]:
    return () if boot.board.icount == "off" else ("-icount", boot.board.icount)


def _image(boot: Boot) -> list[str]:
    if boot.board.loader not in _LOADERS:
        raise BadSetting(
            f"board '{boot.board.name}' has loader = '{boot.board.loader}', which is not known.",
            cure=f"known loaders: {', '.join(_LOADERS)}",
        )
    elf = boot.elf.absolute()
    return [part.format(elf=elf, escaped=escaped(elf)) for part in _LOADERS[boot.board.loader]]
