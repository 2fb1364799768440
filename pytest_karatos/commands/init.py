"""Begin in a firmware tree: write settings and a first test from what is found there.

Nothing that exists is ever overwritten: such a file is left as it is, and said so. What
cannot be told stands as a question in karatos.toml. Exit status 0 when everything could
be told, 1 when questions are left.
"""

from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.commands.shell import Shell
from pytest_karatos.commands.trees.found import Found, Question
from pytest_karatos.commands.trees.settings_file import settings_file
from pytest_karatos.commands.trees.target import Target, target_of
from pytest_karatos.commands.trees.text import read
from pytest_karatos.commands.trees.ways import recognise
from pytest_karatos.errors import BadSetting
from pytest_karatos.settings import load

HELP = "write settings and a first test into a firmware tree"
_SETTINGS, _TEST = "karatos.toml", "tests/firmware/test_boot.py"
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
_FIRST_TEST = '''\
"""The first things to know of firmware: it boots, says something, does not crash, and fits.

Fixtures: board, firmware, machine, console, scheduler, budget (`pytest --fixtures`).
"""


def test_it_boots(machine):
    # Red when the console stays silent, when a fault or panic is printed, when the machine ends
    # first; and, by itself after every test, when the firmware ends with a nonzero exit status.
    machine.console.expect(r"\\S")
    # A crash often comes a little later than the banner: listen for a while.
    machine.settle(1.0)
    machine.console.check()


def test_it_fits(firmware, budget):
    # Held to the board's memory, and to [budget] in karatos.toml.
    assert firmware.sizes.flash_bytes > 0
    budget.check(firmware)
'''


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """Write files below ``tree`` that are not there yet, and say what was done."""

    tree: Path
    shell: Shell

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
    boards = load(root=Path(__file__).parent, environ={}, typed={}).boards
    found = recognise(tree, boards)
    target = target_of(tree, found, boards) if found.needs_settings else Target()
    for fact in (*found.saw, *target.saw):
        shell.say(f"found  {fact}")
    files = Files(tree=tree, shell=shell)
    asked = _settings(files, found, target)
    _pytest(files)
    files.write(_TEST, _FIRST_TEST, "a first test")
    return _next(options.folder, target, asked, shell)


def _settings(files: Files, found: Found, target: Target) -> tuple[Question, ...]:
    """Write the settings file; return the questions that it asks."""
    if not found.needs_settings:
        return ()
    if "[tool.karatos" in read(files.tree / "pyproject.toml"):
        files.left(_SETTINGS, "pyproject.toml has [tool.karatos]")
        return ()
    there = (files.tree / _SETTINGS).exists()
    files.write(_SETTINGS, settings_file(found, target), "how it is built, and for which boards")
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
    shell.say()
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
