"""A build tool that is not where the build ran: found in the build's last words."""

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

#: Debian's package of a compiler, by the beginning of its name.
PACKAGES = {
    "arm-none-eabi-": "gcc-arm-none-eabi",
    "riscv64-unknown-elf-": "gcc-riscv64-unknown-elf",
    "cmake": "cmake",
    "ninja": "ninja-build",
    "make": "make",
    "cc": "gcc",
    "gcc": "gcc",
}


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


def ways_out(tool: str) -> str:
    """Say the two ways to a build that has ``tool``, and begin what else there is to say."""
    package = package_of(tool)
    how = f" (apt-get install {package})" if package else ""
    return (
        f"either install {tool} on this host{how} and build there: --karatos-builder=local; "
        f"or build in an image that has it: [build] image = a Dockerfile's folder or an image's "
        f"name; "
    )
