"""The packages of a cargo tree as their manifests say, read with care: a tree may hold anything."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_karatos.cli.detect import text
from pytest_karatos.errors import KaratosError
from pytest_karatos.settings import toml

MANIFEST = "Cargo.toml"
_BARE = re.compile(r"^\s*#!\[.*\bno_(?:main|std)\b", re.MULTILINE)
_NEEDS = ("dependencies", "build-dependencies")
#: How far above a member its workspace is looked for.
_HIGHEST = 4
_MOST = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """A program or an example; ``bare`` where its source says that it needs no system."""

    name: str
    package: str
    file: Path

    @property
    def bare(self) -> bool:
        """Whether it is for a machine without a system."""
        return bool(_BARE.search(text.read(self.file)))


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """One package: its programs, its examples, and the packages that it needs."""

    name: str
    programs: tuple[Program, ...] = ()
    examples: tuple[Program, ...] = ()
    needs: tuple[str, ...] = ()
    #: The folders of the packages that it names by path.
    paths: tuple[Path, ...] = ()


def packages_of(tree: Path) -> list[Package]:
    """List the package of ``tree`` and those of its workspace's members, with their programs."""
    workspace = table(read(tree / MANIFEST), "workspace")
    left_out = {path for one in _texts(workspace, "exclude") for path in _matching(tree, one)}
    folders = [path for one in _texts(workspace, "members") for path in _matching(tree, one)]
    own = dict.fromkeys((tree, *(one for one in folders[:_MOST] if one not in left_out)))
    return [one for folder in own if (one := _package(folder, tree)) is not None]


def workspace_above(tree: Path) -> Path | None:
    """Find the folder of the workspace that ``tree`` is a member of; None for its own, or none."""
    here = tree.resolve()
    if "workspace" in read(here / MANIFEST):
        return None
    for folder in here.parents[:_HIGHEST]:
        workspace = table(read(folder / MANIFEST), "workspace")
        if any(here in _matching(folder, one) for one in _texts(workspace, "members")):
            return folder
    return None


def _package(folder: Path, tree: Path) -> Package | None:
    manifest = read(folder / MANIFEST)
    name = table(manifest, "package").get("name")
    if not isinstance(name, str):
        return None
    tables = [table(manifest, one) for one in _NEEDS]
    tables += [
        table(one, "dependencies")
        for one in table(manifest, "target").values()
        if isinstance(one, dict)
    ]
    shared = table(table(read(tree / MANIFEST), "workspace"), "dependencies")
    needs = {key: value for one in (*tables, shared) for key, value in one.items()}
    return Package(
        name=name,
        programs=tuple(_programs(folder, manifest, name)),
        examples=tuple(_examples(folder, manifest, name)),
        needs=tuple(needs),
        paths=tuple(_paths(folder, tables)) + tuple(_paths(tree, [shared])),
    )


def _paths(folder: Path, tables: list[Mapping[str, Any]]) -> Iterator[Path]:
    for one in (value for each in tables for value in each.values() if isinstance(value, dict)):
        path = one.get("path")
        if isinstance(path, str) and (folder / path / MANIFEST).is_file():
            yield (folder / path).resolve()


def _programs(folder: Path, manifest: Mapping[str, Any], package: str) -> Iterator[Program]:
    """Yield what cargo would build as programs: those that are said, and those that lie there."""
    said = list(_said(folder, manifest, "bin", package))
    yield from said
    main = folder / "src" / "main.rs"
    files = {one.file for one in said}
    if main.is_file() and main not in files and not said:
        yield Program(name=package, package=package, file=main)
    for name, file in _lying(folder / "src" / "bin"):
        if file not in files and name not in {one.name for one in said}:
            yield Program(name=name, package=package, file=file)


def _examples(folder: Path, manifest: Mapping[str, Any], package: str) -> Iterator[Program]:
    said = list(_said(folder, manifest, "example", package))
    yield from said
    for name, file in _lying(folder / "examples"):
        if name not in {one.name for one in said}:
            yield Program(name=name, package=package, file=file)


def _said(folder: Path, manifest: Mapping[str, Any], kind: str, package: str) -> Iterator[Program]:
    for one in _list(manifest.get(kind)):
        name = one.get("name") if isinstance(one, dict) else None
        if isinstance(name, str):
            where = {"bin": ("src/bin", "src/main.rs"), "example": ("examples", "")}[kind]
            guesses = (one.get("path"), f"{where[0]}/{name}.rs", where[1])
            files = [folder / each for each in guesses if isinstance(each, str) and each]
            file = next((each for each in files if each.is_file()), folder / "src" / "main.rs")
            yield Program(name=name, package=package, file=file)


def _lying(folder: Path) -> Iterator[tuple[str, Path]]:
    found = [(path.stem, path) for path in sorted(folder.glob("*.rs"))]
    found += [(path.parent.name, path) for path in sorted(folder.glob("*/main.rs"))]
    yield from found[:_MOST]


def _matching(tree: Path, pattern: str) -> list[Path]:
    try:
        return sorted(path for path in tree.glob(pattern) if (path / MANIFEST).is_file())
    except (ValueError, NotImplementedError, IndexError):  # an absolute path, or no pattern at all
        return []


def read(path: Path) -> Mapping[str, Any]:
    """Read a file of TOML; nothing where it is none."""
    if not path.is_file():
        return {}
    try:
        return toml.read(path, path.name).data
    except KaratosError:
        return {}


def table(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return the table of that name; an empty one where it is something else."""
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(data: Mapping[str, Any], name: str) -> list[str]:
    return [one for one in _list(data.get(name)) if isinstance(one, str)]
