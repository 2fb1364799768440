"""Hold the floors, the pytest border and the doors; each rule is shown to be able to fail."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "pytest_karatos"
FLOORS = {
    "ground": "errors board deadline progress firmware measurement event watch text journal",
    "first": "process console elf settings engine artifacts",
    "second": "build emulate scheduler measure",
    "third": "bench ending report commands",
    "roof": "plugin roof __main__",
}
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS.values()) for room in rooms.split()}
#: Programs and libraries of the outside world, and the one room that may touch each.
DOORS = {
    "subprocess": "process",
    "pexpect": "console",
    "docker": "engine",
    "elftools": "elf",
    "tomllib": "settings",
    "jinja2": "report",
    "markupsafe": "report",
}
#: `python -m pytest_karatos` is a roof of its own, over the command line, and knows no pytest.
MAY_IMPORT_PYTEST = {"plugin", "roof"}
#: Who reads the environment below the pytest roof: the roof of the command line, and the one door
#: that scripts come in by (`Bench.here`).
MAY_READ_ENVIRONMENT = {"__main__.py", "bench.py"}
PYTEST = {"pytest", "_pytest", "xdist", "pytest_html", "pluggy", "pytest_metadata"}


@dataclass(frozen=True)
class Import:
    importer: str
    imported: str

    @property
    def rooms(self) -> tuple[str, str]:
        parts = [name.split(".") for name in (self.importer, self.imported)]
        importer, imported = (part[1] if len(part) > 1 else "" for part in parts)
        return importer, imported


def module_name(path: Path, package: Path) -> str:
    parts = path.relative_to(package.parent).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imports(package: Path) -> Iterator[Import]:
    for path in sorted(package.rglob("*.py")):
        if "resources" in path.parts:
            continue
        name = module_name(path, package)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (Import(name, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (Import(name, found) for found in sources(node, package))


def sources(node: ast.ImportFrom, package: Path) -> Iterator[str]:
    """Name the modules that ``from a import b`` loads: ``a.b`` where b is a module, else a."""
    module = "." * node.level + (node.module or "")
    folder = package.parent / module.replace(".", "/")
    for alias in node.names:
        is_module = (folder / f"{alias.name}.py").is_file() or (folder / alias.name).is_dir()
        yield f"{module}.{alias.name}" if is_module else module


def climbing(found: list[Import]) -> list[str]:
    """List the imports that go up a floor."""
    inner = [one for one in found if one.imported.startswith("pytest_karatos.")]
    return [
        f"{one.importer} -> {one.imported}"
        for one in inner
        if one.rooms[0] and FLOOR_OF[one.rooms[0]] < FLOOR_OF[one.rooms[1]]
    ]


def border_crossings(found: list[Import]) -> list[str]:
    """List the imports of pytest and its kin below the roof."""
    return [
        f"{one.importer} -> {one.imported}"
        for one in found
        if one.imported.split(".")[0] in PYTEST and one.rooms[0] not in MAY_IMPORT_PYTEST
    ]


def wrong_doors(found: list[Import]) -> list[str]:
    """List the uses of an outside thing that do not go through its door."""
    return [
        f"{one.importer} -> {one.imported}"
        for one in found
        if one.imported.split(".")[0] in DOORS and one.rooms[0] != DOORS[one.imported.split(".")[0]]
    ]


def cycle(found: list[Import]) -> list[str]:
    """Return the modules of an import cycle, if there is one."""
    graph: dict[str, set[str]] = {}
    for one in found:
        if one.imported.startswith("pytest_karatos"):
            graph.setdefault(one.importer, set()).add(one.imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


FOUND = list(imports(PACKAGE))


def test_every_room_has_a_floor() -> None:
    rooms = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.parent.name for path in PACKAGE.glob("*/__init__.py")
    }
    assert rooms - FLOOR_OF.keys() - {"__init__", "resources"} == set()


def test_imports_only_go_down() -> None:
    assert climbing(FOUND) == []


def test_only_the_roof_knows_pytest() -> None:
    assert border_crossings(FOUND) == []


def test_one_door_per_outside_thing() -> None:
    assert wrong_doors(FOUND) == []


def test_no_import_cycles() -> None:
    assert cycle(FOUND) == []


def test_imports_are_absolute() -> None:
    assert [one for one in FOUND if one.imported.startswith(".")] == []


def test_files_stay_small() -> None:
    too_long = {
        str(path): lines
        for path in PACKAGE.rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 250
    }
    assert too_long == {}


def test_every_module_says_why_it_exists() -> None:
    silent = [
        str(path)
        for path in PACKAGE.rglob("*.py")
        if not ast.get_docstring(ast.parse(path.read_text()))
    ]
    assert silent == []


def reads_environment(text: str) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in {"environ", "getenv"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        for node in ast.walk(ast.parse(text))
    )


def test_nobody_below_the_roof_reads_the_environment() -> None:
    below = [path for path in PACKAGE.rglob("*.py") if "roof" not in path.parts]
    readers = {path.name for path in below if reads_environment(path.read_text())}
    assert readers - MAY_READ_ENVIRONMENT == set()
    assert reads_environment("import os\nhome = os.environ['HOME']")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("from pytest_karatos.bench import Bench", climbing),
        ("import pytest", border_crossings),
        ("import subprocess", wrong_doors),
        ("from pytest_karatos.board import Board", cycle),
    ],
)
def test_each_rule_can_fail(text: str, rule: object, tmp_path: Path) -> None:
    package = tmp_path / "pytest_karatos"
    package.mkdir()
    (package / "board.py").write_text(text)
    assert callable(rule)
    assert rule(list(imports(package)))
