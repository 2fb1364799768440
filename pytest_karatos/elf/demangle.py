"""Names of functions as people wrote them: Rust's two manglings, and C++'s plainest."""

import re

from pytest_karatos.elf.rust_v0 import Unreadable, v0_path

_HASH = re.compile(r"h[0-9a-f]{16}$")
_PUNCTUATION = {
    "SP": "@",
    "BP": "*",
    "RF": "&",
    "LT": "<",
    "GT": ">",
    "LP": "(",
    "RP": ")",
    "C": ",",
}
_ESCAPE = re.compile(r"\$(\w{1,6})\$")


def demangled(name: str) -> str:
    """Return ``name`` as a path; unchanged where it is not mangled, or not in a way known here.

    >>> demangled("_ZN4core3ptr13read_volatile17h0123456789abcdefE")
    'core::ptr::read_volatile'
    >>> demangled("_RNvNtCs1234_7mycrate3foo3bar"), demangled("_ZN3Foo3barEv"), demangled("main")
    ('mycrate::foo::bar', 'Foo::bar', 'main')
    """
    # Compilers add ".llvm.123", ".isra.0", ".cold" to a name that they split or cloned.
    stem = name.partition(".llvm.")[0]
    if stem.startswith("_R"):
        try:
            return v0_path(stem[2:])
        except Unreadable:
            return name
    parts = _nested(stem[3:]) if stem.startswith("_ZN") else []
    if parts and _HASH.match(parts[-1]):
        return "::".join(_legacy(part) for part in parts[:-1])
    return "::".join(parts) or name


def _nested(text: str) -> list[str]:
    """Split ``3foo3barE...``; nothing when there is anything else in it."""
    parts: list[str] = []
    text = text.removeprefix("K")
    while found := re.match(r"[1-9]\d{0,3}", text):
        end = found.end() + int(found.group())
        parts.append(text[found.end() : end])
        text = text[end:]
    return parts if text.startswith("E") else []


def _legacy(part: str) -> str:
    part = part[1:] if part.startswith("_$") else part
    return _ESCAPE.sub(_character, part.replace("..", "::"))


def _character(found: re.Match[str]) -> str:
    word = found.group(1)
    if word in _PUNCTUATION:
        return _PUNCTUATION[word]
    if re.fullmatch(r"u[0-9a-f]{1,5}", word):
        return chr(int(word[1:], 16))
    return found.group()
