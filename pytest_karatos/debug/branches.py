"""The conditional branches in a firmware's code, decoded by ``branches.toml``.

A branch is an instruction that goes on at one of two places: its target, or right behind it.
Jumps through tables and instructions that are executed under a condition (``it``) are none.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pytest_karatos.debug.archs import Arch, Field, arch_of
from pytest_karatos.elf import CodeMap, Image, read, read_code_map, read_image, read_symbols
from pytest_karatos.errors import DebugFailed
from pytest_karatos.settings import toml

_FILE = Path(__file__).parents[1] / "resources" / "branches.toml"
_HALF, _LONGEST = 2, 4


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of branch; see the head of ``branches.toml``."""

    size_bytes: int
    mask: int
    value: int
    but: tuple[tuple[int, int], ...]
    ahead: int
    offset: tuple[Field, ...]

    def target(self, code: bytes, address: int) -> int | None:
        """Return where ``code`` at ``address`` branches to; None when it is not of this kind."""
        number = int.from_bytes(code[: self.size_bytes], "little")
        if len(code) < self.size_bytes or number & self.mask != self.value:
            return None
        if any(number & mask == value for mask, value in self.but):
            return None
        return address + self.ahead + sum(one.of(number) for one in self.offset)


@dataclass(frozen=True, kw_only=True, slots=True)
class Branch:
    """A conditional branch at ``address`` to ``target``, or else to ``behind``.

    ``is_sure`` tells that it is code; else it may be data between the instructions.
    """

    address: int
    target: int
    behind: int
    is_sure: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Branches:
    """Decodes the branches of an image that was built for ``arch``."""

    arch: Arch
    image: Image
    kinds: tuple[Kind, ...]
    data_in_code: bool = False

    def at(self, address: int) -> Branch | None:
        """Return the branch at ``address``; None when there is no conditional one.

        >>> from pytest_karatos.debug.archs import archs
        >>> image = Image(((0, bytes.fromhex("fed1")),), ())
        >>> Branches(arch=archs()[0], image=image, kinds=_kinds("cortex-m")[0]).at(0).target
        0
        """
        code = self.image.at(address, _LONGEST)
        for kind in self.kinds:
            target = kind.target(code, address)
            if target is not None:
                behind = address + kind.size_bytes
                return Branch(address=address, target=target, behind=behind)
        return None

    def within(self, start: int, end: int, code: CodeMap) -> Iterator[Branch]:
        """List the branches from ``start`` up to, not with, ``end``."""
        is_sure = code.is_known or not self.data_in_code
        at = start
        while at < end:
            first = self.image.at(at, _HALF)
            if len(first) < _HALF:
                return
            if not code.is_code(at):
                at += _HALF
                continue
            found = self.at(at)
            if found is not None:
                yield Branch(address=at, target=found.target, behind=found.behind, is_sure=is_sure)
            at += self.arch.instruction_bytes(int.from_bytes(first, "little"))


def branches_of(path: Path) -> Branches:
    """Return what decodes the branches of the ELF at ``path``.

    :raises BadFirmware: when it cannot be read.
    :raises DebugFailed: for an architecture whose branches are not described.
    """
    elf = read(path)
    arch = arch_of(elf)
    kinds, data_in_code = _kinds(arch.name)
    return Branches(arch=arch, image=read_image(elf), kinds=kinds, data_in_code=data_in_code)


def all_branches(path: Path) -> tuple[Branch, ...]:
    """List the branches of all functions of the ELF at ``path``, in the order of addresses.

    :raises BadFirmware: when it cannot be read.
    :raises DebugFailed: for an architecture whose branches are not described.
    """
    branches, code = branches_of(path), read_code_map(path)
    found: dict[int, Branch] = {}
    for one in read_symbols(path).functions():
        for branch in branches.within(one.address, one.address + one.size_bytes, code):
            found[branch.address] = branch
    return tuple(found[address] for address in sorted(found))


@cache
def _kinds(arch: str) -> tuple[tuple[Kind, ...], bool]:
    tables: Mapping[str, Any] = toml.read(_FILE, _FILE.name).data
    if arch not in tables:
        raise DebugFailed(
            f"the branches of {arch} are not described.", why=f"those of {', '.join(tables)} are."
        )
    table = tables[arch]
    return tuple(map(_kind, table["branches"])), bool(table["data_in_code"])


def _kind(table: Mapping[str, Any]) -> Kind:
    return Kind(
        size_bytes=table["bytes"],
        mask=table["mask"],
        value=table["value"],
        but=tuple((mask, value) for mask, value in table.get("but", ())),
        ahead=table["ahead"],
        offset=tuple(
            Field(start=start, count=count, shift=shift, signed=signed)
            for start, count, shift, signed in table["offset"]
        ),
    )
