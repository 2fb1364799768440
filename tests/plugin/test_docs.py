"""The tutorial and the how-to pages are followed for real: files, commands, quoted output."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest
from jsonschema_rs import Draft7Validator

from pytest_karatos import errors
from pytest_karatos.settings import load, schema
from tests.docs_examples import Example, examples, examples_in
from tests.docs_following import file_of, follow, run, write

DOCS = Path(__file__).parents[2] / "docs"
HOW_TO = DOCS / "how-to"
TUTORIAL = (DOCS / "tutorial.md").read_text()
#: Pages that begin where the tutorial ended.
FOLLOWING = sorted(page for page in HOW_TO.glob("*.md") if "tree of the" in page.read_text())
SETTINGS = [one for page in FOLLOWING for one in examples_in(page.read_text(), page.name)
            if one.language == "toml"]  # fmt: skip
_LINK = re.compile(r"\]\(([^)#]+)?(#[^)]+)?\)")


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Give a page a cache of its own, so that what is built and what is kept is as it says."""
    return {"KARATOS_CACHE": str(tmp_path / "cache")}


@pytest.fixture
def blink(tmp_path: Path, environ: dict[str, str]) -> Path:
    """Write the tutorial's firmware and what `init` makes of it."""
    folder = tmp_path / "blink"
    folder.mkdir()
    for example in examples_in(TUTORIAL, "tutorial"):
        if file_of(example) and not file_of(example).startswith("tests/"):
            write(example, folder)
    assert "wrote" in run("python -m pytest_karatos init", folder, environ)
    return folder


def test_the_tutorial(tmp_path: Path, environ: dict[str, str]) -> None:
    folder = tmp_path / "blink"
    folder.mkdir()
    assert len(follow(TUTORIAL, folder, environ)) == 10


def test_what_the_tutorial_installs_is_what_the_test_has() -> None:
    # Its `sh` block is the one that is not run here: that a wheel installs into an empty
    # environment is shown by test_new_user.py, and this machine has the packages already.
    (block,) = examples(DOCS / "tutorial.md", "sh")
    packages = re.findall(r"apt-get install -y (.*)", block.text)[0].split()
    needed = [name for name in packages if name != "python3-venv"]
    subprocess.run(["/usr/bin/dpkg-query", "-W", *needed], check=True, capture_output=True)
    assert "pip install pytest-karatos\n" in block.text


@pytest.mark.parametrize("page", FOLLOWING, ids=lambda page: page.stem)
def test_a_how_to_page(page: Path, blink: Path, environ: dict[str, str]) -> None:
    text = page.read_text().replace("/var/tmp/blink", environ["KARATOS_CACHE"])  # noqa: S108
    assert follow(text, blink, environ), "the page runs no command"
    assert len(page.read_text().splitlines()) < 100


@pytest.mark.parametrize("example", SETTINGS, ids=lambda one: one.place)
def test_each_settings_file_loads(example: Example, tmp_path: Path) -> None:
    Draft7Validator(schema()).validate(tomllib.loads(example.text))
    (tmp_path / "karatos.toml").write_text(example.text)
    assert load(root=tmp_path, environ={}, typed={}).chosen


def test_each_way_to_misbehave_is_explained() -> None:
    named = set(
        re.findall(r"^\| `(\w+)`", (HOW_TO / "reading-a-failure.md").read_text(), re.MULTILINE)
    )
    assert {one.__name__ for one in errors.Misbehaved.__subclasses__()} <= named
    assert all(hasattr(errors, name) for name in named)


def pages() -> list[Path]:
    return [*DOCS.rglob("*.md"), DOCS.parent / "README.md"]


def test_every_link_leads_somewhere() -> None:
    dead = [
        f"{page.name}: {target}{anchor}"
        for page in pages()
        for target, anchor in _LINK.findall(page.read_text())
        if not target.startswith("http") and not is_there(page.parent / target, page, anchor)
    ]
    assert dead == []


def is_there(path: Path, page: Path, anchor: str) -> bool:
    path = path if path != page.parent else page
    if not path.exists() or not anchor:
        return path.exists()
    heads = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return anchor[1:] in {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text()
    missing = [page for page in DOCS.rglob("*.md") if page.name != "README.md"
               and f"({page.relative_to(DOCS)})" not in index]  # fmt: skip
    assert missing == []


def test_the_readme_is_short_and_names_tests_that_exist() -> None:
    text = (DOCS.parent / "README.md").read_text()
    assert len(text.splitlines()) < 120
    named = re.findall(r"`((?:tests|benchmarks)/[^`]*)`", text)
    assert len(named) > 8
    assert [name for name in named if not (DOCS.parent / name).exists()] == []
