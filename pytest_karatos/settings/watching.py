"""Say how one board's console is watched: the rules of all, with what the board says otherwise."""

import dataclasses
from pathlib import Path
from typing import Any

from pytest_karatos.board import Board
from pytest_karatos.settings.placeholders import filled
from pytest_karatos.settings.record import Settings
from pytest_karatos.watch import WatchRules

#: A board's key -> the field of the rules that it sets.
_OWN = {"newline": "newline", "ready": "ready", "filter": "filter", "silence": "silence_seconds"}


def rules_for(settings: Settings, board: Board, elf: Path) -> WatchRules:
    """Return the rules for a boot of ``elf`` on ``board``; the filter is ready to be run.

    :raises BadSetting: for an unknown placeholder in the filter.
    """
    own: dict[str, Any] = {
        field: settings.values[key]
        for word, field in _OWN.items()
        if (key := f"boards.{board.name}.{word}") in settings.values
    }
    rules = dataclasses.replace(settings.rules, **own)
    key = f"boards.{board.name}.filter" if "filter" in own else "console.filter"
    return dataclasses.replace(rules, filter=_command(settings, rules.filter, key, elf))


def _command(settings: Settings, argv: tuple[str, ...], key: str, elf: Path) -> tuple[str, ...]:
    if not argv:
        return ()
    origin, facts = settings.origins.get(key, "default"), {"elf": str(elf)}
    program, *rest = (filled(part, facts, key=key, origin=origin) for part in argv)
    # A path is relative to the settings' folder, whatever folder a process stands in.
    return (str(settings.root / program) if "/" in program else program, *rest)
