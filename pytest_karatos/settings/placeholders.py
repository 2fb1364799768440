"""Fill the ``{placeholders}`` of a text that a setting holds."""

import re
from collections.abc import Mapping

from pytest_karatos.errors import BadSetting
from pytest_karatos.settings.words import meant

# ``{{word}}`` is a literal ``{word}``; ``${word}`` is the shell's.
_PLACEHOLDER = re.compile(r"\{\{([a-z_]+)\}\}|(?<!\$)\{([a-z_]+)\}")


def filled(text: str, facts: Mapping[str, str], *, key: str, origin: str) -> str:
    """Put ``facts`` into ``text``, the value of ``key``.

    :raises BadSetting: for an unknown placeholder, with what may have been meant.

    >>> filled("make {board} {{arch}} ${HOME}", {"board": "virt"}, key="build.command", origin="x")
    'make virt {arch} ${HOME}'
    """

    def fill(found: re.Match[str]) -> str:
        if found[1]:
            return f"{{{found[1]}}}"
        if found[2] in facts:
            return facts[found[2]]
        raise BadSetting(
            f"{origin}: {key} has the unknown placeholder {{{found[2]}}}.{meant(found[2], facts)}",
            cure=f"known: {' '.join(f'{{{one}}}' for one in facts)}; "
            f"write {{{{{found[2]}}}}} for the text itself",
        )

    return _PLACEHOLDER.sub(fill, text)
