"""A karatOS-style tree's own ``build/configs/global.toml``, so that it needs no other file.

The file belongs to the tree: keys that we do not know are its own business. From its QEMU lines
only what makes the machine is taken; serial lines, monitor and display are ours to choose.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.nearest import TREE_FILE
from pytest_karatos.settings.layers import Given, KeyPath, Layer, given
from pytest_karatos.settings.lookup import by_name
from pytest_karatos.settings.toml import Document, read

LOCATION = TREE_FILE
_SPELLED = {"-M": "-machine", "--machine": "-machine"}
_MACHINE_OPTIONS = frozenset({"-machine", "-cpu", "-m", "-smp", "-bios"})
_SEMIHOSTING = frozenset({"-semihosting", "-semihosting-config"})

Fact = tuple[KeyPath, Given]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Entry:
    """One board of the file: its key there, and its tables."""

    key: str
    arch: str
    board: Mapping[str, object]
    qemu: Mapping[str, object]

    @property
    def build_name(self) -> str:
        return self.key.removeprefix(f"{self.arch}_")

    @property
    def arguments(self) -> list[str]:
        return [str(one) for one in _list(self.qemu.get("args"))]

    @property
    def machine(self) -> dict[str, str]:
        declared = self.board.get("qemu_machine")
        start = {"-machine": declared} if isinstance(declared, str) else {}
        return start | _machine(self.arguments)


def layer_of(source: Path, packaged: Layer) -> dict[KeyPath, Given]:
    """Read the file of the tree ``source``; nothing when it has none.

    A board whose machine and arch are those of a ``packaged`` board is merged into that one. The
    archs of its boards are those that are tested when nobody says which.

    :raises BadSetting: when a value that is needed cannot be, or the file is no TOML.
    """
    path = source / LOCATION
    if not path.is_file():
        return {}
    return dict(_facts(read(path, LOCATION), packaged))


def _facts(document: Document, packaged: Layer) -> Iterator[Fact]:
    build = _table(document.data, "build")
    if "qemu_timeout" in build:
        yield _fact(document, ("build", "qemu_timeout"), "console.timeout", build["qemu_timeout"])
    for arch, target in _table(document.data, "targets").items():
        if isinstance(target, dict) and "triple" in target:
            place = ("targets", arch, "triple")
            yield _fact(document, place, "targets.*.triple", target["triple"], arch)
    archs = []
    for entry, name in _named(_entries(document), packaged):
        archs.append(entry.arch)
        yield from _board(document, entry, name)
        yield from _emulation(document, entry, name, _options(packaged, name))
    if archs:
        yield _fact(document, ("boards",), "run.arch", list(dict.fromkeys(archs)))


def _entries(document: Document) -> Iterator[_Entry]:
    for key, board in _table(document.data, "boards").items():
        if isinstance(board, dict) and isinstance(board.get("arch"), str):
            qemu = _table(_table(document.data, "qemu"), key)
            yield _Entry(key=key, arch=board["arch"], board=board, qemu=qemu)


def _named(entries: Iterator[_Entry], packaged: Layer) -> Iterator[tuple[_Entry, str]]:
    taken: set[str] = set()
    for entry in entries:
        name = _packaged_name(packaged, entry.arch, entry.machine.get("-machine", ""))
        # Of two boards on one machine the first is the packaged one, the second is its own.
        name = name if name and name not in taken else entry.build_name
        taken.add(name)
        yield entry, name


def _board(document: Document, entry: _Entry, name: str) -> Iterator[Fact]:
    here = ("boards", entry.key)
    yield _fact(document, (*here, "arch"), "boards.*.arch", entry.arch, name)
    yield _fact(document, here, "boards.*.build_name", entry.build_name, name)
    for what, value in _table(entry.board, "memory").items():
        region, _, part = what.rpartition("_")
        if region and part in {"start", "size"}:
            known = f"boards.*.regions.*.{part}"
            yield _fact(document, (*here, "memory", what), known, value, name, region)


def _emulation(
    document: Document, entry: _Entry, name: str, known: Mapping[str, str]
) -> Iterator[Fact]:
    here = ("qemu", entry.key) if entry.qemu else ("boards", entry.key)
    machine = {**known, **entry.machine}
    if machine:
        flat = list(itertools.chain.from_iterable(machine.items()))
        yield _fact(document, (*here, "args"), "boards.*.qemu", flat, name)
    if _SEMIHOSTING & set(entry.arguments):
        yield _fact(document, (*here, "args"), "boards.*.semihosting", True, name)
    if "command" in entry.qemu:
        command = entry.qemu["command"]
        yield _fact(document, (*here, "command"), "boards.*.emulator", command, name)


def _fact(document: Document, place: KeyPath, known: str, value: object, *names: str) -> Fact:
    """Check ``value``, found at ``place`` of the file, as our key ``known`` of ``names``."""
    key, left = by_name()[known], iter(names)
    path = tuple(next(left) if part == "*" else part for part in key.path)
    return path, given(path, value, document.origin(place), key=key)


def _machine(arguments: list[str]) -> dict[str, str]:
    """Keep the options that make the machine, each with its value.

    >>> _machine(["-M", "virt", "-nographic", "-m", "128M", "-serial", "mon:stdio"])
    {'-machine': 'virt', '-m': '128M'}
    """
    pairs = itertools.pairwise(arguments)
    format_size = ((_SPELLED.get(option, option), value) for option, value in pairs)
    return {option: value for option, value in format_size if option in _MACHINE_OPTIONS}


def _options(packaged: Layer, name: str) -> dict[str, str]:
    found = packaged.get(("boards", name, "qemu"))
    return _machine(list(found.value)) if found else {}


def _packaged_name(packaged: Layer, arch: str, machine: str) -> str:
    """Find the packaged board with this arch and machine, its properties aside."""
    for path, found in packaged.items():
        if path[0] == "boards" and path[2:] == ("arch",) and found.value == arch:
            known = _options(packaged, path[1]).get("-machine", "")
            if known and known.partition(",")[0] == machine.partition(",")[0]:
                return path[1]
    return ""


def _table(data: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list | tuple) else []
