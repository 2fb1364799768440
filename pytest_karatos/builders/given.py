"""What of a toolchain this host has: Rust's core for its targets, and its Debian packages."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from pytest_karatos.process import output_of
from pytest_karatos.settings import Toolchain

_INSTALLED = "install ok installed"


def has_core(triple: str, environ: Mapping[str, str]) -> bool:
    """Tell whether the rustc on PATH has core for ``triple``."""
    rustc = shutil.which("rustc", path=environ.get("PATH"))
    if rustc is None:
        return False
    said = output_of([rustc, "--print", "target-libdir", "--target", triple], env=environ)
    return said.status == 0 and any(Path(said.stdout.strip()).glob("libcore-*.rlib"))


def is_installed(package: str, environ: Mapping[str, str]) -> bool:
    """Tell whether Debian's ``package``, maybe with ``=`` and a version, is installed."""
    dpkg = shutil.which("dpkg-query", path=environ.get("PATH"))
    if dpkg is None:
        return False
    name, _, version = package.partition("=")
    said = output_of([dpkg, "-W", "-f=${Status}=${Version}\\n", name], env=environ).stdout
    found = (line.partition("=") for line in said.splitlines())
    return any(one[0] == _INSTALLED and version in {"", one[2]} for one in found)


def lacking(toolchain: Toolchain, environ: Mapping[str, str]) -> Iterator[str]:
    """Yield what ``toolchain`` has and builds on this host do not get, a few words each.

    >>> list(lacking(Toolchain(image="me/gcc", packages=("no-such-package",)), {"PATH": ""}))
    ["image 'me/gcc'", 'package no-such-package']
    """
    if toolchain.image:
        yield f"image '{toolchain.image}'"
    for triple in toolchain.targets:
        if not has_core(triple, environ):
            yield f"target {triple}"
    for package in toolchain.packages:
        if not is_installed(package, environ):
            yield f"package {package}"
