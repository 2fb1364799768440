"""Check of the kits that a tree asks for and that live outside of it: Zephyr, its SDK, RIOT.

Which they are is data (``resources/kits.toml``).
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from pytest_karatos.builders.missing import package_of
from pytest_karatos.cli.checks.need import MISSING, OK, Need
from pytest_karatos.cli.detect.makefile import GAP, Makefile
from pytest_karatos.cli.detect.text import text_of
from pytest_karatos.settings import Settings, toml

_DATA = Path(__file__).resolve().parents[2] / "resources" / "kits.toml"
_IN_IMAGE = "builds run in the builder image, which has no kits"


@cache
def _kits() -> Mapping[str, Any]:
    return toml.read(_DATA, _DATA.name).data


def examine(settings: Settings, environ: Mapping[str, str], *, on_host: bool) -> Iterator[Need]:
    """Examine each kit whose sign the tree's build files bear.

    What an image of the user's has is known to them alone.
    """
    if not settings.source.is_dir() or (settings.toolchain.image and not on_host):
        return
    text = text_of(settings.source)
    asked = [one for one in _kits().values() if re.search(one["sign"], text)]
    for kit in asked:
        for need in kit["needs"]:
            yield from _folder(need, settings, environ) if on_host else [_not_there(need)]
        archs = dict.fromkeys(board.arch for board in settings.chosen)
        for arch in archs if on_host else ():
            yield from _compiler(kit.get("compilers", {}).get(arch, []), environ)


def _not_there(need: Mapping[str, Any]) -> Need:
    fix = "pytest --karatos-builder=local"
    return Need(name=need["name"], state=MISSING, found=_IN_IMAGE, why=need["why"], fix=fix)


def _folder(
    need: Mapping[str, Any], settings: Settings, environ: Mapping[str, str]
) -> Iterator[Need]:
    """Look where the kit is said to be, or where it usually is."""
    variant = environ.get(need.get("unless_env", ""), "")
    if variant and variant != need["unless_is"]:
        return
    name, why, holds = need["name"], need["why"], need["holds"]
    told = _told(need["env"], settings, environ)
    usual = need.get("places", [])
    places = [Path(told)] if told else _at(usual, environ)
    found = next((one for one in places if (one / holds).is_file()), None)
    if found is not None:
        version = _version(found / holds)
        yield Need(name=name, state=OK, found=f"{found}{version}", why=why)
        return
    lacking = f"{need['env']} is not set" + (", and it is in no usual place" if usual else "")
    if told:
        lacking = f"{need['env']} is {told}, which has no {holds}"
    yield Need(name=name, state=MISSING, found=lacking, why=why, fix=need["fix"])


def _told(variable: str, settings: Settings, environ: Mapping[str, str]) -> str:
    """Return what a variable tells the build: in its settings, its environment, its Makefile."""
    recipes = [board.build for one in settings.firmwares for board in one.boards]
    said = [value for one in recipes for word, value in one.env if word == variable and value]
    if said or environ.get(variable):
        return said[0] if said else environ[variable]
    if not (settings.source / "Makefile").is_file():
        return ""
    made = Makefile(tree=settings.source, file="Makefile")
    made.values.setdefault("CURDIR", ".")
    value = made.expand(made.values.get(variable, ""))
    return str((settings.source / value).resolve()) if value and GAP not in value else ""


def _at(patterns: list[str], environ: Mapping[str, str]) -> list[Path]:
    """Return what is at the places, the last by name first: the newest, as versions go."""
    home = environ.get("HOME", "")
    found: list[Path] = []
    for pattern in patterns:
        whole = Path(pattern.replace("~", home, 1)) if home else Path(pattern)
        found += sorted(whole.parent.glob(whole.name), reverse=True)
    return found


def _version(file: Path) -> str:
    with file.open(errors="replace") as opened:
        first = opened.readline(40).strip()
    return f" ({first})" if re.fullmatch(r"[\d.]+[\w.-]*", first) else ""


def _compiler(programs: list[str], environ: Mapping[str, str]) -> Iterator[Need]:
    if not programs:
        return
    there = (shutil.which(one, path=environ.get("PATH")) for one in programs)
    found = next(filter(None, there), "")
    package = next(filter(None, map(package_of, programs)), "")
    yield Need(
        name=Path(found).name if found else programs[0],
        state=OK if found else MISSING,
        found=found or f"none of {', '.join(programs)} is on PATH",
        why="the kit of the tree compiles with it.",
        fix=f"apt-get install {package}" if package and not found else "",
    )
