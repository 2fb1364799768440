"""Examine the compilers of a local build, as far as the tree tells which it needs."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from pytest_karatos.build.image import docker_folder
from pytest_karatos.build.local import own_toolchain
from pytest_karatos.commands.needs.need import MISSING, OK, Need
from pytest_karatos.commands.trees.text import text_of
from pytest_karatos.process import output_of
from pytest_karatos.settings import Settings

#: A C compiler's prefix in a build file, and Debian's package.
_CROSS = {"arm-none-eabi-": "gcc-arm-none-eabi", "riscv64-unknown-elf-": "gcc-riscv64-unknown-elf"}
_RUST_SIGNS = ("cargo", "rustc")


def path_of(settings: Settings, environ: Mapping[str, str]) -> str:
    """Return the PATH that a local build sees."""
    path, ours = environ.get("PATH", os.defpath), own_toolchain(settings.cache) / "bin"
    return f"{ours}{os.pathsep}{path}" if ours.is_dir() else path


def examine(settings: Settings, environ: Mapping[str, str]) -> Iterator[Need]:
    """Examine Rust for a tree that speaks of it, and each cross compiler that it names."""
    if not settings.source.is_dir():
        return
    path, text = path_of(settings, environ), text_of(settings.source)
    if (settings.source / "Cargo.toml").is_file() or any(sign in text for sign in _RUST_SIGNS):
        for triple in dict.fromkeys(board.triple for board in settings.chosen if board.triple):
            yield _rust(triple, path, settings, {**environ, "PATH": path})
    for prefix, package in _CROSS.items():
        # As a program, or alone, as the value of a variable that `gcc` is put behind.
        if re.search(rf"{prefix}(gcc\b|\W|$)", text):
            yield _compiler(f"{prefix}gcc", package, path)


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
    ours = own_toolchain(settings.cache)
    if not ours.is_dir() and shutil.which("rustup", path=path):
        return f"rustup target add {triple}"
    return f"bash {docker_folder() / 'bare-metal-rust.sh'} {ours} --target {triple}"


def _compiler(program: str, package: str, path: str) -> Need:
    found = shutil.which(program, path=path)
    return Need(
        name=program,
        state=OK if found else MISSING,
        found=found or "not on PATH",
        why="builds run on this machine, and the tree's build files name it.",
        fix="" if found else f"apt-get install {package}",
    )
