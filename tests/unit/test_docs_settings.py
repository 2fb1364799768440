"""The settings and templates of the docs are what the plugin takes."""

import tomllib
from pathlib import Path

import pytest
from jsonschema_rs import Draft7Validator

from pytest_karatos.builders.memory_template import Memory
from pytest_karatos.settings import load, request, rules_for, schema
from tests.docs_examples import Example, examples

HOW_TO = Path(__file__).parents[2] / "docs" / "how-to"
FIRMWARE = Path(__file__).parents[2] / "firmware"


@pytest.mark.parametrize(
    "example", examples(HOW_TO / "any-firmware.md", "toml"), ids=lambda one: one.place
)
def test_each_settings_file_loads_whole(example: Example, tmp_path: Path) -> None:
    Draft7Validator(schema()).validate(tomllib.loads(example.text))
    (tmp_path / "karatos.toml").write_text(example.text)
    settings = load(root=tmp_path, environ={}, typed={})
    for board in settings.boards:
        assert request(settings, board, "debug").command
        assert rules_for(board, Path("/k.elf")).known


def test_the_template_is_drawn_as_the_page_shows() -> None:
    before, after = (one.text for one in examples(HOW_TO / "memory-templates.md"))
    settings = load(root=FIRMWARE, environ={}, typed={"board": "lm3s811"})
    (board,) = settings.chosen
    assert Memory(board=board).rendered("memory-arm.x", before.encode()).decode() == after
