"""Recognise a Rust tree: Cargo.toml, and .cargo/config.toml with the target."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_karatos.commands.trees.found import Found, Question
from pytest_karatos.errors import KaratosError
from pytest_karatos.settings import toml

_MANIFEST = "Cargo.toml"
_CONFIGS = (".cargo/config.toml", ".cargo/config")
#: cargo calls its profiles dev and release, and its folders debug and release.
_COMMAND = "cargo build --target {triple} $([ {profile} = release ] && echo --release)"


def recognise(tree: Path) -> Found | None:
    """Recognise a package or a workspace with one program in it."""
    manifest = _read(tree / _MANIFEST)
    if not manifest:
        return None
    programs = _programs(tree, manifest)
    config, triple = _target(tree)
    saw = [f"{_MANIFEST}: cargo builds it"]
    if triple:
        saw.append(f"{config}: build.target is {triple}")
    if len(programs) == 1:
        saw.append(f"its program is '{programs[0]}'")
    return Found(
        saw=tuple(saw),
        command=_COMMAND,
        elf=f"target/{{triple}}/{{profile}}/{programs[0]}" if len(programs) == 1 else "",
        triple=triple,
        hint=triple,
        questions=() if len(programs) == 1 else (_which(programs),),
    )


def _which(programs: list[str]) -> Question:
    named = ", ".join(programs)
    text = f"which program is to be tested: {named}?" if programs else "what is the program called?"
    example = programs[0] if programs else "NAME"
    return Question(text=text, lines=(f'elf = "target/{{triple}}/{{profile}}/{example}"',))


def _programs(tree: Path, manifest: Mapping[str, Any]) -> list[str]:
    """Name the programs of the package and of a workspace's members."""
    members = _table(manifest, "workspace").get("members", [])
    patterns = [one for one in _list(members) if isinstance(one, str)]
    folders = [folder for one in patterns for folder in sorted(_matching(tree, one))]
    found = [name for folder in (tree, *folders) for name in _of_package(folder)]
    return list(dict.fromkeys(found))


def _matching(tree: Path, pattern: str) -> list[Path]:
    try:
        return list(tree.glob(pattern))
    except (ValueError, NotImplementedError):  # an absolute path, or no pattern at all
        return []


def _of_package(folder: Path) -> list[str]:
    manifest = _read(folder / _MANIFEST)
    bins = manifest.get("bin", [])
    named = [one.get("name") for one in _list(bins) if isinstance(one, dict)]
    names = [name for name in named if isinstance(name, str)]
    package = _table(manifest, "package").get("name")
    if not names and isinstance(package, str) and (folder / "src" / "main.rs").is_file():
        names = [package]
    return names


def _target(tree: Path) -> tuple[str, str]:
    for name in _CONFIGS:
        target = _table(_read(tree / name), "build").get("target")
        if isinstance(target, list) and len(target) == 1:
            target = target[0]
        if isinstance(target, str) and not target.endswith(".json"):
            return name, target
    return "", ""


def _read(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        return {}
    try:
        return toml.read(path, path.name).data
    except KaratosError:
        return {}


def _table(data: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = data.get(name)
    return found if isinstance(found, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
