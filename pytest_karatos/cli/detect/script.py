"""A tree that a build.sh builds: a karatOS-like one, or any other."""

from pathlib import Path

from pytest_karatos.cli.detect.found import Found, Question, foreign
from pytest_karatos.cli.detect.text import read
from pytest_karatos.settings.karatos_tree import LOCATION

_SCRIPT = "build.sh"


def self_describing(tree: Path) -> Found | None:
    """Recognise a tree shaped like karatOS: its own file says how it is built, and for what."""
    if not ((tree / _SCRIPT).is_file() and (tree / LOCATION).is_file()):
        return None
    saw = f"{_SCRIPT} and {LOCATION}: everything is said there, no settings file is needed"
    return Found(saw=(saw,), needs_settings=False)


def recognise(tree: Path) -> Found | None:
    """Recognise a build.sh, whose arguments and result only a person knows."""
    if not (tree / _SCRIPT).is_file():
        return None
    text = read(tree / _SCRIPT)
    builder, why = foreign(text)
    return Found(
        saw=(f"{_SCRIPT}: a script builds it",),
        command=f"./{_SCRIPT}",
        hint=text,
        builder=builder,
        builder_why=why,
        questions=(
            Question(
                text=f"what does {_SCRIPT} want to be told? (known: {{arch}} {{profile}} {{board}} "
                "{triple} {features})",
                lines=(f'command = "./{_SCRIPT} {{arch}} {{profile}}"',),
            ),
            Question(text="which file does it leave?", lines=('elf = "build/firmware.elf"',)),
        ),
    )
