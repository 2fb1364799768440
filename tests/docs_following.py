"""Do what a page says from top to bottom: write its files, run its commands, compare their output.

In the output that a page quotes, ``...`` stands for anything, and so does any number of seconds.
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.docs_examples import Example, examples_in

_FILE = re.compile(r"\A(?:#|//|/\*) file: (\S+)")
_SECONDS = re.compile(r"\d+\.\d+ ?s\b")


def file_of(example: Example) -> str:
    """Return the file that an example is, as its first line says; empty for none."""
    found = _FILE.match(example.text)
    return found[1] if found else ""


def commands_of(example: Example) -> list[tuple[str, list[str]]]:
    """Return the lines after ``$``, each with the lines of output that are quoted below it."""
    found: list[tuple[str, list[str]]] = []
    for line in example.text.splitlines() if example.language == "console" else ():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif line.strip():
            found[-1][1].append(line)
    return found


def write(example: Example, folder: Path) -> None:
    """Write the file that an example is, over what was there."""
    path = folder / file_of(example)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(example.text)


def run(command: str, folder: Path, environ: Mapping[str, str] | None = None) -> str:
    """Run a command as a reader would, with this Python's programs first; return what it said."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    told = {"COLUMNS": "100", "PATH": path, **(environ or {})}
    outside = ("PYTEST_", "GITHUB_", "CI", "KARATOS_")
    kept = {key: one for key, one in os.environ.items() if not key.startswith(outside)}
    done = subprocess.run(
        ["/bin/bash", "-c", command],
        cwd=folder,
        env={**kept, **told},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
    )
    return done.stdout


def compare(said: str, quoted: list[str]) -> None:
    """Fail unless the quoted lines are in the output, in their order."""
    pytest.LineMatcher(said.splitlines()).fnmatch_lines([_pattern(line) for line in quoted])


def _pattern(line: str) -> str:
    escaped = re.sub(r"([\[*?])", r"[\1]", line)
    return _SECONDS.sub("*", escaped).replace("...", "*")


def follow(text: str, folder: Path, environ: Mapping[str, str] | None = None) -> list[str]:
    """Do what a page says from top to bottom, and return the commands that were run."""
    done = []
    for example in examples_in(text, "page"):
        if file_of(example):
            write(example, folder)
        for command, quoted in commands_of(example):
            compare(run(command, folder, environ), quoted)
            done.append(command)
    return done
