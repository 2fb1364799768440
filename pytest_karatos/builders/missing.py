"""A build tool, or a Rust target, that is not where the build ran: found in its last words."""

import re
from collections.abc import Iterable

#: What a shell, make, cargo, CMake and env say when there is no such program.
_SAID = tuple(
    re.compile(pattern)
    for pattern in (
        r"^(?:[\w./-]*/)?(?:sh|bash|dash|zsh): ([\w.+/-]+): (?:command )?not found",
        r"^[\w./-]+: (?:line )?\d+: (?:\d+: )?([\w.+/-]+): (?:command )?not found",
        r"^make(?:\[\d+\])?: ([\w.+/-]+): (?:Command not found|No such file or directory)$",
        r"^(?:/usr/bin/)?env: .([\w.+/-]+).: No such file or directory",
        r"linker `([\w.+/-]+)` not found",
        r"could not execute process `([\w.+/-]+)[ `].*never executed",
        r"failed to find tool\. Is `([\w.+/-]+)` installed",
        r"^\s+([\w.+/-]+)$(?=\n\s*\n?\s*is not (?:a full path|able to be found))",
        r"No such file or directory: '([\w.+-]+)'",
    )
)

#: What rustc, and the builder image's stand-in for rustup, say of a target without core.
_TARGET = re.compile(
    r"the `([\w.-]{1,64})` target may not be installed|"
    r"^rustup: target '([\w.-]{1,64})' is not part",
    re.MULTILINE,
)
#: Debian's package of a compiler, by the beginning of its name.
PACKAGES = {
    "arm-none-eabi-": "gcc-arm-none-eabi",
    "riscv64-unknown-elf-": "gcc-riscv64-unknown-elf",
    "riscv64-linux-gnu-": "gcc-riscv64-linux-gnu",
    "aarch64-linux-gnu-": "gcc-aarch64-linux-gnu",
    "arm-linux-gnueabihf-": "gcc-arm-linux-gnueabihf",
    "avr-": "gcc-avr",
    "cmake": "cmake",
    "meson": "meson",
    "python3": "python3",
    "dtc": "device-tree-compiler",
    "rustup": "rustup",
    "ninja": "ninja-build",
    "make": "make",
    "cc": "gcc",
    "gcc": "gcc",
}


#: Compilers that Debian has of the same kind under another prefix.
_KIN = dict.fromkeys(
    ("riscv-none-elf-", "riscv-none-embed-", "riscv32-unknown-elf-", "riscv64-elf-"),
    "riscv64-unknown-elf-",
)


def missing_tool(lines: Iterable[str]) -> str:
    """Return the program that a build missed, by its last lines; '' when none is named.

    >>> missing_tool(["make: riscv-none-elf-gcc: No such file or directory"])
    'riscv-none-elf-gcc'
    >>> missing_tool(["/bin/sh: 1: cmake: not found"]), missing_tool(["main.c:3: error: x"])
    ('cmake', '')
    """
    text = "\n".join(lines)
    found = (re.compile(one.pattern, re.MULTILINE).search(text) for one in _SAID)
    return next((hit[1] for hit in found if hit), "")


def package_of(tool: str) -> str:
    """Return the Debian package of ``tool``; '' when it is not known.

    >>> package_of("arm-none-eabi-gcc"), package_of("riscv-none-elf-gcc")
    ('gcc-arm-none-eabi', '')
    """
    for start, package in PACKAGES.items():
        if tool == start or (start.endswith("-") and tool.startswith(start)):
            return package
    return ""


def kin_of(tool: str) -> str:
    """Return the prefix by which Debian has a compiler like ``tool``; '' where it is not known.

    >>> kin_of("riscv-none-elf-gcc"), kin_of("arm-none-eabi-gcc")
    ('riscv64-unknown-elf-', '')
    """
    return next((kin for prefix, kin in _KIN.items() if tool.startswith(prefix)), "")


def missing_target(lines: Iterable[str]) -> str:
    """Return the Rust target whose core a build missed; '' when none is named.

    >>> missing_target(["  = note: the `thumbv6m-none-eabi` target may not be installed"])
    'thumbv6m-none-eabi'
    >>> missing_target(["rustup: target 'thumbv6m-none-eabi' is not part of this toolchain"])
    'thumbv6m-none-eabi'
    """
    found = _TARGET.search("\n".join(lines))
    return found[found.lastindex or 0] if found else ""


def ways_out(tool: str, *, on_host: bool) -> str:
    """Say the two ways to a build that has ``tool``, and begin what else there is to say."""
    package = package_of(tool)
    here = f"install {tool} on this host{f' (apt-get install {package})' if package else ''}"
    added = f'[toolchain] packages = ["{package or f"the Debian package that has {tool}"}"]'
    if kin := kin_of(tool):
        added = (
            f'[toolchain] packages = ["{package_of(kin)}"], and [build] '
            f'env = {{ CROSS_COMPILE = "{kin}" }} where the build takes another prefix by that name'
        )
    image = f"an image that has it: {added}, or [toolchain] image = one of your own"
    if on_host:
        return f"either {here}; or build in {image}, with --karatos-builder=docker; "
    return f"either build in {image}; or {here} and build there: --karatos-builder=local; "


def ways_to_target(triple: str, *, on_host: bool) -> str:
    """Say the two ways to a build that has Rust's core for ``triple``, as :func:`ways_out`."""
    added = f'[toolchain] targets = ["{triple}"]'
    here = "`python -m pytest_karatos doctor` says how this host gets it"
    if on_host:
        return f"either {here}; or build in an image with {added}, --karatos-builder=docker; "
    local = f"build on this host, --karatos-builder=local: {here}"
    return f"either add it to the image: {added}; or {local}; "
