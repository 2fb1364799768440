"""Let the console ask how the machine at the other end of the line is doing."""

from typing import Protocol

#: What QEMU says on stderr when the guest waits for an interrupt that nothing will ever raise.
IDLE_FOR_EVER = "icount sleep disabled and no active timers"


class Life(Protocol):
    """What is known of the machine beside its console."""

    def status_within(self, seconds: float) -> int | None:
        """Return the exit status, waiting up to ``seconds`` for it; None while it runs."""

    def stderr_tail(self) -> str:
        """Return the last few KiB of what the emulator said on stderr, or an empty text."""

    def elsewhere(self) -> str:
        """Say where else output came out, as ``uart1 has 312 bytes``; empty when nowhere."""


class Unknown:
    """A line whose other end is not a machine of ours (a test, a replayed log)."""

    def status_within(self, seconds: float) -> int | None:
        """Know nothing, after no time (``seconds`` is not waited out)."""
        del seconds
        return None

    def stderr_tail(self) -> str:
        """Know nothing."""
        return ""

    def elsewhere(self) -> str:
        """Know nothing."""
        return ""
