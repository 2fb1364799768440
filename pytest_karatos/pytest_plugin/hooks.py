"""Calls of the users' hooks, one plugin at a time: who answered and who failed is known."""

import math
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pytest_karatos.emulators.protocol import Emulator, Machine
from pytest_karatos.errors import HookFailed, Misbehaved
from pytest_karatos.firmware import Firmware
from pytest_karatos.measurement import Measurement
from pytest_karatos.report.shape import LedgerFacts
from pytest_karatos.settings.suggest import short_repr
from pytest_karatos.text import printable

_LONGEST = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class HookResult:
    """What one plugin's hook returned; ``who`` reads ``pytest_karatos_boards of conftest.py``."""

    who: str
    value: Any


def hook_results(config: pytest.Config, caller: Any, **arguments: object) -> Iterator[HookResult]:  # noqa: ANN401 - pluggy's caller
    """Ask the plugins that ``caller`` knows in the order they were registered: the nearest last.

    :raises HookFailed: naming the hook, its plugin and the line that raised.
    """
    implementers = [one.plugin for one in caller.get_hookimpls()]
    known = [one.plugin for one in getattr(config.hook, caller.name).get_hookimpls()]
    for plugin in implementers:
        others = [one for one in known if one is not plugin]
        alone = config.pluginmanager.subset_hook_caller(caller.name, others)
        who = f"{caller.name} of {_name(config, plugin)}"
        try:
            values = alone(**arguments)
        except Exception as error:
            if isinstance(error, Misbehaved):
                error.settle()  # it is told as the hook's
            raise _failed(who, error, _file(plugin)) from error
        yield from (HookResult(who=who, value=value) for value in values)


def _name(config: pytest.Config, plugin: object) -> str:
    file = _file(plugin)
    if not file:
        return str(config.pluginmanager.get_name(plugin))
    path = Path(file)
    return str(path.relative_to(config.rootpath)) if path.is_relative_to(config.rootpath) else file


def _file(plugin: object) -> str:
    return str(getattr(plugin, "__file__", None) or "")


def _failed(who: str, error: Exception, file: str) -> HookFailed:
    frames = traceback.extract_tb(error.__traceback__)
    own = [one for one in frames if one.filename == file] or frames
    said = printable(str(error))[:_LONGEST]
    return HookFailed(
        f"{who} raised {type(error).__name__}: {said}",
        why=f"{Path(own[-1].filename).name}:{own[-1].lineno}: {own[-1].line}",
        fix="correct the hook; docs/reference/hooks.md has an example of each",
    )


def boards(config: pytest.Config, settings: Mapping[str, object]) -> list[tuple[str, object]]:
    """Return the further boards, each set with who said it."""
    caller = config.hook.pytest_karatos_boards
    return [(one.who, one.value) for one in hook_results(config, caller, settings=settings)]


def emulators(config: pytest.Config) -> dict[str, Emulator]:
    """Return the users' kinds of machine by their word.

    :raises HookFailed: for what cannot boot anything.
    """
    found: dict[str, Emulator] = {}
    for one in hook_results(config, config.hook.pytest_karatos_emulators):
        emulators = one.value if isinstance(one.value, list | tuple) else [one.value]
        for emulator in emulators:
            parts = ("name", "in_container", "require", "version", "boot")
            missing = [part for part in parts if not hasattr(emulator, part)]
            if missing:
                raise HookFailed(
                    f"{one.who} returned {short_repr(emulator)}, which has no "
                    f"{' and no '.join(missing)}.",
                    fix="return objects with what pytest_karatos.emulators.protocol.Emulator has",
                )
            found[emulator.name] = emulator
    return found


def arguments(item: pytest.Item, firmware: Firmware) -> tuple[str, ...]:
    """Return QEMU's further arguments for one test's boot.

    :raises HookFailed: for what is no list of texts.
    """
    caller = item.ihook.pytest_karatos_qemu_args
    found: list[str] = []
    for one in hook_results(
        item.config, caller, board=firmware.board, firmware=firmware, test=item
    ):
        good = isinstance(one.value, list | tuple) and all(map(_is_word, one.value))
        if not good:
            raise HookFailed(
                f"{one.who} returned {short_repr(one.value)}, not a list of QEMU arguments.",
                fix='return each word by itself: ["-device", "loader,file=data.bin"]',
            )
        found += one.value
    return tuple(found)


def _is_word(value: object) -> bool:
    return isinstance(value, str) and value != "" and "\0" not in value


def measure(item: pytest.Item, firmware: Firmware, machine: Machine) -> list[Measurement]:
    """Return the users' figures of one test.

    :raises HookFailed: for what is no measurement.
    """
    caller = item.ihook.pytest_karatos_measurement
    found: list[Measurement] = []
    for one in hook_results(item.config, caller, firmware=firmware, machine=machine, test=item):
        values = one.value if isinstance(one.value, list | tuple) else [one.value]
        found += [_sound(value, one.who, firmware) for value in values]
    return found


def _sound(value: object, who: str, firmware: Firmware) -> Measurement:
    if not (isinstance(value, Measurement) and _is_sound(value)):
        raise HookFailed(
            f"{who} returned {short_repr(value)}, not a measurement with a name and a number.",
            fix='return pytest_karatos.Measurement(name="stack", value=412, unit="B"), or a list',
        )
    return replace(
        value,
        name=printable(value.name)[:_LONGEST],
        unit=printable(str(value.unit))[:_LONGEST],
        board=value.board or firmware.board.name,
        profile=value.profile or firmware.profile,
    )


def _is_sound(one: Measurement) -> bool:
    limited = one.limit is None or _is_figure(one.limit)
    return _is_word(one.name) and _is_figure(one.value) and limited


def _is_figure(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def report(config: pytest.Config, ledger: LedgerFacts) -> Iterator[str]:
    """Hand the ledger out, and return lines for the terminal.

    :raises HookFailed: for a hook that raised, or returned what are no lines.
    """
    for one in hook_results(config, config.hook.pytest_karatos_report, ledger=ledger):
        lines = one.value.splitlines() if isinstance(one.value, str) else one.value
        if not (isinstance(lines, list | tuple) and all(isinstance(line, str) for line in lines)):
            raise HookFailed(
                f"{one.who} returned {short_repr(one.value)}, not lines of text.",
                fix="return a text, a list of texts, or None",
            )
        yield from map(printable, lines)
