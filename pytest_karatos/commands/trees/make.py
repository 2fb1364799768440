"""Recognise a tree that make builds, and find which ELF its Makefile speaks of."""

import re
from pathlib import Path

from pytest_karatos.commands.trees.cross import foreign
from pytest_karatos.commands.trees.found import Found, Question
from pytest_karatos.commands.trees.text import read

_NAMES = ("GNUmakefile", "makefile", "Makefile")
_VARIABLE = re.compile(r"^[ \t]*(\w+)[ \t]*[:?]?=[ \t]*([^#\n]*?)[ \t]*(?:#.*)?$", re.MULTILINE)
_USE = re.compile(r"\$[({](\w+)[)}]")
_ELF = re.compile(r"[\w./-]+\.(?:elf|axf)\b")
#: Variables that stand for variables; more than that is a loop.
_DEEPEST = 8


def recognise(tree: Path) -> Found | None:
    """Recognise a Makefile; its default goal is taken for the build."""
    name = next((one for one in _NAMES if (tree / one).is_file()), "")
    if not name:
        return None
    text = read(tree / name)
    elves = elves_in(text)
    saw = [f"{name}: `make` builds it"]
    if len(elves) == 1:
        saw.append(f"{name} makes {elves[0]}")
    builder, why = foreign(text)
    return Found(
        saw=tuple(saw),
        command="make",
        elf=elves[0] if len(elves) == 1 else "",
        hint=text,
        builder=builder,
        builder_why=why,
        questions=() if len(elves) == 1 else (_which(elves),),
    )


def _which(elves: list[str]) -> Question:
    if elves:
        text = f"which file is to be booted: {', '.join(elves[:8])}?"
    else:
        text = "which file does `make` leave? (a path or glob, relative to this folder)"
    return Question(text=text, lines=(f'elf = "{elves[0] if elves else "build/firmware.elf"}"',))


def elves_in(text: str) -> list[str]:
    r"""List the ELFs that a Makefile speaks of, its simple variables filled in.

    >>> elves_in("NAME = blink\nall: out/$(NAME).elf\nout/$(NAME).elf: main.c\n")
    ['out/blink.elf']
    """
    values = dict(_VARIABLE.findall(text))
    for _ in range(_DEEPEST):
        filled = _USE.sub(lambda use: values.get(use[1], use[0])[:200], text)
        if filled == text or len(filled) > 2 * len(text) + 10_000:
            break
        text = filled
    # What is still behind a '$' or a '%' has no name of its own.
    named = re.sub(r"[^\s:=,;'\"]*[$%][^\s:=,;'\"]*", " ", text)
    return list(dict.fromkeys(one.removeprefix("./") for one in _ELF.findall(named)))
