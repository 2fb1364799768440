"""The rules of the structure: layers, who may import pytest, one package per outside thing."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from tests.unit.syntax import docstring, nodes

PACKAGE = Path(__file__).parents[2] / "pytest_karatos"
LAYERS = {
    "ground": "errors choices binaries board deadline progress firmware measurement dialect "
    "watch_rules text outstanding nearest shard",
    "first": "process storage notify containment console elf settings containers artifacts history",
    "second": "builders emulators scheduler measure debug target_tests",
    "third": "bench baseline explore firmwares post_mortem exit_check sign_of_life report release "
    "cli",
    "top": "plugin pytest_plugin __main__",
}
LAYER_OF = {name: layer for layer, names in enumerate(LAYERS.values()) for name in names.split()}
#: Programs and libraries of the outside world, and the one package that may import each.
OWNERS = {
    "subprocess": "process",
    "ctypes": "containment",
    "pexpect": "console",
    "docker": "containers",
    "elftools": "elf",
    "tomllib": "settings",
    "sqlite3": "history",
    "fsspec": "storage",
    "apprise": "notify",
    "jinja2": "report",
    "markupsafe": "report",
}
#: `python -m pytest_karatos` is at the top too, but does not import pytest.
MAY_IMPORT_PYTEST = {"plugin", "pytest_plugin"}
#: Who reads the environment below the pytest layer: the command line, and `Bench.here` for scripts.
MAY_READ_ENVIRONMENT = {"__main__.py", "bench.py"}
PYTEST = {"pytest", "_pytest", "xdist", "pytest_html", "pluggy", "pytest_metadata"}


@dataclass(frozen=True)
class Import:
    importer: str
    imported: str

    @property
    def packages(self) -> tuple[str, str]:
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
        for node in nodes(path):
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
    """List the imports that go up a layer."""
    inner = [one for one in found if one.imported.startswith("pytest_karatos.")]
    return [
        f"{one.importer} -> {one.imported}"
        for one in inner
        if one.packages[0] and LAYER_OF[one.packages[0]] < LAYER_OF[one.packages[1]]
    ]


def border_crossings(found: list[Import]) -> list[str]:
    """List the imports of pytest and its kin below the top layer."""
    return [
        f"{one.importer} -> {one.imported}"
        for one in found
        if one.imported.split(".")[0] in PYTEST and one.packages[0] not in MAY_IMPORT_PYTEST
    ]


def wrong_owners(found: list[Import]) -> list[str]:
    """List the uses of an outside thing outside the package that owns it."""
    return [
        f"{one.importer} -> {one.imported}"
        for one in found
        if one.imported.split(".")[0] in OWNERS
        and one.packages[0] != OWNERS[one.imported.split(".")[0]]
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


@cache
def found() -> list[Import]:
    return list(imports(PACKAGE))


def test_every_package_has_a_layer() -> None:
    packages = {path.stem for path in PACKAGE.glob("*.py")} | {
        path.parent.name for path in PACKAGE.glob("*/__init__.py")
    }
    assert packages - LAYER_OF.keys() - {"__init__", "resources"} == set()


def test_imports_only_go_down() -> None:
    assert climbing(found()) == []


def test_only_the_top_layer_imports_pytest() -> None:
    assert border_crossings(found()) == []


def test_one_package_per_outside_thing() -> None:
    assert wrong_owners(found()) == []


def test_no_import_cycles() -> None:
    assert cycle(found()) == []


def test_imports_are_absolute() -> None:
    assert [one for one in found() if one.imported.startswith(".")] == []


#: What only `emulators/qemu/` may speak of, and where nobody may.
EMULATOR_WORDS = ("qemu", "qmp", "icount")
KNOW_NO_EMULATOR = (
    *("console/*.py", "scheduler/*.py", "elf/*.py", "measure/*.py", "report/**/*.py"),
    *("emulators/host.py", "emulators/container.py", "emulators/record.py"),
)


def test_only_its_own_package_knows_qemu() -> None:
    files = [path for name in KNOW_NO_EMULATOR for path in PACKAGE.glob(name)]
    knowing = [
        f"{path.relative_to(PACKAGE)}: {word}"
        for path in files
        for word in EMULATOR_WORDS
        if word in path.read_text().lower()
    ]
    assert len(files) > len(KNOW_NO_EMULATOR)
    assert knowing == []


def test_files_stay_small() -> None:
    too_long = {
        str(path): lines
        for path in PACKAGE.rglob("*.py")
        if (lines := len(path.read_text().splitlines())) > 400
    }
    assert too_long == {}


def test_every_module_says_why_it_exists() -> None:
    silent = [str(path) for path in PACKAGE.rglob("*.py") if not docstring(path)]
    assert silent == []


def reads_environment(nodes: Iterable[ast.AST]) -> bool:
    return any(
        isinstance(node, ast.Attribute)
        and node.attr in {"environ", "getenv"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        for node in nodes
    )


def test_nobody_below_the_top_layer_reads_the_environment() -> None:
    below = [path for path in PACKAGE.rglob("*.py") if "pytest_plugin" not in path.parts]
    readers = {path.name for path in below if reads_environment(nodes(path))}
    assert readers - MAY_READ_ENVIRONMENT == set()
    assert reads_environment(ast.walk(ast.parse("import os\nhome = os.environ['HOME']")))


def test_nobody_below_the_settings_looks_a_value_up_by_its_key() -> None:
    below = [path for path in PACKAGE.rglob("*.py") if "settings" not in path.parts]
    assert [str(path) for path in below if "settings.values" in path.read_text()] == []


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("from pytest_karatos.bench import Bench", climbing),
        ("import pytest", border_crossings),
        ("import subprocess", wrong_owners),
        ("from pytest_karatos.board import Board", cycle),
    ],
)
def test_each_rule_can_fail(text: str, rule: object, tmp_path: Path) -> None:
    package = tmp_path / "pytest_karatos"
    package.mkdir()
    (package / "board.py").write_text(text)
    assert callable(rule)
    assert rule(list(imports(package)))


def rows_of_contributing() -> dict[str, list[str]]:
    text = (PACKAGE.parent / "CONTRIBUTING.md").read_text()
    table = text.partition("| package | tests |")[2].partition("\n\n")[0]
    rows = [row.split("|")[1:3] for row in table.strip().splitlines()[1:]]
    return {cells[0].strip(" `"): re.findall(r"`([^`]+)`", cells[1]) for cells in rows}


def test_contributing_says_where_each_packages_tests_are() -> None:
    rows = rows_of_contributing()
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")} - {"resources"}
    assert folders - rows.keys() == set()
    tests = PACKAGE.parent / "tests"
    lost = [one for found in rows.values() for one in found if not list(tests.glob(one))]
    assert lost == []
