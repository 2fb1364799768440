"""Check of the compilers of a local build, as far as the tree tells which it needs."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping

from pytest_karatos.builders.given import has_core, is_installed
from pytest_karatos.builders.host import managed_toolchain
from pytest_karatos.builders.image import docker_folder, own_targets
from pytest_karatos.builders.missing import kin_of, package_of
from pytest_karatos.cli.checks.need import MISSING, OK, OPTIONAL, Need
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
    path = path_of(settings, environ)
    seen = {**environ, "PATH": path}
    for package in settings.toolchain.packages:
        yield _package(package, settings, seen)
    if not settings.source.is_dir():
        return
    text = text_of(settings.source)
    for triple in _triples(settings, text):
        yield _rust(triple, path, settings, seen)
    for prefix in _prefixes(settings, text):
        yield _program(f"{prefix}gcc", path, "the tree's build files name it")
    for program in _commands(settings):
        yield _program(program, path, "the build command begins with it")


def _triples(settings: Settings, text: str) -> list[str]:
    """List the targets that a tree needs of Rust: what was asked for, and its boards'."""
    is_rust = (settings.source / "Cargo.toml").is_file() or any(one in text for one in _RUST_SIGNS)
    boards = [board.triple for board in settings.chosen if board.triple] if is_rust else []
    return list(dict.fromkeys([*settings.toolchain.targets, *boards]))


def _package(package: str, settings: Settings, environ: Mapping[str, str]) -> Need:
    found = is_installed(package, environ)
    return Need(
        name=f"package {package}",
        state=OK if found else OPTIONAL,
        found="installed" if found else "not installed on this host",
        why=f"{settings.toolchain.origin('packages')} names it, and builds run on this host.",
        fix="" if found else f"apt-get install {package}",
    )


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
    """Examine what the tree names for builds in our own image, with what the settings add to it.

    What an image of the user's has is known to them alone.
    """
    if settings.toolchain.image or not settings.source.is_dir():
        return
    text = text_of(settings.source)
    for prefix in _prefixes(settings, text):
        yield _added(f"{prefix}gcc", package_of(f"{prefix}gcc"), settings)
    for triple in _triples(settings, text):
        yield _core(triple, settings)


def _added(program: str, package: str, settings: Settings) -> Need:
    """Tell whether a cross compiler is in the image: it has none, so a package must bring it."""
    why = "builds run in that image, and the tree's build files name it."
    names = [one.partition("=")[0] for one in settings.toolchain.packages]
    if package in names:
        found = f"in the builder image: [toolchain] packages has {package}"
        return Need(name=program, state=OK, found=found, why=why)
    # Which of the packages brings a compiler that we do not know, nobody can tell here.
    unknown = not package and bool(names)
    return Need(
        name=program,
        state=OPTIONAL if unknown else MISSING,
        found="not in the builder image, which has Rust and no cross compiler for C",
        why=why,
        fix=_image_fix(package, kin_of(program)),
    )


def _image_fix(package: str, kin: str) -> str:
    write = "write in karatos.toml: [toolchain] packages ="
    if package:
        return f'{write} ["{package}"]'
    if kin:
        return f'{write} ["{package_of(kin)}"], and [build] env = {{ CROSS_COMPILE = "{kin}" }}'
    return "pytest --karatos-builder=local"


def _core(triple: str, settings: Settings) -> Need:
    name, why = f"Rust for {triple}", "builds run in the builder image, and the tree is Rust."
    targets = settings.toolchain.targets
    if triple in targets or triple in own_targets():
        return Need(name=name, state=OK, found="in the builder image", why=why)
    wanted = ", ".join(f'"{one}"' for one in (*targets, triple))
    return Need(
        name=name,
        state=MISSING,
        found="the builder image has no core for it",
        why=why,
        fix=f"write in karatos.toml: [toolchain] targets = [{wanted}]",
    )


def _prefixes(settings: Settings, text: str) -> list[str]:
    """List the prefixes of compilers: those that the settings say in place of the tree's own."""
    recipes = [board.build for one in settings.firmwares for board in one.boards]
    said = [value for one in recipes for word, value in one.env if word == "CROSS_COMPILE"]
    return list(dict.fromkeys(filter(None, said))) or list(dict.fromkeys(_CROSS.findall(text)))


def _rust(triple: str, path: str, settings: Settings, environ: Mapping[str, str]) -> Need:
    name, why = f"Rust for {triple}", "builds run on this machine, and the tree is Rust."
    rustc = shutil.which("rustc", path=path)
    if rustc is None:
        fix = f"curl --proto '=https' -sSf https://sh.rustup.rs | sh -s -- -y -t {triple}"
        found = "'rustc' is not on PATH"
        return Need(name=name, state=MISSING, found=found, why=why, fix=fix)
    version = output_of([rustc, "--version"], env=environ).stdout.strip()
    if has_core(triple, environ):
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
    if kin := kin_of(program):
        install += (
            f"; or, where the build takes another prefix: apt-get install {package_of(kin)}, and "
            f"CROSS_COMPILE={kin}"
        )
    return Need(
        name=program,
        state=OK if found else MISSING,
        found=found or "not on PATH",
        why=f"builds run on this machine, and {reason}.",
        fix="" if found else install,
    )
