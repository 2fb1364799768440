"""Take the fenced code blocks out of a document, so that tests run what people copy."""

import re
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(
    r"^(?P<fence>`{3,}|~{3,})[ ]*(?P<language>[\w+-]*)[^\n]*\n(?P<text>.*?)^(?P=fence)[ ]*$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One block: its language (``python``, ``sh``, ``toml`` or nothing), its text, its place."""

    language: str
    text: str
    #: ``docs/how-to/x.md:12``, for test ids and messages.
    place: str


def examples_in(text: str, name: str) -> list[Example]:
    """Return all blocks of a page's or a docstring's text; ``name`` goes into their places."""
    return [
        Example(
            language=block["language"],
            text=block["text"],
            place=f"{name}:{text.count(chr(10), 0, block.start()) + 1}",
        )
        for block in _FENCE.finditer(text)
    ]


def examples(document: Path, *languages: str) -> list[Example]:
    """Return the blocks of ``document`` in these languages (all when none is named), in order.

    :raises LookupError: when there is none: a test of nothing must not pass.
    """
    found = examples_in(document.read_text(encoding="utf-8"), document.name)
    wanted = [one for one in found if not languages or one.language in languages]
    if not wanted:
        raise LookupError(f"{document} has no example in {languages or 'any language'}")
    return wanted
