"""The boots of one exploration: first as ever, then one for each point, and a last one as ever.

A boot that fails is had once more, and counts when it fails again: who fails by the host's hurry is
not called a bug. The last boot is as the first; one that fails is not the timing's doing.
"""

import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytest_karatos.emulators.covered import Covered, noted_covered
from pytest_karatos.emulators.protocol import Machine
from pytest_karatos.emulators.qemu.schedule import Schedule
from pytest_karatos.errors import BreaksByTiming, Fixable, Flaky, TooLittle
from pytest_karatos.explore.facts import explored_facts
from pytest_karatos.explore.outcome import Outcome, State
from pytest_karatos.explore.points import Point
from pytest_karatos.post_mortem import tell_as
from pytest_karatos.report.shape import ItemFacts
from pytest_karatos.report.tally import OneBoot
from pytest_karatos.settings.explore import Explore

#: So many failures are looked into, and kept for the report.
_KEPT = 5
BOUND = "one delay a boot, by timers: other interrupts come when they come"


@dataclass(kw_only=True)
class Exploration:
    """The exploration of the test ``title``, as ``wanted``; the points that are its own ``part``.

    ``choose`` makes points of what the first boot executed, ``show`` tells of a schedule what it
    is that fails.
    """

    title: str
    wanted: Explore
    choose: Callable[[Covered], Sequence[Point]]
    show: Callable[[Outcome, int], Sequence[str]] = lambda *_: ()
    part: tuple[int, int] = (0, 1)
    boots: list[OneBoot] = field(default_factory=list)
    outcomes: dict[int, Outcome] = field(default_factory=dict)
    points: Sequence[Point] = ()
    _plan: Iterator[str] | None = None
    _last: OneBoot | None = None
    _failed: OneBoot | None = None

    # ---- one boot after the other -----------------------------------------------------------

    def begin(self, name: str) -> OneBoot:
        """Begin with the boot of that name."""
        number = len(self.outcomes) + 2 if self.boots else 1
        self._last = OneBoot(number=number, variation=name)
        if not self.boots:
            self.boots.append(self._last)
        return self._last

    def following(self) -> str | None:
        """Name the boot that comes next; None when all is known."""
        if self.boots[0].error is not None:
            return None
        if self._plan is None:
            self._plan = self._named()
        return next(self._plan, None)

    @property
    def is_curious(self) -> bool:
        """Whether the machine of a failure is to be looked into."""
        return len(self.boots) <= _KEPT

    def _named(self) -> Iterator[str]:
        (number, of), every = self.part, self._chosen()
        self.points = every[number * len(every) // of : (number + 1) * len(every) // of]
        for point in self.points:
            yield from self._explored(point)
        yield ""
        self._require_control()
        self._drop(self._last)

    def _chosen(self) -> Sequence[Point]:
        machine = self.boots[0].machine
        folder = machine.console.transcript.parent if machine else Path()
        covered = noted_covered(folder)
        if covered is None or covered.trouble:
            trouble = covered.trouble if covered else "this board's boots do not tell"
            raise TooLittle(
                f"What the test's boot executed is not known: {trouble}.",
                why="points to explore are chosen of that.",
            )
        return self.choose(covered)

    def _explored(self, point: Point) -> Iterator[str]:
        """Name the boots that tell of ``point``, and note what they told."""
        schedule = Schedule(address=point.address, stall=self.wanted.stall)
        yield str(schedule)
        error = self._error
        if error is None:
            self._note(point, State.GREEN, schedule)
        elif isinstance(error, Fixable):
            self._note(point, State.OPEN, schedule, why=error.what)
        else:
            yield from self._confirmed(point, schedule)
        self._drop(self._last)

    def _confirmed(self, point: Point, schedule: Schedule) -> Iterator[str]:
        """Have a boot that failed once more, then with the least stall that fails too."""
        self._failed = self._last
        yield str(schedule)
        if not self._fails():
            self._note(point, State.OPEN, schedule, why="two boots of it ended differently")
            self._drop(self._failed)
            return
        for stall in range(1, schedule.stall):
            self._drop(self._last)
            yield str(less := Schedule(address=point.address, stall=stall))
            if self._fails():
                self._drop(self._failed)
                self._failed, schedule = self._last, less
                break
        self._note(point, State.RED, schedule)
        if len(self.boots) <= _KEPT:
            self.boots += filter(None, [self._failed])
        self._drop(self._failed)

    def _drop(self, one: OneBoot | None) -> None:
        """Let go of a boot that is over and is not one of those that are kept."""
        is_kept = any(one is kept for kept in self.boots)
        if one is not None and one.machine is not None and not is_kept:
            shutil.rmtree(one.machine.console.transcript.parent, ignore_errors=True)
            one.machine = None

    def _fails(self) -> bool:
        return self._error is not None and not isinstance(self._error, Fixable)

    @property
    def _error(self) -> BaseException | None:
        return self._last.error if self._last is not None else None

    def _note(self, point: Point, state: State, schedule: Schedule, why: str = "") -> None:
        self.outcomes[point.address] = Outcome(point=point, state=state, schedule=schedule, why=why)

    def _require_control(self) -> None:
        error = self._error
        if error is not None:
            flaky = Flaky(
                f"The test fails in a boot as the first, which passed: {error}",
                why="so what timings did to it says nothing.",
            )
            tell_as(flaky, error)
            raise flaky from error

    # ---- what became of it ------------------------------------------------------------------

    def of(self, state: State) -> list[Outcome]:
        """Return the points of which that became."""
        return [one for one in self.outcomes.values() if one.state is state]

    @property
    def shown(self) -> Sequence[Machine]:
        """The machines of the first boot and of some that failed: enough for a report."""
        ones = [*self.boots, *filter(None, [self._failed, self._last])]
        return [one.machine for one in ones if one.machine is not None]

    @property
    def sentence(self) -> str:
        """How many timings fail, how many points were explored, and what was not tried."""
        tried = len(self.of(State.RED)) + len(self.of(State.GREEN))
        head = f"{len(self.of(State.RED)):,} of {tried:,} timings fail"
        return f"{head}; {tried:,} of {len(self.points):,} points explored{self._open}; {BOUND}"

    @property
    def facts(self) -> ItemFacts:
        """What the ledger gets of it."""
        explored = explored_facts(self.outcomes.values(), BOUND)
        return {"tally": self.sentence, "explored": explored}

    @property
    def _open(self) -> str:
        reasons = Counter(_without_figures(one.why) for one in self.of(State.OPEN))
        told = "; ".join(f"{count} not: {why}" for why, count in reasons.most_common())
        return f" ({told})" if told else ""

    def judge(self) -> None:
        """Judge.

        :raises BreaksByTiming: some timing fails.
        :raises TooLittle: nothing was explored.
        """
        first = self.boots[0].error
        if first is not None:
            raise first.with_traceback(first.__traceback__)
        if self.of(State.RED):
            cause = self.boots[-1].error if len(self.boots) > 1 else None
            error = BreaksByTiming("\n".join(self._lines()))
            tell_as(error, cause)
            raise error.with_traceback(cause.__traceback__ if cause else None)
        if self.points and not self.of(State.GREEN):
            raise TooLittle(
                f"Not one timing could be tried: {self.sentence}.",
                why="a test under timings that were not tried says nothing of them.",
            )

    def _lines(self) -> Iterator[str]:
        reds = self.of(State.RED)
        tried = len(reds) + len(self.of(State.GREEN))
        cause = self.boots[1].error
        yield f"{len(reds):,} of {tried:,} timings fail: {str(cause).partition(chr(10))[0]}"
        groups = runs_of(reds, self.points)
        for group in groups[:_KEPT]:
            yield from self._of_group(group)
        if len(groups) > _KEPT:
            yield f"{len(groups) - _KEPT} more places are not shown"
        yield self.sentence

    def _of_group(self, group: Sequence[Outcome]) -> Iterator[str]:
        one = min(group, key=lambda red: (red.schedule.stall, red.point.address))
        places = [point.address for point in self.points]
        at = places.index(one.point.address)
        same = at > 0 and self.points[at - 1].function == one.point.function
        yield f"{one.point.where}, before {one.point.address:#x}:"
        yield from (f"  {line}" for line in self.show(one, places[at - 1] if same else 0))
        if one.schedule.stall > 1:
            yield f"  with the time of {one.schedule.stall} timers; fewer do no harm there"
        if len(group) > 1:
            ends = f"{group[0].point.address:#x} to {group[-1].point.address:#x}"
            yield f"  so fail {len(group)} points in a row, {ends}"
        yield f"  the same boot again: {again(self.title, one.schedule)}"


def again(title: str, schedule: Schedule) -> str:
    """Return the line for a shell that has the boot of a schedule once more."""
    return f"pytest '{title}' --karatos-vary={schedule}"


def runs_of(reds: Sequence[Outcome], points: Sequence[Point]) -> list[list[Outcome]]:
    """Group failures by points that follow each other in one function."""
    places: Mapping[int, int] = {one.address: at for at, one in enumerate(points)}
    groups: list[list[Outcome]] = []
    for one in sorted(reds, key=lambda red: red.point.address):
        before = groups[-1][-1].point if groups else None
        follows = (
            before is not None
            and before.function == one.point.function
            and places[one.point.address] == places[before.address] + 1
        )
        if follows:
            groups[-1].append(one)
        else:
            groups.append([one])
    return groups


def _without_figures(text: str) -> str:
    """Return a reason without the address that it is about.

    >>> _without_figures("the guest ends, or waits, before it comes to 0x6c.")
    'the guest ends, or waits, before it comes to it'
    """
    words = ["it" if word.startswith("0x") else word for word in text.rstrip(".").split()]
    return " ".join(words)
