"""Read a step's log for commands as GitHub's runner does.

This follows `ActionCommand.cs` and `ActionCommandManager.cs` of github.com/actions/runner.
"""

import re
from dataclasses import dataclass

_KNOWN = frozenset(
    {
        *("add-mask", "add-matcher", "add-path", "debug", "echo", "endgroup", "error", "group"),
        *("notice", "remove-matcher", "save-state", "set-env", "set-output", "stop-commands"),
        "warning",
    }
)
_V2 = re.compile(r"\s*::(?P<info>.*?)::(?P<message>.*)", re.DOTALL)
_V1 = re.compile(r"##\[(?P<info>.*?)\](?P<message>.*)", re.DOTALL)


@dataclass(frozen=True)
class Obeyed:
    name: str
    properties: dict[str, str]
    message: str


def obeyed(log: str) -> list[Obeyed]:
    """Return the commands that the runner obeys in a step's log, pauses taken into account."""
    found: list[Obeyed] = []
    token = ""
    for line in re.split(r"\r\n|\n|\r", log):
        one = _read(line, _KNOWN | {token} if token else _KNOWN)
        if one is None:
            continue
        if token:
            token = "" if one.name.lower() == token.lower() else token
        elif one.name == "stop-commands":
            token = one.message
        else:
            found.append(one)
    return found


def _read(line: str, known: frozenset[str]) -> Obeyed | None:
    for match, separator in ((_V2.match(line), ","), (_V1.search(line), ";")):
        if match is None:
            continue
        name, _, rest = match["info"].partition(" ")
        if name.lower() in known:
            pairs = (pair.partition("=") for pair in rest.strip().split(separator) if pair)
            properties = {key: _plain(value, ":,") for key, _, value in pairs if value}
            return Obeyed(name, properties, _plain(match["message"]))
    return None


def _plain(text: str, more: str = "") -> str:
    # The runner's own order: the percent sign comes last.
    for character in f"\r\n{more}%":
        text = text.replace(f"%{ord(character):02X}", character)
    return text
