"""A ``karatos.toml`` that explains itself, made of what was detected."""

import json
from collections.abc import Iterator, Sequence

from pytest_karatos.choices import DEBUG
from pytest_karatos.cli.detect.found import Found, Question
from pytest_karatos.cli.detect.speech import Speech
from pytest_karatos.cli.detect.target import Target
from pytest_karatos.cli.detect.text import one_line

_HEAD = """\
# Settings of pytest-karatos, written by `python -m pytest_karatos init` from what it found here:
"""
_TAIL = """
# Limits that fail a test which asks for them (`budget.check(firmware)`):
# [budget.{arch}.{profile}]
# flash = "24 KiB"
# ram = "8 KiB"

# Every key, its value now and where that comes from: pytest --karatos-settings
"""


def settings_file(found: Found, target: Target, speech: Speech) -> str:
    """Return the file's text; questions stand in it as comments to complete."""
    lines = [*_run(target), *_build(found), *_families(found), *_boards(found, target, speech)]
    for question in target.questions:
        lines += ["", *_asked(question)]
    saw = "".join(f"#   {one_line(fact)}\n" for fact in (*found.saw, *target.saw))
    saw += "".join(f"#   not known: {one_line(fact)}\n" for fact in found.unsure)
    arch = target.boards[0].arch if target.boards else "arm"
    tail = _TAIL.replace("{arch}", arch).replace("{profile}", DEBUG)
    return _HEAD + saw + "\n".join(["", *lines, ""]).replace("\n\n\n", "\n\n") + tail


def _run(target: Target) -> Iterator[str]:
    boards = target.boards
    plain = all(board.default for board in boards)
    names = [board.arch if plain else board.name for board in boards]
    if names:
        yield "[run]"
        yield f"{'arch' if plain else 'board'} = {_quoted(names)}"
        yield ""


def _build(found: Found) -> Iterator[str]:
    lines = list(_recipe(found))
    if lines:
        yield from ("[build]", *lines)


def _recipe(found: Found) -> Iterator[str]:
    for key, place in (("source", found.source), ("folder", found.folder)):
        if place:
            yield f"{key} = {_quoted(place)}"
    texts = [one.expected.replace("{binary}", "*") for one in found.families if one.expected]
    if texts:
        yield "# What is expected of them is no source: edited, it builds nothing."
        yield f"exclude = {_quoted(texts)}"
    if found.command:
        unsure = any(line.startswith("command") for one in found.questions for line in one.lines)
        yield f"{'# ' if unsure else ''}command = {_quoted(found.command)}"
    if found.elf:
        yield f"elf = {_quoted(found.elf)}"
    if found.builder:
        yield f"# {found.builder_why}."
        yield f"builder = {_quoted(found.builder)}"
    for arch, elf in found.prebuilt:
        yield f"prebuilt.{arch} = {_quoted(elf)}"
    for question in found.questions:
        yield from _asked(question)


def _families(found: Found) -> Iterator[str]:
    for one in found.families:
        binaries = one.binaries[0] if one.binaries[:1] and "{" in one.binaries[0] else one.binaries
        facts = {"arch": one.archs, "command": one.command, "elf": one.elf, "binaries": binaries}
        facts |= {"expected": one.expected, "prebuilt": one.prebuilt}
        yield ""
        yield f"[firmware.{one.name}]"
        yield from (f"{key} = {_quoted(value)}" for key, value in facts.items() if value)


def _boards(found: Found, target: Target, speech: Speech) -> Iterator[str]:
    names = dict(found.build_names)
    for board in target.boards:
        facts = {"build_name": names.get(board.arch, "")}
        facts["triple"] = found.triple if found.triple != board.triple else ""
        facts["console"] = "semihosting" if speech.semihosting else ""
        if any(facts.values()):
            yield ""
            yield f"[boards.{board.name}]"
            if speech.semihosting:
                yield f"# {one_line(speech.semihosting)} prints by semihosting."
            yield from (f"{key} = {_quoted(value)}" for key, value in facts.items() if value)


def _asked(question: Question) -> Iterator[str]:
    yield f"# QUESTION: {one_line(question.text)}"
    yield from (f"# {line}" for line in question.lines)


def _quoted(value: str | Sequence[str]) -> str:
    """Write a TOML value; JSON's texts and lists are TOML's."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
