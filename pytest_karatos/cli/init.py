"""Begin in a firmware tree: write settings and a first test from what is found there.

Nothing that exists is ever overwritten: such a file is left as it is, and said so. What
cannot be told stands as a question in karatos.toml. Exit status 0 when everything could
be told, 1 when questions are left.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.binaries import BINARY
from pytest_karatos.choices import LOCAL
from pytest_karatos.cli.checks.need import MISSING, Need
from pytest_karatos.cli.checks.toolchain import examine
from pytest_karatos.cli.detect.first_tests import first_tests
from pytest_karatos.cli.detect.found import Found, Question
from pytest_karatos.cli.detect.settings_file import settings_file
from pytest_karatos.cli.detect.speech import Speech, speech_of
from pytest_karatos.cli.detect.target import Target, target_of
from pytest_karatos.cli.detect.text import one_line, read
from pytest_karatos.cli.detect.ways import recognise
from pytest_karatos.cli.shell import Shell
from pytest_karatos.errors import BadSetting, KaratosError
from pytest_karatos.settings import load, packaged

HELP = "write settings and a first test into a firmware tree"
_SETTINGS, _TEST = "karatos.toml", "tests/firmware/test_boot.py"
#: So many built ELFs are read for what they print.
_MOST_READ = 20
#: Where pytest finds its own settings, and with them the folder that ours are looked for in.
_PYTEST = {
    "pytest.ini": "[pytest",
    ".pytest.ini": "[pytest",
    "pytest.toml": "[pytest",
    "pyproject.toml": "[tool.pytest",
    "tox.ini": "[pytest",
    "setup.cfg": "[tool:pytest",
}
_PYTEST_INI = """\
[pytest]
testpaths = tests/firmware
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """Write files below ``tree`` that are not there yet, and say what was done."""

    tree: Path
    shell: Shell

    @property
    def elsewhere(self) -> bool:
        """Whether the settings are in the file that a Python project has for all."""
        return "[tool.karatos" in read(self.tree / "pyproject.toml")

    @property
    def settled(self) -> bool:
        """Whether somebody wrote settings before."""
        return self.elsewhere or (self.tree / _SETTINGS).exists()

    def write(self, name: str, text: str, what: str) -> None:
        """Write one file; an existing one, a dangling link included, is left as it is."""
        path = self.tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            self.left(name, "it exists")
        else:
            self.shell.say(f"wrote  {name}  ({what})")

    def left(self, name: str, why: str) -> None:
        """Say that nothing was written."""
        self.shell.say(f"left   {name}  ({why})")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "folder", nargs="?", default=".", metavar="DIR", help="the firmware tree (default: here)"
    )


def run(options: Namespace, shell: Shell) -> int:
    """Recognise the tree, write the files, say what comes next."""
    tree = shell.folder / options.folder
    if not tree.is_dir():
        raise BadSetting(f"{tree} is not a folder.", why="init writes into a firmware tree.")
    # The built-in boards only: a settings file that is there may be the reason to look again.
    known = packaged({})
    found = recognise(tree, known.boards)
    target = target_of(tree, found, known.boards) if found.needs_settings else Target()
    speech = speech_of(tree, known.dialects, _built(found))
    for fact in (*found.saw, *target.saw, *_heard(speech)):
        shell.say(f"found  {one_line(fact)}")
    for fact in found.unsure:
        shell.say(f"unsure {one_line(fact)}")
    files = Files(tree=tree, shell=shell)
    ours = not (files.settled and found.needs_settings)
    asked = _settings(files, found, target, speech)
    _pytest(files)
    # Tests name firmwares only where the settings that name them are of the same hand.
    tests = first_tests(found if ours else Found(saw=()), speech)
    files.write(_TEST, tests, f"{tests.count('def test_')} first tests")
    shell.say()
    for need in () if asked else _lacking(tree, shell):
        shell.say(f"missing {need.name}: {need.found}; {need.fix}")
    return _next(options.folder, target, asked, shell)


def _lacking(tree: Path, shell: Shell) -> Iterator[Need]:
    """Yield the programs that builds on this machine need and that are not here."""
    try:
        settings = load(root=tree, environ=shell.environ, typed={})
    except KaratosError:  # in settings that somebody else wrote
        return
    if settings.builder == LOCAL:
        found = examine(settings, shell.environ)
        yield from (need for need in found if need.state == MISSING)


def _built(found: Found) -> list[str]:
    many = (
        family.prebuilt.replace(BINARY, name)
        for family in found.families
        for name in family.binaries[:_MOST_READ]
    )
    return [*(elf for _, elf in found.prebuilt), *(one for one in many if one)]


def _heard(speech: Speech) -> Iterator[str]:
    if speech.dialect:
        yield f"{speech.where}: what it prints is read as the dialect '{speech.dialect}'"
    if speech.semihosting:
        yield f"{speech.semihosting}: it prints by semihosting"
    if speech.ends:
        yield f"{speech.ends}: it can end by itself"


def _settings(files: Files, found: Found, target: Target, speech: Speech) -> tuple[Question, ...]:
    """Write the settings file; return the questions that it asks."""
    if not found.needs_settings:
        return ()
    if files.elsewhere:
        files.left(_SETTINGS, "pyproject.toml has [tool.karatos]")
        return ()
    there = files.settled
    text = settings_file(found, target, speech)
    files.write(_SETTINGS, text, "how it is built, and for which boards")
    return () if there else (*found.questions, *target.questions)


def _pytest(files: Files) -> None:
    """Let pytest know this folder as its root; without that, `pytest tests/firmware` does not."""
    for name, sign in _PYTEST.items():
        if sign in read(files.tree / name):
            files.left("pytest.ini", f"{name} has pytest's settings")
            return
    files.write("pytest.ini", _PYTEST_INI, "makes this folder pytest's root")


def _next(folder: str, target: Target, asked: tuple[Question, ...], shell: Shell) -> int:
    """Say what to do now."""
    enter = "" if folder == "." else f"cd {folder} && "
    if asked:
        shell.say(f"{len(asked)} thing{'s' * (len(asked) > 1)} could not be told from the tree:")
        for question in asked:
            shell.say(f"  {question.text}")
        shell.say(f"answer in {_SETTINGS} (look for QUESTION), then: {enter}pytest")
        return 1
    archs = list(dict.fromkeys(board.arch for board in target.boards if board.default))
    flag = f" --arch={archs[0] if len(archs) == 1 else 'all'}" if archs else ""
    shell.say(f"next: {enter}pytest{flag}")
    shell.say(f"if something is missing: {enter}python -m pytest_karatos doctor")
    return 0
