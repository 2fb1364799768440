"""Write what was recognised as a karatos.toml that explains itself."""

import json
from collections.abc import Iterator

from pytest_karatos.commands.trees.found import Found, Question
from pytest_karatos.commands.trees.target import Target

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


def settings_file(found: Found, target: Target) -> str:
    """Return the file's text; questions stand in it as comments to complete."""
    lines = [*_run(target), *_build(found), *_boards(found, target)]
    for question in target.questions:
        lines += ["", *_asked(question)]
    saw = "".join(f"#   {_one_line(fact)}\n" for fact in (*found.saw, *target.saw))
    arch = target.boards[0].arch if target.boards else "arm"
    tail = _TAIL.replace("{arch}", arch).replace("{profile}", "debug")
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
    yield "[build]"
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


def _boards(found: Found, target: Target) -> Iterator[str]:
    names = dict(found.build_names)
    for board in target.boards:
        facts = {"build_name": names.get(board.arch, "")}
        facts["triple"] = found.triple if found.triple != board.triple else ""
        if any(facts.values()):
            yield ""
            yield f"[boards.{board.name}]"
            yield from (f"{key} = {_quoted(value)}" for key, value in facts.items() if value)


def _asked(question: Question) -> Iterator[str]:
    yield f"# QUESTION: {_one_line(question.text)}"
    yield from (f"# {line}" for line in question.lines)


def _one_line(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("\x7f", "?")


def _quoted(value: str | list[str]) -> str:
    """Write a TOML value; JSON's texts and lists are TOML's."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
