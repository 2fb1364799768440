"""A Rust tree: Cargo.toml, and .cargo/config.toml with the target."""

import os
from pathlib import Path

from pytest_karatos.cli.detect.cargo_tree import (
    MANIFEST,
    Package,
    Program,
    packages_of,
    read,
    table,
    workspace_above,
)
from pytest_karatos.cli.detect.found import Family, Found, Question
from pytest_karatos.cli.detect.text import expected_outputs

_CONFIGS = (".cargo/config.toml", ".cargo/config")
#: cargo calls its profiles dev and release, and its folders debug and release.
_COMMAND = "cargo build --target {triple} $([ {profile} = release ] && echo --release)"
#: A tree that begins further above than this is somebody's whole disk.
_HIGHEST = 3
_NOT_KNOWN = "which program is the firmware: none has #![no_std] or #![no_main]; all were taken"


def recognise(tree: Path) -> Found | None:
    """Recognise a package or a workspace: its programs, and its examples for a target."""
    if not read(tree / MANIFEST):
        return None
    packages = packages_of(tree)
    programs = [one for package in packages for one in package.programs]
    meant = [one for one in programs if one.bare] or programs
    examples = [one for package in packages for one in package.examples if one.bare]
    config, triple = _target(tree)
    source, folder = _room(tree, packages)
    families = _families(tree, packages, meant, examples)
    single = len(meant) == 1 and not examples
    return Found(
        saw=(*_saw(config, triple, meant, examples), *_saw_room(source, folder)),
        command=_COMMAND + _of(meant, packages) if not families else "",
        elf=f"{_output(tree, source, folder)}{meant[0].name}" if single else "",
        families=tuple(_placed(one, tree, source, folder) for one in families),
        triple=triple,
        hint=" ".join((triple, *(name for one in packages for name in one.needs))),
        source=source,
        folder=folder,
        questions=() if families or single else (_which(),),
        unsure=(_NOT_KNOWN,) if len(programs) > 1 and not any(one.bare for one in meant) else (),
    )


def _saw(config: str, triple: str, programs: list[Program], examples: list[Program]) -> list[str]:
    saw = [f"{MANIFEST}: cargo builds it"]
    saw += [f"{config}: build.target is {triple}"] if triple else []
    named = ", ".join(f"'{one.name}'" for one in programs[:8])
    if len(programs) > 1:
        saw.append(f"its programs are {named}" + (" ..." if len(programs) > len(named) else ""))
    elif programs:
        saw.append(f"its program is {named}")
    return saw + ([f"{len(examples)} examples for a target"] if examples else [])


def _saw_room(source: str, folder: str) -> list[str]:
    if not source:
        return []
    return [
        f"it needs more than this folder: the build's tree is {source}, and this {folder} in it"
    ]


def _which() -> Question:
    line = 'elf = "target/{triple}/{profile}/NAME"'
    return Question(text="what is the program called?", lines=(line,))


def _of(programs: list[Program], packages: list[Package]) -> str:
    """Return the arguments for the programs' packages, where there are others besides."""
    owners = dict.fromkeys(one.package for one in programs)
    if len(owners) == len(packages):
        return ""
    return "".join(f" -p {one}" for one in owners)


def _families(
    tree: Path, packages: list[Package], programs: list[Program], examples: list[Program]
) -> list[Family]:
    """Return a table for each kind of program, where there is more than the one."""
    made = []
    if len(programs) > 1 or (programs and examples):
        names = tuple(dict.fromkeys(one.name for one in programs))
        many = len(names) > 1
        command = _COMMAND + _of(programs, packages) + (" --bins --keep-going" if many else "")
        place = "{binary}" if many else names[0]
        made.append(Family(name="programs", command=command, elf=place, binaries=names * many))
    if examples:
        command = _COMMAND + _of(examples, packages) + " --examples --keep-going"
        names = tuple(one.name for one in examples)
        made.append(
            Family(
                name="examples",
                command=command,
                elf="examples/{binary}",
                binaries=(_place(examples, tree),) if _place(examples, tree) else names,
                expected=expected_outputs(tree, names),
            )
        )
    return made


def _place(examples: list[Program], tree: Path) -> str:
    """Return ``examples/{binary}.rs`` where all that lie there are meant, and no others are."""
    folders = {one.file.parent for one in examples}
    folder = folders.pop()
    if folders or {one.file for one in examples} != set(folder.glob("*.rs")):
        return ""
    named = all(one.file.stem == one.name for one in examples)
    return f"{folder.relative_to(tree).as_posix()}/{{binary}}.rs" if named else ""


def _placed(family: Family, tree: Path, source: str, folder: str) -> Family:
    """Put the places of a table into the tree of the build."""
    before = f"{folder}/" if folder else ""
    return Family(
        name=family.name,
        command=family.command,
        elf=_output(tree, source, folder) + family.elf,
        binaries=tuple(before + one if "{" in one else one for one in family.binaries),
        expected=family.expected and before + family.expected,
    )


def _output(tree: Path, source: str, folder: str) -> str:
    """Return the folder in the build's tree where cargo leaves programs."""
    where = next((one for name in _CONFIGS if (one := _target_folder(tree / name))), "target")
    above = workspace_above(tree) is not None
    before = f"{folder}/" if folder and not (above and source) else ""
    return f"{before}{where}/{{triple}}/{{profile}}/"


def _target_folder(config: Path) -> str:
    where = table(read(config), "build").get("target-dir", "")
    return where.strip("/") if isinstance(where, str) and not where.startswith(("/", ".")) else ""


def _room(tree: Path, packages: list[Package]) -> tuple[str, str]:
    """Return the folder that the build needs, and where in it ``tree`` is; '' for ``tree`` itself.

    A member needs its workspace, and a package the packages that it names by path.
    """
    here = tree.resolve()
    needed = [path for one in packages for path in one.paths if not path.is_relative_to(here)]
    workspace = workspace_above(tree)
    needed += [workspace] if workspace else []
    if not needed:
        return "", ""
    top = Path(os.path.commonpath([here, *needed]))
    if len(here.parts) - len(top.parts) > _HIGHEST or top == Path(top.anchor):
        return "", ""
    return os.path.relpath(top, here), here.relative_to(top).as_posix()


def _target(tree: Path) -> tuple[str, str]:
    workspace = workspace_above(tree)
    for folder in (tree, *([workspace] if workspace else [])):
        for name in _CONFIGS:
            target = table(read(folder / name), "build").get("target")
            if isinstance(target, list) and len(target) == 1:
                target = target[0]
            if isinstance(target, str) and not target.endswith(".json"):
                return os.path.relpath(folder / name, tree), target
    return "", ""
