"""Messages to people: by mail, chat or webhook, whatever apprise knows.

Addresses hold secrets, so nothing here repeats one: they are told apart by number and kind.
"""

import logging
import re
from collections.abc import Iterator, Sequence
from importlib import import_module

from pytest_karatos.errors import BadSetting
from pytest_karatos.text import printable

#: Where the addresses come from: apprise's own variable.
VARIABLE = "APPRISE_URLS"
#: An address ends where space or a comma is followed by the next one.
_BETWEEN = re.compile(r"[\s,]+(?=[A-Za-z0-9][A-Za-z0-9+-]*://)")
#: Words that call everybody of a chat: what a firmware prints must not.
_CALLS = re.compile(r"@(?=(?:everyone|here|channel|all)\b)", re.IGNORECASE)
_KIND = re.compile(r"[A-Za-z0-9+-]{1,20}(?=://)")


def addresses(text: str) -> list[str]:
    """Split the addresses that an environment variable holds.

    >>> addresses(" json://a/b, mailto://me:secret@example.org ")
    ['json://a/b', 'mailto://me:secret@example.org']
    """
    return [one.strip(" \t\r\n,") for one in _BETWEEN.split(text) if one.strip(" \t\r\n,")]


def send(to: Sequence[str], title: str, body: str) -> Iterator[str]:
    """Send a message to each address; yield a sentence for each that did not take it.

    What goes wrong with one keeps no other from being told.

    :raises BadSetting: when apprise is not installed.
    """
    try:
        apprise = import_module("apprise")
    except ImportError:
        raise BadSetting(
            f"{VARIABLE} has {len(to)} addresses, and there is no module 'apprise'.",
            why="it knows how to reach them.",
            fix="pip install 'pytest-karatos[notify]'",
        ) from None
    # It logs addresses with what they hold.
    log = logging.getLogger("apprise")
    log.addHandler(logging.NullHandler())
    log.propagate = False
    for number, address in enumerate(to, 1):
        trouble = _sent(apprise.Apprise(), address, title, body)
        if trouble:
            kind = _KIND.match(address)
            named = f" ({kind[0]}://)" if kind else ""
            yield f"address {number} of {len(to)}{named} {trouble}"


def _sent(one: "object", address: str, title: str, body: str) -> str:
    """Send to one address, and return what is wrong; nothing when all is well."""
    try:
        if not one.add(address):  # type: ignore[attr-defined]
            return "is not one that apprise understands."
        taken = one.notify(title=_harmless(title), body=_harmless(body))  # type: ignore[attr-defined]
    except Exception as error:  # noqa: BLE001 - a plugin of apprise may raise anything
        return f"could not be told: {type(error).__name__}."
    return "" if taken else "did not take the message."


def _harmless(text: str) -> str:
    return _CALLS.sub("(at)", printable(text))
