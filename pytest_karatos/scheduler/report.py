"""Judge what the firmware reports of itself: its statistics, and that it passed."""

from pytest_karatos.event import Event
from pytest_karatos.scheduler.dialect import number


class Statistics:
    """Gather the first block of ``stats`` events; any other event ends the block."""

    wanted = "the scheduler's statistics"

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, int | str]] = {}
        self._spawned: set[str] = set()

    def see(self, event: Event) -> bool:
        """Take in a ``stats`` line; figures of no task are filed under ``scheduler``."""
        if event.kind == "spawn":
            self._spawned.add(event.task)
        if event.kind != "stats":
            return bool(self.tables)
        self.tables[event.task or "scheduler"] = {
            key: text if (value := number(text)) is None else value
            for key, text in event.fields.items()
        }
        return not event.task or (bool(self._spawned) and self._spawned <= self.tables.keys())

    def missing(self) -> str:
        """Say what is there."""
        seen = ", ".join(self.tables) or "none"
        return f"the firmware did not report its statistics in full; of: {seen}."


class Passed:
    """The firmware says that it passed."""

    wanted = "the firmware to say that it passed"

    def see(self, event: Event) -> bool:
        """Wait for ``pass``."""
        return event.kind == "pass"

    def missing(self) -> str:
        """Say it."""
        return "the firmware did not say that it passed."
