"""Know which build tools are not in the builder image, so that such a tree builds on the host."""

import re

_NOT_IN_IMAGE = re.compile(r"\b(?:arm-none-eabi|riscv(?:32|64)-unknown-elf|riscv-none-elf)-")
LOCAL = "local"


def foreign(text: str) -> tuple[str, str]:
    """Return the builder that ``text`` asks for and why; two empty texts when any will do.

    >>> foreign("CC = arm-none-eabi-gcc")
    ('local', 'the builder image has no arm-none-eabi-...; name one of yours as [build] image')
    """
    found = _NOT_IN_IMAGE.search(text)
    return because(f"{found[0]}...") if found else ("", "")


def because(tool: str) -> tuple[str, str]:
    """Say that ``tool`` is not in the image."""
    return LOCAL, f"the builder image has no {tool}; name one of yours as [build] image"
