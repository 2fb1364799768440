"""What is known of a QEMU beside its console: how it ended, and what it said."""

import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pytest_karatos.console import GuestLook, OtherStream, Resets
from pytest_karatos.emulators.protocol import Handle
from pytest_karatos.emulators.qemu.pace import Pace, is_stopped
from pytest_karatos.errors import MachineEnded
from pytest_karatos.text import tail

_LINES = 60
#: How the sandbox ends QEMU: for a call that would start a program, or get rights.
_COMMAND = "the firmware asked the host to run a command, which ended its machine"
_WHY = "semihosting's SYS_SYSTEM is refused, as is every other way to start a program from QEMU."
_FIX = "for firmware that you trust like your own programs: contained = false for its board"
#: What stock QEMU says on stderr about healthy boards, with its name before it, and without.
_NOISE = ("has no peer", "hub 77 with no nics", "hub 78 with no nics")
_BARE_NOISE = ("Timer with period zero, disabling",)


class QemuStatus:
    """What ``handle`` and the files in the boot's ``folder`` tell.

    QEMU's own lines on stderr begin with ``signature``. ``hosted``: the guest may write there too.
    """

    def __init__(
        self, handle: Handle, folder: Path, signature: str, *, hosted: bool = False
    ) -> None:
        # What a guest opens as ":tt" to append goes there, among QEMU's own words.
        more = ", where semihosting prints too" if hosted else ""
        self.stderr_title = f"stderr of QEMU{more}"
        self._hosted = hosted
        self._signature = signature
        self._handle = handle
        self._folder = folder
        self._is_mute = False
        #: Takes in what QEMU had to tell before it ended.
        self.hear_rest: Callable[[], object] = lambda: None
        #: What looks at the guest, once there is one.
        self.pace: Pace | None = None

    def status_within(self, seconds: float) -> int | None:
        """Return the exit status, waiting up to ``seconds`` for it: the line has ended."""
        status = self._handle.wait(seconds, due=True)
        if status is not None:
            self.hear_rest()
        return status

    def stderr_tail(self) -> str:
        """Return the last lines of stderr, without QEMU's usual noise."""
        lines = tail(self._folder / "stderr.log", _LINES)
        return "\n".join(
            line.removeprefix(f"{self._signature} ") for line in lines if not self._is_noise(line)
        )

    def _is_noise(self, line: str) -> bool:
        own = line.startswith(self._signature) and any(word in line for word in _NOISE)
        return own or line in _BARE_NOISE

    def idle_reason(self) -> str:
        """Say what a firmware waits for in which nothing happens any more."""
        return "it waits for an interrupt that nothing will raise, or for typed input"

    def look(self) -> GuestLook | None:
        """Look at the guest; None when it is gone, or is paused."""
        if self.pace is None or self.pace.paused or self._handle.status is not None:
            return None
        try:
            found = self.pace.look()
        except MachineEnded:
            self._is_mute = True
            return None
        self._is_mute = False
        return found

    def _standstill(self) -> str:
        """Say why QEMU does not go on, whatever its guest does."""
        pid = self._handle.pid
        if self._handle.status is not None:
            return ""
        if pid and is_stopped(pid):
            return f"QEMU is stopped (kill -CONT {pid} lets it go on), and its firmware with it"
        return (
            "QEMU does not answer, so nobody knows what its firmware does" if self._is_mute else ""
        )

    def exit_reason(self, status: int | None) -> str:
        """Say why it ended like that, or stands (None), if more than the number is known."""
        if status is None:
            return self._standstill()
        return _COMMAND if status == -signal.SIGSYS else ""

    def streams(self) -> list[OtherStream]:
        """Return where a guest can write that is no line of its board: stderr, or stdout."""
        if not self._hosted:
            return [OtherStream(name="QEMU's stdout", path=self._folder / "stdout.log")]
        if (self._handle.status or 0) < 0:
            return []  # an emulator that died wrote its own last words there
        path = self._folder / "stderr.log"
        own = OtherStream(name="QEMU's stderr", path=path, apart=self._signature, known=_BARE_NOISE)
        return [own]


def note_event(resets: Resets, event: Mapping[str, Any]) -> None:
    """Note in ``resets`` what an event of QEMU tells of one."""
    if event["event"] == "WATCHDOG":
        resets.by_watchdog = True
    elif event["event"] == "RESET" and event["data"].get("guest"):
        stamp = event["timestamp"]
        resets.happened_by_the_wall(stamp["seconds"] + stamp["microseconds"] / 1e6)


def refused_command() -> MachineEnded:
    """Return the error of a machine whose firmware asked for a command of the host."""
    return MachineEnded(f"{_COMMAND[0].upper()}{_COMMAND[1:]}.", why=_WHY, fix=_FIX)
