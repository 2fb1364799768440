"""The reference pages are what the code says, and the code's words are all explained."""

import os
import re
import subprocess
import sys

import pytest

from pytest_karatos.pytest_plugin.params import MARKER_WORDS
from pytest_karatos.settings.keys import KEYS
from tests.reference import FOLDER, MARKER, PAGES


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_code_says(name: str) -> None:
    assert (FOLDER / name).read_text() == PAGES[name](), "run: make reference"


def test_every_flag_of_pytest_help_is_on_the_page_and_no_other() -> None:
    argv = [sys.executable, "-m", "pytest", "--help", "-p", "no:cacheprovider", "-p", "karatos"]
    alone = {**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    said = subprocess.run(argv, check=True, capture_output=True, text=True, env=alone).stdout
    pattern = re.compile(r"(?<![\w-])--(?:karatos-[a-z-]+|arch)\b")
    real = set(pattern.findall(said))
    page = set(pattern.findall((FOLDER / "flags.md").read_text()))
    assert "--karatos-json" in real
    assert page == real


def test_every_key_and_variable_is_on_the_page() -> None:
    text = (FOLDER / "settings.md").read_text()
    for key in KEYS:
        assert f"| `{key.name.replace('*', 'NAME')}` |" in text
        assert f"`{key.env}`" in text or not key.env


def test_every_word_of_the_marker_is_explained() -> None:
    assert tuple(MARKER) == MARKER_WORDS
