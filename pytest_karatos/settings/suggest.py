"""Suggestions ("did you mean"), and short quotes of wrong values."""

import difflib
from collections.abc import Iterable

from pytest_karatos.errors import UnknownName
from pytest_karatos.text import printable

_SHOWN = 60


def short_repr(value: object) -> str:
    r"""Show ``value`` in a sentence: bounded, without control characters.

    >>> short_repr("a\x1b" + "b" * 100)
    "'a\\x1bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb..."
    """
    # A list of a million elements must not become a text of megabytes first.
    short = value[:_SHOWN] if isinstance(value, str | list | tuple) else value
    text = printable(repr(short))
    return text if len(text) <= _SHOWN and short == value else f"{text[: _SHOWN - 3]}..."


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Say which known word is meant as a sentence of its own, or nothing.

    >>> did_you_mean("amr", ["arm", "riscv"])
    " Did you mean 'arm'?"
    """
    close = difflib.get_close_matches(word[:_SHOWN], list(known), n=1, cutoff=0.6)
    return f" Did you mean '{close[0]}'?" if close else ""


def unknown(what: str, name: str, known: Iterable[str], *, origin: str) -> UnknownName:
    """Make the error for a ``name`` that nobody defined.

    >>> print(unknown("builder", "dokcer", ["docker", "local"], origin="--karatos-builder"))
    --karatos-builder: unknown builder 'dokcer'. Did you mean 'docker'? Known: docker, local.
    """
    words = list(known)
    return UnknownName(
        f"{origin}: unknown {what} {short_repr(name)}.{did_you_mean(name, words)} "
        f"Known: {', '.join(words)}."
    )
