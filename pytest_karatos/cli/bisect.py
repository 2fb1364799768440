"""Find the commit that made a figure grow, or a test fail, between a good revision and a bad one.

Revisions are built in the cache's own copy, the checkout is not touched; what was built before is
cached. Of a figure the commit is named with which it comes closer to the bad value than to the good
one, or over --limit. A revision that does not build is gone around.
"""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from pytest_karatos.board import Board
from pytest_karatos.cli.revisions import Revision, Revisions, revisions
from pytest_karatos.cli.shell import Shell
from pytest_karatos.errors import BadSetting, BuildFailed
from pytest_karatos.process import output_of
from pytest_karatos.text import printable

HELP = "find the commit that made a figure grow, or a test fail"
#: pytest's own statuses: all passed, and some failed; with any other nothing was judged.
_PASSED, _FAILED = 0, 1
_TEST_SECONDS = 3600.0


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--good", "--from", required=True, metavar="REV", help="where all is well")
    parser.add_argument("--bad", "--to", default="HEAD", metavar="REV", help="where it is not")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--measure", metavar="NAME", help="a figure: flash, ram, boot_instructions")
    what.add_argument("--test", metavar="ID", help="a test, as pytest is called with")
    parser.add_argument("--limit", type=float, help="bad is what is over it")
    parser.add_argument("--board", metavar="NAME", help="a board or an arch (the first chosen)")
    parser.add_argument("--profile", default="", help="debug, release (the first of the settings)")


def run(options: Namespace, shell: Shell) -> int:
    """Name the commit; 0 when it was found, 1 when several may be it."""
    with revisions(shell, {}) as known:
        good, bad = known.named(options.good), known.named(options.bad)
        line = [good, *known.between(good, bad)]
        judge: Judge = ByTest(options, shell) if options.test else ByFigure(options)
        search = Search(known, judge, shell)
        search.judge_ends(good, bad)
        found = search.first_bad(line)
    for text in found:
        shell.say(text)
    return 0 if len(found) == 1 else 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """What became of a revision: ``bad``, or None where it could not be judged; ``said`` why."""

    bad: bool | None
    said: str


class Judge(Protocol):
    """A way to say of a revision whether it is bad."""

    def learn(self, known: Revisions, good: Revision, bad: Revision) -> None:
        """Look at the two ends, where what is bad is known by them alone."""

    def judge(self, known: Revisions, revision: Revision) -> Judged:
        """Judge one revision."""


class ByFigure:
    """Judges a figure against a limit, which is halfway between the ends unless it is given."""

    def __init__(self, options: Namespace) -> None:
        self._options = options
        self._limit: float | None = options.limit
        #: What was measured already: the two ends are asked for twice.
        self._taken: dict[str, tuple[float, str]] = {}

    def learn(self, known: Revisions, good: Revision, bad: Revision) -> None:
        """Set the limit, where nobody gave one."""
        if self._limit is None:
            values = [self._value(known, one)[0] for one in (good, bad)]
            self._limit = sum(values) / len(values)

    def judge(self, known: Revisions, revision: Revision) -> Judged:
        """Build it and take the figure."""
        try:
            value, unit = self._value(known, revision)
        except BuildFailed as error:
            return Judged(bad=None, said=f"it does not build: {error.what.splitlines()[0]}")
        said = f"{self._options.measure} {value:,g} {unit}".rstrip()
        return Judged(bad=self._limit is not None and value > self._limit, said=said)

    def _value(self, known: Revisions, revision: Revision) -> tuple[float, str]:
        if revision.commit not in self._taken:
            self._taken[revision.commit] = self._measured(known, revision)
        return self._taken[revision.commit]

    def _measured(self, known: Revisions, revision: Revision) -> tuple[float, str]:
        with known.bench(revision) as bench:
            board: Board | str = self._options.board or bench.settings.chosen[0]
            firmware = bench.firmware(board, self._options.profile)
            found = bench.measure(firmware, self._options.measure)
            return found.value, found.unit


class ByTest:
    """Runs a test of now on the sources of then."""

    def __init__(self, options: Namespace, shell: Shell) -> None:
        self._test = options.test
        self._flags = [
            f"--karatos-{word}={value}"
            for word, value in (("board", options.board), ("profile", options.profile))
            if value
        ]
        self._shell = shell

    def learn(self, known: Revisions, good: Revision, bad: Revision) -> None:
        """Learn nothing: a test says itself what is bad."""

    def judge(self, known: Revisions, revision: Revision) -> Judged:
        """Run it; a test that was not there, or not run, tells nothing."""
        with known.bench(revision) as bench:
            source = f"--karatos-source={bench.settings.source}"
            argv = [sys.executable, "-m", "pytest", "-q", *self._flags, source, self._test]
            env = dict(self._shell.environ)
            done = output_of(argv, timeout=_TEST_SECONDS, env=env, cwd=self._shell.folder)
        last = (done.stdout.strip().splitlines() or [done.stderr.strip()])[-1].strip("= ")
        # A test that was skipped has judged nothing, nor has an error before it, as of a build.
        words = {_PASSED: ("passed", False), _FAILED: ("failed", True)}
        word, bad = words.get(done.status, ("", None))
        return Judged(bad=bad if word in last else None, said=printable(last))


class Search:
    """Halves the way from good to bad, and tells of each step."""

    def __init__(self, known: Revisions, judge: Judge, shell: Shell) -> None:
        self._known = known
        self._judge = judge
        self._shell = shell
        self._steps = 0

    def judge_ends(self, good: Revision, bad: Revision) -> None:
        """Judge the ends.

        :raises BadSetting: where they are not what was said of them.
        """
        self._judge.learn(self._known, good, bad)
        for wanted, one, word in ((False, good, "good"), (True, bad, "bad")):
            judged = self._told(one)
            if judged.bad is not wanted:
                raise BadSetting(
                    f"the {word} revision is not {word}: {judged.said}.",
                    why="the commit is looked for between a good one and a bad one.",
                    fix="name other revisions, or another --limit",
                )
        self._steps = 0

    def first_bad(self, line: Sequence[Revision]) -> list[str]:
        """Search ``line``, from the good one to the bad one; return the lines of the answer.

        That is one line where the commit is known, else a sentence and those that may be it.
        """
        low, high = 0, len(line) - 1
        broken: set[int] = set()
        while left := [at for at in range(low + 1, high) if at not in broken]:
            middle = min(left, key=lambda at: abs(2 * at - low - high))
            judged = self._told(line[middle])
            if judged.bad is None:
                broken.add(middle)
            elif judged.bad:
                high = middle
            else:
                low = middle
        if high - low > 1:
            rest = [line[at].title for at in range(low + 1, high + 1)]
            return [f"one of these {len(rest)}: all but the last could not be judged", *rest]
        steps = f"{self._steps} revision{'' if self._steps == 1 else 's'}"
        return [f"{line[high].title} ({steps} judged between the two ends)"]

    def _told(self, revision: Revision) -> Judged:
        self._steps += 1
        judged = self._judge.judge(self._known, revision)
        word = {True: "bad ", False: "good", None: "?   "}[judged.bad]
        self._shell.remark(f"karatos: {word} {revision.title}: {judged.said}")
        return judged
