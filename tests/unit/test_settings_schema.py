"""What people and editors are shown: every value with its origin, and the JSON Schema."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from jsonschema_rs import Draft7Validator, meta

import pytest_karatos
from pytest_karatos.errors import Fixable
from pytest_karatos.settings import explain, schema
from pytest_karatos.settings.keys import KEYS
from tests.unit.settings_files import OWN_FILE, made
from tests.unit.test_settings_boards import WILD
from tests.unit.test_settings_request import STEPS

ROOT = Path(__file__).parents[2]
RESOURCES = Path(pytest_karatos.__file__).parent / "resources"


def test_explain_shows_every_value_with_its_origin(tmp_path: Path) -> None:
    found = made(tmp_path, OWN_FILE, arch="arm")
    rows = {key: (value, origin) for key, value, origin in explain(found)}
    assert rows["build.memory"] == ("2 GiB", "karatos.toml:5")
    assert rows["run.arch"] == ("'arm'", "--arch")
    assert rows["boards.feather.regions.ram.start"] == ("0x20000000", "karatos.toml:17")
    assert rows.keys() == found.origins.keys()


def test_schema_file_is_up_to_date() -> None:
    # After a change: python -c "import json; from pytest_karatos.settings import schema;
    # print(json.dumps(schema(), indent=2))" > pytest_karatos/resources/karatos.schema.json
    assert json.loads((RESOURCES / "karatos.schema.json").read_text()) == schema()


def test_every_default_passes_its_own_check() -> None:
    for key in KEYS:
        if key.default is not None and key.name != "boards.*.qemu":
            assert key.kind.check(key.default) == key.default


def test_keys_do_not_share_words() -> None:
    for words in ([key.env for key in KEYS], [key.typed for key in KEYS]):
        spoken = [word for word in words if word]
        assert len(spoken) == len(set(spoken))


def test_the_schema_is_a_schema() -> None:
    assert meta.is_valid(schema())


FILES = {
    "ours": (ROOT / "karatos.toml").read_text(),
    "defaults": (RESOURCES / "defaults.toml").read_text(),
    "own": OWN_FILE,
    "wild": WILD,
    "steps": STEPS,
}


@pytest.mark.parametrize("text", FILES.values(), ids=FILES)
def test_the_schema_takes_what_loads(text: str) -> None:
    Draft7Validator(schema()).validate(tomllib.loads(text))


def test_the_schema_takes_the_settings_of_the_docs() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
    blocks = [
        block
        for page in pages
        for block in re.findall(r"```toml\n(.*?)```", page.read_text(), re.DOTALL)
    ]
    for block in blocks:
        Draft7Validator(schema()).validate(tomllib.loads(block))
    assert blocks


@pytest.mark.parametrize(
    "text",
    [
        "[build]\ncomand = 'x'",
        "[build]\ncommand = []",
        "[run]\nexpect_exit = 'ever'",
        "[run]\nexpect_exit = 256",
        "[boards.a]\nfilter = 'x'",
        "[boards.a.build]\nfoldr = 'x'",
        "[boards.a]\nconsole = 'usb'",
    ],
)
def test_the_schema_refuses_what_does_not_load(tmp_path: Path, text: str) -> None:
    assert not Draft7Validator(schema()).is_valid(tomllib.loads(text))
    with pytest.raises(Fixable):
        made(tmp_path, text)
