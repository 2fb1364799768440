"""Words with a closed set stand in one table, which everything that shows or checks them reads."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from pytest_karatos import choices
from pytest_karatos.builders.choose import choose_builder, opener
from pytest_karatos.choices import AUTO, BUILDERS, ENDIANS, LAUNCHERS, LOADERS
from pytest_karatos.emulators.choose import LAUNCHER_OF
from pytest_karatos.emulators.qemu import command
from pytest_karatos.errors import EngineDown, UnknownName
from pytest_karatos.progress import Journal
from pytest_karatos.pytest_plugin.options import FLAGS
from pytest_karatos.settings import load
from pytest_karatos.settings.lookup import by_name
from tests.unit.settings_files import made
from tests.unit.syntax import nodes

PACKAGE = Path(choices.__file__).parent
WORDS = {
    *(word for table in (BUILDERS, LAUNCHERS, LOADERS, ENDIANS) for word in table.words),
    *(choices.DEBUG, choices.RELEASE, choices.SEMIHOSTING, choices.NEVER, choices.OFF),
}
QUOTED = re.compile(f"[\"'](?:{'|'.join(WORDS)})[\"']")
#: The same letters for something else.
OTHERS = {
    ("cli/checks/packages.py", "docker"): "the Python package",
    ("settings/resolve.py", "prebuilt"): "a key of the settings",
    ("cli/detect/settings_file.py", "prebuilt"): "a key of the settings",
    ("debug/archs.py", "semihosting"): "a field of the table of architectures",
    ("cli/main.py", "debug"): "a command",
    ("cli/main.py", "release"): "a command",
}


def literals(tree: Iterable[ast.AST]) -> Iterator[str]:
    """List the texts that are compared with something, or that a table is keyed by."""
    for node in tree:
        parts: list[ast.AST | None] = []
        if isinstance(node, ast.Compare):
            parts = [node.left, *node.comparators]
        elif isinstance(node, ast.Dict):
            parts = list(node.keys)
        elif isinstance(node, ast.MatchValue):
            parts = [node.value]
        for part in parts:
            inner = part.elts if isinstance(part, ast.Tuple | ast.List | ast.Set) else [part]
            yield from (
                one.value
                for one in inner
                if isinstance(one, ast.Constant) and isinstance(one.value, str)
            )


def test_nobody_else_compares_the_words() -> None:
    found = {
        (str(path.relative_to(PACKAGE)), word)
        for path in PACKAGE.rglob("*.py")
        if QUOTED.search(path.read_text())  # of the others no tree is made
        for word in literals(nodes(path))
        if word in WORDS
    }
    assert found == OTHERS.keys()


@pytest.mark.parametrize(
    "text",
    [
        'x == "docker"',
        'x in {"auto", 3}',
        'x not in ("local",)',
        'T = {"bios": 1}',
        'match x:\n    case "host":\n        pass',
    ],
)
def test_the_rule_can_fail(text: str) -> None:
    assert WORDS & set(literals(ast.walk(ast.parse(text))))


@pytest.mark.parametrize("word", BUILDERS.words[1:])
def test_each_builder_has_a_module_that_opens_it(word: str) -> None:
    assert callable(opener(BUILDERS[word]))


def test_the_tables_of_ways_hold_every_word_and_no_other() -> None:
    assert tuple(LAUNCHER_OF) == LAUNCHERS.words[1:]
    assert tuple(vars(command)["_LOADERS"]) == LOADERS.words


def test_flags_and_keys_are_described_by_the_tables() -> None:
    helps = {flag: facts["help"] for flag, facts in FLAGS}
    for table, flag, name in (
        (BUILDERS, "--karatos-builder", "build.builder"),
        (LAUNCHERS, "--karatos-launcher", "emulator.launcher"),
    ):
        assert str(table) in helps[flag]
        assert by_name()[name].kind.choices is table
        assert by_name()[name].kind.words == table.meanings


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"builder": "dokcer"}, "--karatos-builder: unknown builder 'dokcer'. Did you mean 'docke"),
        ({"launcher": "dokcer"}, "--karatos-launcher: unknown launcher 'dokcer'. Did you mean 'do"),
        ({"karatos_launcher": "hots"}, "ini karatos_launcher: unknown launcher 'hots'. Did you m"),
    ],
)
def test_a_slip_is_said_in_the_same_words_wherever(
    tmp_path: Path, typed: dict[str, object], said: str
) -> None:
    with pytest.raises(UnknownName, match=re.escape(said)):
        load(root=tmp_path, environ={}, typed=typed)


def test_the_place_in_a_file_is_said(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match=r"karatos\.toml:3: unknown launcher 'dokcer'\. Did you"):
        made(tmp_path, "[emulator]\n\nlauncher = 'dokcer'")


def test_auto_takes_the_first_that_works_and_says_why_not_the_others(tmp_path: Path) -> None:
    journal, environ = Journal(path=tmp_path / "j"), {"DOCKER_HOST": f"unix://{tmp_path}/no.sock"}
    chosen = choose_builder(AUTO, settings=made(tmp_path), environ=environ, journal=journal)
    assert chosen.builder.name == BUILDERS.taken(AUTO, engines=()).word == "local"
    assert chosen.why.startswith("no Docker: no Docker daemon answers")


def test_one_asked_for_by_name_is_not_replaced(tmp_path: Path) -> None:
    journal, environ = Journal(path=tmp_path / "j"), {"DOCKER_HOST": f"unix://{tmp_path}/no.sock"}
    with pytest.raises(EngineDown):
        choose_builder("docker", settings=made(tmp_path), environ=environ, journal=journal)
    assert BUILDERS.taken("docker", engines=()).word == "docker"


def test_the_image_knows_where_it_was_named_and_by_which_key(tmp_path: Path) -> None:
    for table in ("build", "toolchain"):
        found = made(tmp_path, f"[{table}]\nimage = 'nofolder/'")
        assert str(found.toolchain.origin("image")) == f"karatos.toml:2: {table}.image"
    assert (
        str(made(tmp_path, image="x").toolchain.origin("image")) == "--karatos-image: build.image"
    )
