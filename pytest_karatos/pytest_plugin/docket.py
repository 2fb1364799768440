"""The machines that tests are judged by: whoever booted them, for however many tests.

A machine of a test is judged at the end of the test's body; one that lives longer, as that of a
module's fixture, after each test that used it, by what it did since. Whatever is left is judged
when the machine ends, and counts for the phase in which that is.
"""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import pytest

from pytest_karatos.console import Console
from pytest_karatos.emulators.protocol import Machine
from pytest_karatos.errors import KaratosError, Misbehaved, TooLittle, WrongExit
from pytest_karatos.exit_check import judge
from pytest_karatos.outstanding import Outstanding, excuse_nothing
from pytest_karatos.post_mortem import explain
from pytest_karatos.pytest_plugin import params
from pytest_karatos.scheduler import Scheduler
from pytest_karatos.sign_of_life import no_sign_of_life, shows_life


@dataclass(eq=False)
class Watched:
    """A machine with the console that it had at first, and what is known of it.

    ``fixture`` booted it (None: no fixture did), in the time of ``item``.
    """

    machine: Machine
    console: Console
    fixture: object
    item: pytest.Item | None
    scheduler: Scheduler | None = None
    #: Whether something was said of its exit status: that is said once.
    exit_told: bool = False
    #: Whether nothing that it does is judged any more.
    dismissed: bool = False
    #: How often it had been asked or told something when the present test began.
    uses_before: int = 0
    #: How much it had said, and been asked or told, when it was judged last.
    judged_at: tuple[int, int] = (-1, -1)
    #: What is wrong where its firmware showed no sign of life; kept when it ends.
    silence: TooLittle | None = None
    is_over: bool = False

    @property
    def broken(self) -> tuple[tuple[int, str], ...]:
        """What did not hold of its schedule: console lines, and sentences."""
        return tuple(self.scheduler.broken) if self.scheduler else ()

    @property
    def talk(self) -> tuple[int, int]:
        """How much it has said, and how often it was asked or told something."""
        return self.console.total_bytes, self.console.outstanding.uses

    def is_used_by(self, item: pytest.Item) -> bool:
        """Tell whether ``item``, whose time it is, has to do with it."""
        request = getattr(item, "_request", None)
        # What an item has asked for, by name or not, directly or not; pytest tells nowhere else.
        asked = getattr(request, "_fixture_defs", {}).values()
        own = self.item is item and self.fixture is None
        return own or self.fixture in asked or self.uses_before != self.console.outstanding.uses

    def is_only_of(self, item: pytest.Item) -> bool:
        """Tell whether it lives no longer than ``item``."""
        return self.item is item and getattr(self.fixture, "scope", "function") == "function"

    def told_silence(self) -> TooLittle | None:
        """Return what is wrong where its firmware has shown no sign of life, while it ran."""
        if self.is_over or shows_life(self.machine, self.console):
            return self.silence
        self.silence = no_sign_of_life(self.machine)
        explain(self.silence, self.machine)
        return self.silence

    def end(self) -> None:
        """Note that nobody can look any more."""
        self.told_silence()
        self.is_over = True

    def judge(self, expected: object) -> list[KaratosError]:
        """Return what is wrong with it; judging takes the guest's time, so only if it is due."""
        if self.talk == self.judged_at and self.machine.exit_status is None:
            return []
        errors: list[KaratosError] = []
        with _into(errors):
            judge(self.machine, expected, console=self.console, exit_told=self.exit_told)
        with _into(errors):
            if self.scheduler is not None:
                self.scheduler.check(ended=self.machine.exit_status is not None)
        for error in errors:
            explain(error, self.machine)
        self.exit_told = self.exit_told or any(isinstance(one, WrongExit) for one in errors)
        self.judged_at = self.talk
        return errors


@contextmanager
def _into(errors: list[KaratosError]) -> Iterator[None]:
    try:
        yield
    except KaratosError as error:
        errors.append(error)


class Docket:
    """The machines that run, and what is wrong with them and nobody has heard of.

    ``others`` are told of errors too, that are of no machine: figures over their budgets.
    """

    def __init__(self) -> None:
        self.others = Outstanding()
        self._watched: list[Watched] = []
        self._ended: list[Watched] = []
        #: What was found by judging, and what tests were told before and have caught.
        self._errors: list[KaratosError] = []
        self._caught: list[Misbehaved] = []
        self._fixtures: list[object] = []
        self._item: pytest.Item | None = None

    def begin(self, item: pytest.Item) -> None:
        """Note that the time of ``item`` begins."""
        self._item, self._ended = item, []
        for one in self._watched:
            one.uses_before = one.console.outstanding.uses

    def set_up(self, fixture: object) -> Generator[None, object, object]:
        """Yield for the set-up of ``fixture``, which may boot a machine."""
        self._fixtures.append(fixture)
        try:
            return (yield)
        finally:
            self._fixtures.pop()

    @contextmanager
    def watch(self, machine: Machine) -> Iterator[None]:
        """Watch ``machine`` as long as it runs, and judge it at its end, however that comes."""
        fixture = self._fixtures[-1] if self._fixtures else None
        one = Watched(machine, machine.console, fixture, self._item)
        self._watched.append(one)
        try:
            yield
        finally:
            self._watched.remove(one)
            self._ended.append(one)
            self._judge(one)
            one.end()

    def judge_by(self, scheduler: Scheduler, machine: Machine) -> None:
        """Judge ``machine`` also by what held of ``scheduler``."""
        for one in self._watched:
            if one.machine is machine:
                one.scheduler = scheduler

    def used_by(self, item: pytest.Item) -> list[Watched]:
        """Return the machines that ``item``, whose time it is, has used up to now."""
        return [*self._ended, *(one for one in self._watched if one.is_used_by(item))]

    def forget_over(self, kept: Sequence[Machine]) -> None:
        """Forget the machines that have ended, of which a test may have thousands; not ``kept``."""
        self._ended = [one for one in self._ended if any(one.machine is it for it in kept)]

    def judge(self, item: pytest.Item) -> None:
        """Judge all machines that ``item`` has used.

        :raises KaratosError: the first thing that is wrong; the others are added to it.
        """
        for one in self._watched:
            if one.is_used_by(item):
                self._judge(one)
        self.raise_found()

    def refuse_silence(self, item: pytest.Item) -> None:
        """Refuse that ``item`` passes when none of its machines, which were to speak, showed life.

        :raises TooLittle: saying so of the first.
        """
        used = self.used_by(item)
        if not used:
            return
        found = [one.told_silence() for one in used]
        may_be = [not one.machine.board.watch.speaks for one in used]
        excused = params.marker_values(item).get("speaks") is False
        if found and all(found) and not (excused or all(may_be)):
            raise cast("TooLittle", found[may_be.index(False)])

    def raise_found(self) -> None:
        """Raise what was found and nobody has heard of.

        :raises KaratosError: the first; the others are added to it.
        """
        found = self.found()
        if found:
            add_to(found[0], found[1:])
            raise found[0]

    def caught(self, item: pytest.Item) -> list[KaratosError]:
        """Return what a test that has failed was told, or could have been, without waiting."""
        for one in self._watched:
            if one.is_used_by(item):
                with _into(self._errors):
                    type(one.console).check(one.console)
                self._caught += filter(None, [one.console.outstanding.first()])
        return self.found()

    def dismiss(self, item: pytest.Item) -> None:
        """Judge no more what only ``item`` has used: it has failed, which is said once."""
        for one in self._watched:
            one.dismissed = one.dismissed or one.is_only_of(item)

    def abandon(self) -> None:
        """Judge nothing more: the run was interrupted, and nobody waits for a verdict."""
        for one in self._watched:
            one.dismissed = True

    def _judge(self, one: Watched) -> None:
        if one.dismissed:
            return
        caught = one.console.outstanding.first()
        if caught is not None:
            # Whether it goes on to pytest, or somebody catches it, is not known yet.
            self._caught.append(caught)
            return
        item = self._item
        expected = params.marker_values(item).get("expect_exit") if item is not None else None
        self._errors += one.judge(expected)

    def found(self) -> list[KaratosError]:
        """Return the errors that nobody has heard of, each once; those of before are forgotten."""
        other = self.others.first()
        if other is None and not self._caught and not self._errors:
            return []
        caught = [*self._caught, *filter(None, [other])]
        found = {id(one): excuse_nothing(one) for one in caught if not one.settled}
        errors = {id(one): one for one in self._errors if not one.settled}
        self._caught, self._errors = [], []
        return list((found | errors).values())


def add_to(error: BaseException, others: list[KaratosError]) -> None:
    """Add to ``error`` what else is wrong, once."""
    for one in others:
        error.add_note(f"and: {one}")
        one.settle()
