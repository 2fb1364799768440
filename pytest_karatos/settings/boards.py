"""Make boards and budgets out of merged settings, and refuse what contradicts itself."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from pytest_karatos.board import Board, Region
from pytest_karatos.errors import BadSetting
from pytest_karatos.measurement import Budget
from pytest_karatos.settings.keys import by_name
from pytest_karatos.settings.kinds import NAME
from pytest_karatos.settings.layers import Given, Layer
from pytest_karatos.settings.words import meant, shown

#: What QEMU must be told once and by us, with what to write instead.
_OURS = {
    "-serial": 'leave it out and write console = "uart0" (or "uart1", "semihosting")',
    "-nographic": "leave it out; there is no display",
    "-display": "leave it out; there is no display",
    "-kernel": 'leave it out; loader = "kernel", "bios" or "device" says how the ELF gets in',
    "-icount": 'leave it out and write icount = "..." (or "off")',
    "-S": "leave it out; every machine starts stopped, with its lines attached",
}


def names_in(values: Layer, table: str) -> list[str]:
    """Return the names of ``[table.NAME]`` in the order they were first given."""
    return list(dict.fromkeys(path[1] for path in values if path[0] == table))


def boards_of(values: Layer) -> tuple[Board, ...]:
    """Make all boards.

    :raises BadSetting: when one has no arch, no target, half a region or two defaults.
    """
    boards = [_board(values, name) for name in names_in(values, "boards")]
    defaults = {arch: _default_of(values, boards, arch) for arch in {one.arch for one in boards}}
    return tuple(
        dataclasses.replace(board, default=board.name == defaults[board.arch]) for board in boards
    )


def _board(values: Layer, name: str) -> Board:
    one = {path[2]: found for path, found in values.items() if path[:2] == ("boards", name)}
    _require_sound(values, name, one)
    said: dict[str, Any] = {word: found.value for word, found in one.items()}
    arch = said["arch"]
    console = said.get("console", _default("console"))
    target = _target(values, name, arch, one)
    everywhere = values.get(("run", "expect_exit"))
    return Board(
        name=name,
        arch=arch,
        build_name=said.get("build_name", name),
        triple=said.get("triple", target.get("triple", "")),
        emulator=said.get("emulator", target.get("emulator", "")),
        machine=said.get("qemu", ()),
        console=console,
        # A console on semihosting needs it whatever else is said or not.
        semihosting=said.get("semihosting", False) or console == "semihosting",
        loader=said.get("loader", _default("loader")),
        icount=said.get("icount", _default("icount")),
        elf_machine=target["elf_machine"],
        elf_bits=target.get("elf_bits", 32),
        elf_endian=target.get("elf_endian", "little"),
        regions=_regions(values, name),
        expect_exit=said.get("expect_exit", everywhere.value if everywhere else None),
    )


def _default(word: str) -> Any:  # noqa: ANN401 - the key's kind decides the type
    """Return what a board's key is when no file says it."""
    return by_name()[f"boards.*.{word}"].default


def _require_sound(values: Layer, name: str, one: Mapping[str, Given]) -> None:
    origin = next(iter(one.values())).origin
    if not NAME.fullmatch(name):
        raise BadSetting(
            f"{origin}: {shown(name)} is no board name; it becomes part of paths and test ids.",
            cure="use letters, digits, '.', '_' and '-'",
        )
    for argument in one["qemu"].value if "qemu" in one else ():
        if argument in _OURS:
            raise BadSetting(
                f"{one['qemu'].origin}: board '{name}' passes {argument} to QEMU, which this "
                "plugin says itself.",
                cure=_OURS[argument],
            )
    if "arch" not in one:
        known = [board for board in names_in(values, "boards") if board != name]
        raise BadSetting(f"{origin}: board '{name}' has no arch.{meant(name, known)}")


def _target(values: Layer, name: str, arch: str, one: Mapping[str, Given]) -> dict[str, Any]:
    target = {path[2]: found.value for path, found in values.items()
              if path[:2] == ("targets", arch)}  # fmt: skip
    has = target if "emulator" not in one else {**target, "emulator": ""}
    missing = [key for key in ("emulator", "elf_machine") if key not in has]
    if missing:
        archs = [known for known in names_in(values, "targets") if known != arch]
        raise BadSetting(
            f"{one['arch'].origin}: board '{name}' has arch {shown(arch)}, but "
            f"[targets.{arch}] does not say {' and '.join(missing)}.{meant(arch, archs)}",
            cure=f"add [targets.{arch}] with {', '.join(missing)}; known archs: {', '.join(archs)}",
        )
    return target


def _regions(values: Layer, name: str) -> tuple[Region, ...]:
    parts: dict[str, dict[str, Given]] = {}
    for path, found in values.items():
        if path[:3] == ("boards", name, "regions"):
            parts.setdefault(path[3], {})[path[4]] = found
    return tuple(_region(name, region, given) for region, given in parts.items())


def _region(board: str, name: str, parts: Mapping[str, Given]) -> Region:
    for word in ("start", "size"):
        if word not in parts:
            origin = next(iter(parts.values())).origin
            raise BadSetting(f"{origin}: region '{name}' of board '{board}' has no {word}.")
    return Region(name=name, start=parts["start"].value, size_bytes=parts["size"].value)


def _default_of(values: Layer, boards: list[Board], arch: str) -> str:
    """Name the board that the arch alone means: the one declared so, a packaged one, the first."""
    names = [board.name for board in boards if board.arch == arch]
    said = {name: found for name in names if (found := values.get(("boards", name, "default")))}
    yes = [name for name, found in said.items() if found.value]
    if len(yes) > 1:
        raise BadSetting(
            f"{said[yes[1]].origin}: boards '{yes[0]}' and '{yes[1]}' both say default = true.",
            why=f"--arch={arch} must mean one board.",
        )
    rest = [name for name in names if name not in said] or names
    return (yes or rest)[0]


def budgets_of(values: Layer, boards: tuple[Board, ...]) -> tuple[Budget, ...]:
    """Make all budgets.

    :raises BadSetting: when one is for an arch or board that does not exist.
    """
    known = list(dict.fromkeys([board.arch for board in boards] + [one.name for one in boards]))
    budgets = []
    for path, found in values.items():
        if path[0] != "budget":
            continue
        if path[1] not in known:
            raise BadSetting(
                f"{found.origin}: [budget.{path[1]}] names no arch or board.{meant(path[1], known)}"
                f" Known: {', '.join(known)}."
            )
        budgets.append(
            Budget(
                metric=path[-1],
                limit_bytes=found.value,
                arch=path[1],
                profile=path[2]
                if len(path) == len(("budget", "arch", "profile", "metric"))
                else "",
                origin=found.origin,
            )
        )
    return tuple(budgets)
