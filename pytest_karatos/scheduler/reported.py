"""Assertions on the statistics that an RTOS reports: there, and true of what it printed."""

from collections import Counter
from collections.abc import Collection, Mapping

from pytest_karatos.dialect import Event
from pytest_karatos.errors import TooLittle
from pytest_karatos.scheduler.assertions import Assertion, Violation, refuse_nothing
from pytest_karatos.scheduler.parser import number_of

#: Figures that count events of a kind, by what systems call them.
_COUNTS: Mapping[str, str] = {
    "runs": "run",
    "sleeps": "sleep",
    "wakes": "wake",
    "sends": "send",
    "sent": "send",
    "recvs": "recv",
    "received": "recv",
}
#: Figures that only grow, whatever they count.
_GROW = frozenset({"cycle", "cycles", "ticks", "uptime", "switches", "rounds", *_COUNTS})


class Statistics(Assertion):
    """Gather the first block of ``stats`` events; any other event ends the block."""

    wanted = "the scheduler's statistics"
    kinds = frozenset({"stats"})

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, int | str]] = {}
        self._spawned: set[str] = set()

    def see(self, event: Event) -> bool:
        """Take in a ``stats`` line; figures of no task are filed under ``scheduler``."""
        if event.kind == "spawn":
            self._spawned.add(event.task)
        if event.kind != "stats":
            return self._is_enough(bool(self.tables))
        self.tables[event.task or "scheduler"] = {
            key: text if (value := number_of(text)) is None else value
            for key, text in event.fields.items()
        }
        self.progress = len(self.tables)
        every = bool(self._spawned) and self._spawned <= self.tables.keys()
        return self._is_enough(not event.task or every)

    def missing(self) -> str:
        """Say what is there."""
        seen = ", ".join(self.tables) or "none"
        return f"the firmware did not report its statistics in full; of: {seen}."

    def _is_enough(self, complete: bool) -> bool:  # noqa: FBT001 - what it passes on
        if complete and not any(self.tables.values()):
            raise TooLittle(
                f"the statistics hold no figure; of: {', '.join(self.tables)}.",
                fix="name groups for the figures in the dialect's rule for 'stats'",
            )
        return complete


class ConsistentStatistics(Assertion):
    """Every block of statistics agrees with itself and with what was printed.

    A figure that counts events (``runs``, ``sleeps``, ``sent`` ...) is as many as were printed of
    that task by then, where that RTOS prints them; what counts never gets less from block to block;
    a block says each thing once; and whoever was spawned is in each block that tells of tasks.
    """

    kinds = frozenset({"stats"})

    def __init__(self, *, blocks: int, counters: Collection[str]) -> None:
        refuse_nothing("blocks", blocks)
        self._blocks, self._grow = blocks, _GROW | {*counters}
        self._events: Counter[tuple[str, str]] = Counter()
        self._printed: set[str] = set()
        self._spawned: dict[str, Event] = {}
        self._before: dict[str, tuple[Event, dict[str, int]]] = {}
        self._block: dict[str, Event] = {}
        self._figures = 0
        self._misses = False
        self.wanted = f"{blocks} consistent blocks of the scheduler's statistics"

    def see(self, event: Event) -> bool:
        """Hold after so many blocks, each of them whole."""
        self.watch(event)
        return self.progress >= self._blocks

    def watch(self, event: Event) -> None:
        """Judge a line of a block, and the block where it ends."""
        if event.kind == "stats":
            self._line(event)
            return
        self._close()
        if event.kind == "spawn":
            self._spawned.setdefault(event.task, event)
        if event.task and not self._misses:
            self._printed.add(event.kind)
            self._events[event.kind, event.task] += 1

    def end(self) -> None:
        """Judge the last block."""
        self._close()

    def boots_again(self) -> None:
        """Count anew."""
        self._events.clear()
        self._before.clear()
        self._block.clear()
        self._spawned.clear()

    def misses(self) -> None:
        """Hold no count against events any more: some are missing."""
        self._printed.clear()
        self._misses = True

    def missing(self) -> str:
        """Say how many blocks there were."""
        return f"{self.progress} of {self._blocks} blocks of statistics were reported in full."

    def too_little(self) -> str:
        """Say that there is no figure."""
        if not self.progress and not self._block:
            return "no statistics were reported: too little to judge."
        return ""

    def _line(self, event: Event) -> None:
        if event.task in self._block:
            if event.task:
                raise Violation(
                    f"the statistics tell of '{event.task}' twice in one block.",
                    self._block[event.task],
                    event,
                )
            self._close()
        self._block[event.task] = event
        found = {key: number_of(text) for key, text in event.fields.items()}
        figures = {key: value for key, value in found.items() if value is not None}
        self._figures += len(figures)
        self._compare(event, figures)
        self._grown(event, figures)

    def _compare(self, event: Event, figures: Mapping[str, int]) -> None:
        for key, value in figures.items():
            kind = _COUNTS.get(key, "")
            printed = self._events[kind, event.task]
            if event.task and kind in self._printed and printed != value:
                raise Violation(
                    f"the statistics say {key}={value} of '{event.task}', and {printed} "
                    f"'{kind}' of it were printed by then.",
                    event,
                )

    def _grown(self, event: Event, figures: dict[str, int]) -> None:
        before, old = self._before.get(event.task, (event, {}))
        for key, value in figures.items():
            if key in self._grow and value < old.get(key, value):
                raise Violation(
                    f"the statistics' {key} of '{event.task or 'the scheduler'}' went back from "
                    f"{old[key]} to {value}.",
                    before,
                    event,
                )
        self._before[event.task] = event, figures

    def _close(self) -> None:
        """End a block, if one was open."""
        if not self._block:
            return
        if not self._figures:
            raise TooLittle(
                "the statistics hold no figure.",
                fix="name groups for the figures in the dialect's rule for 'stats'",
            )
        absent = [task for task in self._spawned if task not in self._block]
        if absent and "" not in self._block:
            last = list(self._block.values())[-1]
            names = ", ".join(f"'{task}'" for task in absent)
            raise Violation(f"the statistics leave out {names}.", self._spawned[absent[0]], last)
        self._block = {}
        self.progress += 1
