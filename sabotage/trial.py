"""A trial: a clean copy of the last commit is broken, and its own tests are run on it."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sabotage.plan import Sabotage

#: A test that hangs is red after so many seconds, and all of one run after the second.
_TEST_SECONDS, _RUN_SECONDS = 120, 1800
_RED = re.compile(r"^(?:FAILED|ERROR) (?P<test>\S+?::[^\s\[]+)", re.MULTILINE)
_UNCOLLECTED = re.compile(r"^ERROR (?!\S+::)(?P<file>\S+)", re.MULTILINE)
#: What is asked when the tests that a sabotage names do not see it. No containers: they take long.
WHOLE = ("--arch=all", "-n", "auto", "-x", "tests", "--ignore=tests/containers")
#: Tests were red; or one was, and pytest-xdist was told to stop there.
_RED_EXITS = (1, 2)
_GIT = shutil.which("git") or "git"


class Unusable(Exception):
    """A trial that says nothing, since it is not the sabotage that turned the tests red."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What a sabotage did: the tests that turned red, without parameters, each once.

    ``older`` are those that were there before the sabotage was; None where git does not tell.
    ``named`` tells whether it was the tests named for it that saw it.
    """

    sabotage: Sabotage
    red: tuple[str, ...]
    named: bool = True
    older: tuple[str, ...] | None = None

    @property
    def caught(self) -> bool:
        """Whether a test saw it."""
        return bool(self.red)


@contextmanager
def copied(repository: Path) -> Iterator[Path]:
    """Lend a clean copy of the last commit; what was not committed is not in it."""
    with tempfile.TemporaryDirectory(prefix="sabotage-") as folder:
        tree = Path(folder) / "tree"
        _git(repository, "clone", "-q", "--shared", str(repository), str(tree))
        yield tree


def tried(sabotage: Sabotage, repository: Path, whole: Sequence[str] = WHOLE) -> Outcome:
    """Break a copy and run the tests named; when they stay green, the ``whole`` suite.

    :raises Rotten: when the sabotage does not fit the code.
    :raises Unusable: when tests could not even be collected, or are red without it too.
    """
    with copied(repository) as tree:
        sabotage.apply(tree)
        try:
            named = red_tests(tree, sabotage.tests)
            red = named or red_tests(tree, whole)
        except Unusable as error:
            raise Unusable(f"sabotage '{sabotage.name}': {error}") from None
    if red and not named:
        _refuse_red_anyway(red, sabotage, repository)
    older = _older(red, sabotage, repository)
    return Outcome(sabotage=sabotage, red=red, named=bool(named), older=older)


def _refuse_red_anyway(red: Sequence[str], sabotage: Sabotage, repository: Path) -> None:
    """Run ``red``, of which nobody knew whether they were green before, where nothing is broken."""
    with copied(repository) as tree:
        if red_tests(tree, red) == red:
            raise Unusable(
                f"sabotage '{sabotage.name}': the tests named for it stay green, and without it "
                f"these are red too: {', '.join(red)}."
            )


def red_tests(tree: Path, arguments: Sequence[str]) -> tuple[str, ...]:
    """Run pytest in ``tree`` and return the tests that were not green.

    :raises Unusable: when pytest could not collect or run them.
    """
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rfE", "--tb=no", *_OPTIONS, *arguments],
        cwd=tree,
        env=_environ(tree),
        capture_output=True,
        text=True,
        timeout=_RUN_SECONDS,
        check=False,
    )
    red = tuple(dict.fromkeys(_RED.findall(done.stdout)))
    lost = _UNCOLLECTED.findall(done.stdout)
    if lost or done.returncode not in (0, *_RED_EXITS) or bool(done.returncode) != bool(red):
        said = (done.stdout + done.stderr)[-2000:]
        raise Unusable(f"pytest ended with {done.returncode} in a copy of the tree:\n{said}")
    return red


_OPTIONS = ("-p", "no:cacheprovider", f"--timeout={_TEST_SECONDS}")


def _environ(tree: Path) -> dict[str, str]:
    """Let each Python below import the copy, and the plugin take nothing from our own run."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST_", "GITHUB_"))}
    return {**kept, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}


def _older(red: Sequence[str], sabotage: Sabotage, repository: Path) -> tuple[str, ...] | None:
    """Return those of ``red`` that stood in the commit before the one that brought the sabotage."""
    wanted = f'name = "{sabotage.name}"'
    brought = _git(repository, "log", "--reverse", "--format=%H", "-S", wanted, "--", "sabotage")
    before = f"{brought.split()[0]}~1" if brought else "HEAD"
    if not _git(repository, "rev-parse", "-q", "--verify", before, fails=True):
        return None
    return tuple(one for one in red if _stood(one, before, repository))


def _stood(test: str, commit: str, repository: Path) -> bool:
    file, _, function = test.partition("::")
    text = _git(repository, "show", f"{commit}:{file}", fails=True)
    return f"def {function.rpartition('::')[2]}(" in text


def _git(repository: Path, *words: str, fails: bool = False) -> str:
    """Return what git says; with ``fails``, nothing instead of an error."""
    argv = [_GIT, "-C", str(repository), *words]
    done = subprocess.run(argv, capture_output=True, text=True, check=not fails)
    return done.stdout if done.returncode == 0 else ""
