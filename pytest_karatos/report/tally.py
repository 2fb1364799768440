"""The tally of several boots of one ELF: how many passed, and what was wrong in the others."""

import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from pytest_karatos.emulators.protocol import Machine
from pytest_karatos.errors import Flaky, KaratosError, TooLittle
from pytest_karatos.post_mortem import tell_as
from pytest_karatos.report.shape import ItemFacts
from pytest_karatos.text import printable

_HOUSE = Path(__file__).parents[1]
#: Boots that are named of one cause, and causes that are shown.
_NAMED, _CAUSES = 8, 5
#: What differs between two failures that have one cause: addresses, times, counts.
_FIGURES = re.compile(r"0x[0-9a-f]+|\d+(?:\.\d+)?", re.IGNORECASE)


@dataclass(kw_only=True, slots=True)
class OneBoot:
    """What became of one boot: ``number`` from 1, and what was wrong, if anything.

    ``variation`` names what was different from the other boots; empty where nobody chose it.
    """

    number: int
    variation: str = ""
    machine: Machine | None = None
    error: BaseException | None = None

    def note(self, error: BaseException) -> None:
        """Note what was wrong; what was first tells of the rest."""
        if isinstance(error, KaratosError):
            error.settle()
        if self.error is None:
            self.error = error
        elif self.error is not error:
            self.error.add_note(f"and: {error}")

    @property
    def cause(self) -> tuple[str, str, str]:
        """What was wrong, and on which line of the test; equal whatever the figures in it."""
        error = self.error
        trace = error.__traceback__ if error is not None else None
        return type(error).__name__, _FIGURES.sub("#", _first_line(error)), _place(trace)

    @property
    def transcript(self) -> str:
        """Where everything is that it printed."""
        return f"transcript: {self.machine.console.transcript}" if self.machine else "it booted not"


def _first_line(error: BaseException | None) -> str:
    return str(error).partition("\n")[0]


def _place(trace: TracebackType | None) -> str:
    """Return the innermost line that is not ours."""
    found = ""
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if _HOUSE not in Path(name).parents:
            found = f"{name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return found


@dataclass(kw_only=True)
class Tally:
    """The boots of the test ``title``: so many were ``asked`` for, and so many ``must_pass``.

    None of the latter means: each of them. ``named`` names a boot by its number, from 0, as long as
    they differ.
    """

    title: str
    asked: int
    named: Callable[[int], str | None]
    must_pass: int | None = None
    boots: list[OneBoot] = field(default_factory=list)
    #: Each failure is looked into.
    is_curious = True

    def begin(self, name: str) -> OneBoot:
        """Begin with the next boot, which is called so."""
        one = OneBoot(number=len(self.boots) + 1, variation=name)
        self.boots.append(one)
        return one

    def following(self) -> str | None:
        """Name the boot that comes next; None when there are enough, or no more that differ."""
        return self.named(len(self.boots)) if len(self.boots) < self.asked else None

    @property
    def passed(self) -> Sequence[OneBoot]:
        """Those in which nothing was wrong."""
        return [one for one in self.boots if one.error is None]

    @property
    def causes(self) -> Sequence[Sequence[OneBoot]]:
        """The others, by what was wrong; the most frequent cause first."""
        found: dict[object, list[OneBoot]] = {}
        for one in self.boots:
            if one.error is not None:
                found.setdefault(one.cause, []).append(one)
        return sorted(found.values(), key=len, reverse=True)

    @property
    def shown(self) -> Sequence[Machine]:
        """The machine of one boot for each cause, and of one that passed: enough for a report."""
        firsts = [*(cause[0] for cause in self.causes[:_CAUSES]), *self.passed[:1]]
        return [one.machine for one in firsts if one.machine is not None]

    @property
    def sentence(self) -> str:
        """How many passed, and how many were asked for where no more of them differ."""
        told = f"passed in {len(self.passed)} of {len(self.boots)} boots"
        if len(self.boots) < self.asked:
            told += f"; {self.asked} were asked for, and no more of this board would differ"
        return told

    @property
    def facts(self) -> ItemFacts:
        """What the ledger gets of it."""
        return {"tally": self.sentence}

    def judge(self) -> None:
        """Judge.

        :raises Flaky: fewer have passed than must.
        :raises TooLittle: there were fewer boots than must pass.
        """
        if self.must_pass is not None and self.must_pass > len(self.boots):
            raise TooLittle(
                f"The test {self.sentence}, so that {self.must_pass} cannot pass.",
                fix="ask for fewer, or let them vary by themselves (docs/how-to/flaky.md)",
            )
        if len(self.passed) < (self.must_pass or len(self.boots)):
            cause = self.causes[0][0].error
            error = Flaky("\n".join(self._lines()))
            tell_as(error, cause)
            raise error.with_traceback(cause.__traceback__ if cause else None)

    def _lines(self) -> Iterator[str]:
        failed, causes = len(self.boots) - len(self.passed), self.causes
        also = f"; {self.must_pass} must pass" if self.must_pass else ""
        head = f"Failed in {failed} of {len(self.boots)} boots{also}"
        by = "" if len(causes) == 1 else f", by {len(causes)} causes, most often"
        yield f"{head}{by}: {_first_line(causes[0][0].error)}"
        for cause in causes[:_CAUSES]:
            yield from self._of_cause(cause)
        if len(causes) > _CAUSES:
            yield f"{len(causes) - _CAUSES} more causes are not shown"
        if self.passed:
            yield f"passed: {_numbers(self.passed)}; {self.passed[0].transcript}"

    def _of_cause(self, cause: Sequence[OneBoot]) -> Iterator[str]:
        one = cause[0]
        notes: list[str] = getattr(one.error, "__notes__", [])
        text = "\n".join([f"{type(one.error).__name__}: {one.error}", *notes])
        yield f"failed so: {_numbers(cause)}"
        yield from (f"  {printable(line)}" for line in text.split("\n"))
        if "transcript: " not in text:
            yield f"  {one.transcript}"
        if one.variation:
            again = shlex.join(["pytest", self.title, f"--karatos-vary={one.variation}"])
            yield f"  the same boot again: {again}"


def _numbers(boots: Sequence[OneBoot]) -> str:
    names = [f"{one.number} ({one.variation or 'as ever'})" for one in boots[:_NAMED]]
    more = ", ..." if len(boots) > _NAMED else ""
    return f"{len(boots)}, boot{'s' if len(boots) > 1 else ''} {', '.join(names)}{more}"
