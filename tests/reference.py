"""Write the reference pages from the code: ``python -m tests.reference`` (``make reference``)."""

import inspect
from pathlib import Path

from pytest_karatos.bench import Bench
from pytest_karatos.board import Board
from pytest_karatos.console import Console
from pytest_karatos.emulators.protocol import Machine
from pytest_karatos.firmware import Firmware
from pytest_karatos.measure.budget import Budgets
from pytest_karatos.pytest_plugin import fixtures, hookspec
from pytest_karatos.pytest_plugin.options import FLAGS, SETTINGS_FLAG, word_of
from pytest_karatos.scheduler import Scheduler
from pytest_karatos.settings import TEST_KEYS, describe
from pytest_karatos.settings.keys import KEYS
from pytest_karatos.target_tests import TargetTests

FOLDER = Path(__file__).parents[1] / "docs" / "reference"
_MADE = "Made from the code; do not edit. `make reference` writes it again.\n"
_NAMES = (
    "`--arch` is the one flag without the prefix. The names of boards, archs and profiles come\n"
    "from the settings; a wrong one is answered with the known ones.\n"
)
#: The marker's words for choosing, as a page explains them; the others are the board's own keys.
_CHOOSING = {
    "arch": 'only boards of these archs: `"arm"`, `"arm,riscv"` or a list',
    "board": "only these boards, by name",
    "profile": 'these profiles instead of the run\'s, as `"release"`',
    "firmware": "this `[firmware.NAME]` of the settings, or several; without it, those of the run",
    "binary": 'one of the binaries of its build, several, or a pattern: `"idle"`, `"i*"`, `"*"`',
    "elf": "another place of the ELF in the tree than the settings say",
    "features": "build with these features; the build command has a `{features}` for them",
    "boots": "boot so often for this test, each boot with its fixtures and its body; one verdict",
    "must_pass": "so many of the boots must pass, instead of all",
}
MARKER = _CHOOSING | {
    word: f"{key.help}; as `{key.name.replace('*', 'NAME')}`" for word, key in TEST_KEYS.items()
}
_STARS: dict[object, str] = {
    inspect.Parameter.VAR_POSITIONAL: "*",
    inspect.Parameter.VAR_KEYWORD: "**",
}
_FIXTURES = {
    "board": Board,
    "firmware": Firmware,
    "machine": Machine,
    "console": Console,
    "scheduler": Scheduler,
    "budget": Budgets,
    "target_tests": TargetTests,
    "karatos_bench": Bench,
}


def flags() -> str:
    """Return the page of flags, ini keys and environment variables."""
    by_word = {key.typed: key for key in KEYS if key.typed}
    rows = ["| flag | what for | setting | environment | ini |", "| --- | --- | --- | --- | --- |"]
    for flag, facts in FLAGS:
        word = word_of(flag)
        key = by_word[word]
        cells = (
            f"`{flag}={facts['metavar']}`" if "metavar" in facts else f"`{flag}`",
            facts["help"].replace("|", "&#124;"),
            f"`{key.name.replace('*', 'NAME')}`",
            f"`{key.env}`",
            f"`karatos_{word}`",
        )
        rows.append(f"| {' | '.join(cells)} |")
    rows.append(f"| `{SETTINGS_FLAG}` | print every setting with its origin, and end. | | | |")
    more = [f"| `{key.env}` | {key.help} | `{key.name}` |" for key in KEYS if key.env]
    lone = [row for row, key in zip(more, (key for key in KEYS if key.env), strict=True)
            if not any(word_of(flag) == key.typed for flag, _ in FLAGS)]  # fmt: skip
    return "\n".join(
        [
            "# Flags, environment and ini keys\n",
            _MADE,
            _NAMES,
            *rows,
            "\nSettings that have an environment variable and no flag:\n",
            "| variable | what for | setting |",
            "| --- | --- | --- |",
            *lone,
            "",
        ]
    )


def _members(kind: type) -> str:
    """Return a table of what a test can ask of ``kind``; attributes come first."""
    rows = ["| | |", "| --- | --- |"]
    plain = [name for name in inspect.get_annotations(kind) if not name.startswith("_")]
    if plain:
        rows.append(f"| {' '.join(f'`.{name}`' for name in plain)} | |")
    bases = [one for one in kind.__mro__ if one.__module__.startswith("pytest_karatos.scheduler")]
    members = {name: one for base in reversed([kind, *bases]) for name, one in vars(base).items()}
    for name, member in members.items():
        text = (inspect.getdoc(member) or "").partition("\n")[0].replace(":meth:", "")
        if not name.startswith("_") and text and name not in plain:
            rows.append(f"| `.{name}{_call(member)}` | {text} |")
    return "\n".join(rows) + "\n"


def _call(member: object) -> str:
    """Return a method's arguments without their types; nothing for a property."""
    inner = getattr(member, "__func__", member)
    if not inspect.isfunction(inner):
        return ""
    names = [
        f"{_STARS.get(one.kind, '')}{one.name}{'' if one.default is one.empty else '='}"
        for one in inspect.signature(inner).parameters.values()
        if one.name not in ("self", "cls")
    ]
    return f"({', '.join(names)})"


def fixture_page() -> str:
    """Return the page of fixtures and of the marker."""
    names = [
        f"## `{name}`\n\n{inspect.getdoc(getattr(fixtures, name))}\n\n{_members(kind)}\n"
        for name, kind in _FIXTURES.items()
    ]
    words = [f"| `{word}=` | {text} |" for word, text in MARKER.items()]
    return "\n".join(
        [
            "# Fixtures and the marker\n",
            _MADE,
            *names,
            "## `@pytest.mark.karatos(...)`\n",
            "Narrows or varies the firmware of one test, class or module; the nearest mark wins.\n",
            "| word | what for |",
            "| --- | --- |",
            *words,
            "",
        ]
    )


def hooks() -> str:
    """Return the page of hooks."""
    found = [name for name in vars(hookspec) if name.startswith("pytest_karatos_")]
    parts = []
    for name in found:
        hook = getattr(hookspec, name)
        arguments = ", ".join(inspect.signature(hook).parameters)
        parts.append(f"## `{name}({arguments})`\n\n{inspect.getdoc(hook)}\n")
    return "\n".join(["# Hooks\n", _MADE, f"{inspect.getdoc(hookspec)}\n", *parts])


PAGES = {
    "settings.md": describe.markdown,
    "flags.md": flags,
    "fixtures.md": fixture_page,
    "hooks.md": hooks,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page())
