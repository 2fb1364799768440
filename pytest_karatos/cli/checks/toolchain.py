"""Check of the compilers of a local build, as far as the tree tells which it needs."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from pytest_karatos.builders.host import managed_toolchain
from pytest_karatos.builders.image import docker_folder
from pytest_karatos.builders.missing import package_of
from pytest_karatos.cli.checks.need import MISSING, OK, Need
from pytest_karatos.cli.detect.text import text_of
from pytest_karatos.process import output_of
from pytest_karatos.settings import Settings

#: A C compiler's prefix in a build file: as a program's, or alone, as the value of a variable that
#: `gcc` is put behind.
_CROSS = re.compile(
    r"(?<![\w/.-])([a-z][a-z0-9_]*(?:-[a-z0-9_]+){0,2}-(?:eabi|eabihf|elf|gnu|gnueabi|gnueabihf)-)"
    r"(?=gcc\b|[^\w*?$-]|$)",
    re.MULTILINE,
)
#: The program by which a step begins, where it is no path and nothing that a shell fills in.
_STEP = re.compile(r"(?:^|&&|\|\||;)\s*(?:\w+=\S*\s+)*([A-Za-z][\w.+-]*)(?=\s|$)")
_SHELLS_OWN = frozenset(
    ("cd", "echo", "test", "export", "set", "if", "for", "while", "exit", "true", "false", "printf")
)
_RUST_SIGNS = ("cargo", "rustc")


def path_of(settings: Settings, environ: Mapping[str, str]) -> str:
    """Return the PATH that a local build sees."""
    path, ours = environ.get("PATH", os.defpath), managed_toolchain(settings.cache) / "bin"
    return f"{ours}{os.pathsep}{path}" if ours.is_dir() else path


def examine(settings: Settings, environ: Mapping[str, str]) -> Iterator[Need]:
    """Examine Rust for a tree that speaks of it, and each cross compiler that it names."""
    if not settings.source.is_dir():
        return
    path, text = path_of(settings, environ), text_of(settings.source)
    if (settings.source / "Cargo.toml").is_file() or any(sign in text for sign in _RUST_SIGNS):
        for triple in dict.fromkeys(board.triple for board in settings.chosen if board.triple):
            yield _rust(triple, path, settings, {**environ, "PATH": path})
    for prefix in _prefixes(text):
        yield _program(f"{prefix}gcc", path, "the tree's build files name it")
    for program in _commands(settings):
        yield _program(program, path, "the build command begins with it")


def _commands(settings: Settings) -> list[str]:
    """List the programs by which the steps of a build begin, as cmake and west; no shell's own."""
    steps = [step for board in settings.chosen for step in board.build.command]
    steps += [
        step
        for firmware in settings.firmwares
        if firmware.name in settings.by_default
        for board in firmware.boards
        for step in board.build.command
    ]
    found = dict.fromkeys(name for step in steps for name in _STEP.findall(step))
    return [name for name in found if name not in _SHELLS_OWN]


def examine_image(settings: Settings) -> Iterator[Need]:
    """Examine the cross compilers that the tree names for builds in our own image: it has none.

    What an image of the user's has is known to them alone.
    """
    if settings.image or not settings.source.is_dir():
        return
    for prefix in _prefixes(text_of(settings.source)):
        yield Need(
            name=f"{prefix}gcc",
            state=MISSING,
            found="not in the builder image, which has Rust and no cross compiler for C",
            why="builds run in that image, and the tree's build files name it.",
            fix=_image_fix(f"{prefix}gcc"),
        )


def _image_fix(program: str) -> str:
    package = package_of(program)
    install = f"apt-get install {package} && " if package else ""
    return f"{install}pytest --karatos-builder=local"


def _prefixes(text: str) -> list[str]:
    return list(dict.fromkeys(_CROSS.findall(text)))


def _rust(triple: str, path: str, settings: Settings, environ: Mapping[str, str]) -> Need:
    name, why = f"Rust for {triple}", "builds run on this machine, and the tree is Rust."
    rustc = shutil.which("rustc", path=path)
    if rustc is None:
        fix = f"curl --proto '=https' -sSf https://sh.rustup.rs | sh -s -- -y -t {triple}"
        found = "'rustc' is not on PATH"
        return Need(name=name, state=MISSING, found=found, why=why, fix=fix)
    asked = [rustc, "--print", "target-libdir", "--target", triple]
    said = output_of(asked, env=environ)
    version = output_of([rustc, "--version"], env=environ).stdout.strip()
    folder = Path(said.stdout.strip())
    if said.status == 0 and any(folder.glob("libcore-*.rlib")):
        return Need(name=name, state=OK, found=f"{version} ({rustc})", why=why)
    lacking = f"{version} ({rustc}) has no core for it"
    fix = _add(triple, path, settings)
    return Need(name=name, state=MISSING, found=lacking, why=why, fix=fix)


def _add(triple: str, path: str, settings: Settings) -> str:
    ours = managed_toolchain(settings.cache)
    if not ours.is_dir() and shutil.which("rustup", path=path):
        return f"rustup target add {triple}"
    return f"bash {docker_folder() / 'bare-metal-rust.sh'} {ours} --target {triple}"


def _program(program: str, path: str, reason: str) -> Need:
    found, package = shutil.which(program, path=path), package_of(program)
    install = f"apt-get install {package}" if package else f"install {program} and put it on PATH"
    return Need(
        name=program,
        state=OK if found else MISSING,
        found=found or "not on PATH",
        why=f"builds run on this machine, and {reason}.",
        fix="" if found else install,
    )
