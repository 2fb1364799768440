"""Boards made of merged settings; contradictions are refused."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_karatos.board import Board, BuildRecipe, Origin, Region, SerialPort
from pytest_karatos.choices import LITTLE, LOADERS, OFF, SEMIHOSTING, SERIAL
from pytest_karatos.errors import BadSetting
from pytest_karatos.settings.keys import KEYS, Key
from pytest_karatos.settings.kinds import NAME
from pytest_karatos.settings.layers import Given, KeyPath, Layer
from pytest_karatos.settings.lookup import by_name, keys_of
from pytest_karatos.settings.render import filter_command
from pytest_karatos.settings.suggest import did_you_mean, short_repr
from pytest_karatos.watch_rules import FaultRule, WatchRules

#: What QEMU must be told once and by us, with what to write instead.
_OURS = {
    "-serial": 'leave it out and write console = "uart0" (or "uart1", ...)',
    "-nographic": "leave it out; there is no display",
    "-display": "leave it out; there is no display",
    "-kernel": f"leave it out; loader ({LOADERS}) says how the ELF gets in",
    "-icount": f'leave it out and write icount = "..." (or "{OFF}")',
    "-S": "leave it out; every machine starts stopped, with its lines attached",
}


def names_in(values: Layer, table: str) -> list[str]:
    """Return the names of ``[table.NAME]`` in the order they were first given."""
    return list(dict.fromkeys(path[1] for path in values if path[0] == table))


def boards_of(values: Layer, root: Path, faults: tuple[FaultRule, ...]) -> tuple[Board, ...]:
    """Make all boards; ``root`` is what the program of a console's filter is relative to.

    ``faults`` are the packaged rules for crashes.

    :raises BadSetting: when one has no arch, no target, half a region or two defaults.
    """
    boards = [_board(values, name, root, faults) for name in names_in(values, "boards")]
    defaults = {arch: _default_of(values, boards, arch) for arch in {one.arch for one in boards}}
    return tuple(
        dataclasses.replace(board, default=board.name == defaults[board.arch]) for board in boards
    )


def _board(values: Layer, name: str, root: Path, faults: tuple[FaultRule, ...]) -> Board:
    one = {path[2]: found for path, found in values.items() if path[:2] == ("boards", name)}
    _require_sound(values, name, one)
    _require_kind(name, one)
    said: dict[str, Any] = {word: found.value for word, found in one.items()}
    arch = said["arch"]
    console = said.get("console", _default("console"))
    target = _target(values, name, arch, one)
    expect_exit = own_or_general(values, by_name()["run.expect_exit"], name)
    return Board(
        name=name,
        arch=arch,
        build_name=said.get("build_name", name),
        triple=said.get("triple", target.get("triple", "")),
        kind=said.get("kind", _default("kind")),
        serial=_serial_port(said),
        options=tuple(
            (path[3], found.value)
            for path, found in values.items()
            if path[:3] == ("boards", name, "options")
        ),
        emulator=said.get("emulator", target.get("emulator", "")),
        qemu=said.get("qemu", ()),
        console=console,
        # A console on semihosting needs it whatever else is said or not.
        semihosting=said.get("semihosting", False) or console == SEMIHOSTING,
        semihosting_files=said.get("semihosting_files", _default("semihosting_files")),
        **{key.field: found.value for key, found in _rows(values, "emulator", name)},
        loader=said.get("loader", _default("loader")),
        icount=said.get("icount", _default("icount")),
        elf_machine=target["elf_machine"],
        elf_bits=said.get("elf_bits", target.get("elf_bits", 32)),
        elf_endian=target.get("elf_endian", LITTLE),
        regions=_regions(values, name),
        expect_exit=expect_exit.value if expect_exit else None,
        build=_recipe(values, name),
        watch=dataclasses.replace(_watch_rules(values, name, root), known_faults=faults),
    )


def varied_board(values: Layer, board: Board, firmware: str, root: Path) -> Board:
    """Return ``board`` with what ``[firmware.NAME]`` says otherwise of builds and watching."""
    said: dict[str, dict[str, Any]] = {"build": {}, "console": {}, "run": {}}
    origins: dict[str, Origin] = {}
    for key in KEYS:
        path = tuple(key.per_firmware.replace("*", firmware, 1).split("."))
        if key.per_firmware and key.word != "*" and path in values:
            said[key.path[0]][key.field] = values[path].value
            origins[key.word] = Origin(key=".".join(path), place=values[path].origin)
    above = ("firmware", firmware, "env")
    env = {path[-1]: one.value for path, one in values.items() if path[:-1] == above}
    for name in env:
        place = values[(*above, name)].origin
        origins[f"env.{name}"] = Origin(key=".".join((*above, name)), place=place)
    if "filter" in said["console"]:
        argv = filter_command(said["console"]["filter"], root, origins["filter"])
        said["console"]["filter"] = argv
    recipe = dataclasses.replace(
        board.build,
        **said["build"],
        env=tuple(sorted({**dict(board.build.env), **env}.items())),
        origins=tuple({**dict(board.build.origins), **origins}.items()),
    )
    watch = dataclasses.replace(board.watch, **said["console"])
    return dataclasses.replace(board, build=recipe, watch=watch, **said["run"])


def _serial_port(said: Mapping[str, Any]) -> SerialPort:
    return SerialPort(
        port=said.get("port", ""),
        baud=said.get("baud", _default("baud")),
        flash=said.get("flash", ()),
        reset=said.get("reset", ()),
        flash_seconds=said.get("flash_timeout", _default("flash_timeout")),
    )


#: What a board of a kind must say, and an example of it.
_NEEDS = {SERIAL: {"port": '"/dev/ttyACM0"', "flash": '["probe-rs", "download", "{elf}"]'}}


def _require_kind(name: str, one: Mapping[str, Given]) -> None:
    """Refuse keys of another kind of board, and a board that lacks one of its own kind."""
    said = one.get("kind")
    kind = str(said.value) if said else str(_default("kind"))
    for word, found in one.items():
        key = by_name().get(f"boards.*.{word}")
        if key is not None and key.only not in ("", kind):
            raise BadSetting(
                f"{found.origin}: board '{name}' has {word}, but only boards of kind "
                f"'{key.only}' do; it is of kind '{kind}'.",
                fix=f'leave {word} out, or write kind = "{key.only}"',
            )
    for word, example in _NEEDS.get(kind, {}).items():
        if word not in one:
            origin = said.origin if said else next(iter(one.values())).origin
            raise BadSetting(
                f"{origin}: board '{name}' is of kind '{kind}' and has no {word}.",
                fix=f"add {word} = {example}",
            )


def own_or_general(values: Layer, key: Key, board: str) -> Given | None:
    """Return what the general ``key`` is for a board: its own word first."""
    return values.get(_own_path(key, board), values.get(key.path))


def _own_path(key: Key, board: str) -> KeyPath:
    return tuple(key.per_board.replace("*", board, 1).split("."))


def _recipe(values: Layer, name: str) -> BuildRecipe:
    rows = _rows(values, "build", name)
    return BuildRecipe(
        **{key.field: found.value for key, found in rows},
        env=tuple(sorted(_env(values, name).items())),
        origins=_origins(values, name),
    )


def _rows(values: Layer, table: str, name: str) -> list[tuple[Key, Given]]:
    """List the keys of a table that a board can say too, with what holds for this board."""
    keys = [key for key in keys_of(table) if key.per_board and key.word != "*"]
    return [(key, found) for key in keys if (found := own_or_general(values, key, name))]


def _env(values: Layer, name: str) -> dict[str, str]:
    """Return a board's build environment: its own variables on top of those for all."""
    general, own = (("build", "env"), ("boards", name, "build", "env"))
    found: dict[str, str] = {}
    for above in (general, own):
        found |= {path[-1]: one.value for path, one in values.items() if path[:-1] == above}
    return found


def _origins(values: Layer, name: str) -> tuple[tuple[str, Origin], ...]:
    """Note where each word of a board's recipe was said: its own word covers the general one."""
    found: dict[str, Origin] = {}
    for above in (("build",), ("boards", name, "build")):
        for path, one in values.items():
            if path[: len(above)] == above:
                word = ".".join(path[len(above) :])
                found[word] = Origin(key=".".join(path), place=one.origin)
    return tuple(found.items())


def _watch_rules(values: Layer, name: str, root: Path) -> WatchRules:
    said = {key.field: found.value for key, found in _rows(values, "console", name)}
    key = by_name()["console.filter"]
    own = _own_path(key, name)
    path = own if own in values else key.path
    origin = Origin(key=".".join(path), place=values[path].origin)
    return WatchRules(**said | {"filter": filter_command(said["filter"], root, origin)})


def _default(word: str) -> Any:  # noqa: ANN401 - the key's kind decides the type
    """Return what a board's key is when no file says it."""
    return by_name()[f"boards.*.{word}"].default


def _require_sound(values: Layer, name: str, one: Mapping[str, Given]) -> None:
    origin = next(iter(one.values())).origin
    require_name(name, origin, "a board name; it becomes part of paths and test ids")
    for argument in one["qemu"].value if "qemu" in one else ():
        if argument in _OURS:
            raise BadSetting(
                f"{one['qemu'].origin}: board '{name}' passes {argument} to QEMU, which this "
                "plugin sets itself.",
                fix=_OURS[argument],
            )
    if "arch" not in one:
        known = [board for board in names_in(values, "boards") if board != name]
        raise BadSetting(f"{origin}: board '{name}' has no arch.{did_you_mean(name, known)}")


def require_name(name: str, origin: str, what: str) -> None:
    """Raise BadSetting for a ``name`` that cannot be ``what``: part of paths and test ids."""
    if not NAME.fullmatch(name):
        raise BadSetting(
            f"{origin}: {short_repr(name)} is not {what}.",
            fix="use letters, digits, '.', '_' and '-'",
        )


def _target(values: Layer, name: str, arch: str, one: Mapping[str, Given]) -> dict[str, Any]:
    target = {path[2]: found.value for path, found in values.items()
              if path[:2] == ("targets", arch)}  # fmt: skip
    needless = "emulator" in one or ("kind" in one and one["kind"].value != _default("kind"))
    has = {**target, "emulator": ""} if needless else target
    missing = [key for key in ("emulator", "elf_machine") if key not in has]
    if missing:
        archs = [known for known in names_in(values, "targets") if known != arch]
        raise BadSetting(
            f"{one['arch'].origin}: board '{name}' has arch {short_repr(arch)}, but "
            f"[targets.{arch}] does not set {' and '.join(missing)}.{did_you_mean(arch, archs)}",
            fix=f"add [targets.{arch}] with {', '.join(missing)}; known archs: {', '.join(archs)}",
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
            f"{said[yes[1]].origin}: boards '{yes[0]}' and '{yes[1]}' both set default = true.",
            why=f"--arch={arch} must mean one board.",
        )
    rest = [name for name in names if name not in said] or names
    return (yes or rest)[0]
