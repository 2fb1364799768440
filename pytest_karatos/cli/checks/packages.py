"""Check of Python and its packages; which are needed is read from our own metadata."""

import platform
import re
import sys
from collections.abc import Iterator
from importlib import metadata

from pytest_karatos.cli.checks.need import MISSING, OK, OPTIONAL, Need

_US = "pytest-karatos"
_REQUIREMENT = re.compile(
    r"^(?P<name>[\w.-]+)\s*>=\s*(?P<least>[\d.]+)(?:\s*;\s*extra\s*==\s*['\"](?P<extra>\w+)['\"])?$"
)
_WHY = {
    "pytest": "it runs the tests.",
    "pexpect": "the console speaks its language.",
    "filelock": "one build at a time, even among many processes.",
    "pyelftools": "it reads what a build made.",
    "docker": "builds in containers (optional: builds run on this machine without it).",
    "pytest-xdist": "parallel runs, pytest -n auto (optional).",
    "pytest-html": "the report, --html=report.html (optional).",
}


def examine() -> Iterator[Need]:
    """Examine the interpreter and each package that our metadata names."""
    yield _python()
    for line in metadata.requires(_US) or ():
        found = _REQUIREMENT.match(line)
        if found and found["name"] in _WHY and found["extra"] != "all":
            yield _package(found["name"], found["least"], found["extra"] or "")


def _python() -> Need:
    least = str(metadata.metadata(_US)["Requires-Python"]).removeprefix(">=")
    good = _numbers(platform.python_version()) >= _numbers(least)
    return Need(
        name="Python",
        state=OK if good else MISSING,
        found=f"{platform.python_version()} ({sys.executable})",
        why=f"the plugin is written for {least} and newer.",
        fix="" if good else f"python{least} -m venv .venv",
    )


def _package(name: str, least: str, extra: str) -> Need:
    what = f"'{_US}[{extra}]'" if extra else f"'{name}>={least}'"
    fix = f"{sys.executable} -m pip install {what}"
    lacking = OPTIONAL if extra else MISSING
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Need(name=name, state=lacking, found="not installed", why=_WHY[name], fix=fix)
    if _numbers(version) < _numbers(least):
        old = f"{version}, older than {least}"
        return Need(name=name, state=lacking, found=old, why=_WHY[name], fix=f"{fix} --upgrade")
    return Need(name=name, state=OK, found=version, why=_WHY[name])


def _numbers(version: str) -> tuple[int, ...]:
    """Read the leading numbers of a version.

    >>> _numbers("8.4.0rc1"), _numbers("7.2.22") >= _numbers("7.2")
    ((8, 4, 0), True)
    """
    found = re.match(r"\d+(\.\d+)*", version)
    return tuple(map(int, found[0].split("."))) if found else ()
