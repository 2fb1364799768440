"""The examples of docs/how-to/python-api.md run as they stand, each in a Python of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs_examples import Example, examples

REPOSITORY = Path(__file__).parents[2]
PYTHON = examples(REPOSITORY / "docs/how-to/python-api.md", "python")
SAID = (
    "exit status 0",
    "rounds: 10",
    "it sleeps in kernel::misbehave::after_start, ",
    " 0 True",
    "there is no board 'amr'.",
)


@pytest.mark.parametrize(
    ("example", "said"), list(zip(PYTHON, SAID, strict=True)), ids=[one.place for one in PYTHON]
)
def test_the_example_runs(example: Example, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example.text],
        cwd=REPOSITORY,
        env={**os.environ, "KARATOS_BUILDER": "local"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, f"{example.place}\n{done.stderr}"
    assert said in done.stdout


def test_a_misspelt_setting_is_not_ignored() -> None:
    code = "from pytest_karatos import Bench\nBench.here(bulider='local')"
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, cwd=REPOSITORY, check=False, capture_output=True, text=True)
    assert "Bench.here: unknown setting 'bulider'. Did you mean 'builder'?" in done.stderr
