"""Rust's newer ("v0") name mangling (RFC 2603), read into a path.

Paths, implementations and generic arguments are kept; hashes of crates and lifetimes are not.
"""

import re
from collections.abc import Callable

_BASIC = {
    "a": "i8", "b": "bool", "c": "char", "d": "f64", "e": "str", "f": "f32", "h": "u8",
    "i": "isize", "j": "usize", "l": "i32", "m": "u32", "n": "i128", "o": "u128", "p": "_",
    "s": "i16", "t": "u16", "u": "()", "v": "...", "x": "i64", "y": "u64", "z": "!",
}  # fmt: skip
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#: A name can refer back to its own parts, and so grow without bounds.
_MOST_DEPTH, _MOST_CHARACTERS, _MOST_STEPS = 100, 2000, 5000
_LENGTH = re.compile(r"(0|[1-9][0-9]{0,3})_?")


class Unreadable(Exception):
    """The name is not mangled in this way."""


def v0_path(text: str) -> str:
    """Read what follows ``_R``.

    :raises Unreadable: when it is something else.
    """
    path = _Parser(text).path()
    if len(path) > _MOST_CHARACTERS:
        raise Unreadable
    return path


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._steps = 0

    def path(self) -> str:
        """Read a path: ``NvC5crate3foo``."""
        return self._nested(self._path)

    def _nested(self, read: Callable[[], str]) -> str:
        self._depth += 1
        self._steps += 1
        if self._depth > _MOST_DEPTH or self._steps > _MOST_STEPS:
            raise Unreadable
        text = read()
        self._depth -= 1
        if len(text) > _MOST_CHARACTERS:
            raise Unreadable
        return text

    def _path(self) -> str:
        tag = self._take()
        readers: dict[str, Callable[[], str]] = {
            "C": self._identifier,
            "M": self._inherent,
            "X": self._trait_impl,
            "Y": self._trait,
            "N": self._inner,
            "I": self._generic,
            "B": lambda: self._back(self.path),
        }
        if tag not in readers:
            raise Unreadable
        return readers[tag]()

    def _inherent(self) -> str:
        self._impl_path()
        return f"<{self.type()}>"

    def _trait_impl(self) -> str:
        self._impl_path()
        return self._trait()

    def _trait(self) -> str:
        who = self.type()
        return f"<{who} as {self.path()}>"

    def _impl_path(self) -> None:
        self._disambiguator()
        self.path()

    def _inner(self) -> str:
        space, outer = self._take(), self.path()
        number = self._disambiguator()
        name = self._plain_identifier()
        if not space.isupper():
            return f"{outer}::{name}" if name else outer
        kind = {"C": "closure", "S": "shim"}.get(space, space)
        return f"{outer}::{{{kind}{':' if name else ''}{name}#{number}}}"

    def _generic(self) -> str:
        path = self.path()
        arguments = [text for text in self._until_end(self._argument) if text]
        return f"{path}::<{', '.join(arguments)}>" if arguments else path

    def _argument(self) -> str:
        if self._skip("L"):
            self._base62()
            return ""
        return self._const() if self._skip("K") else self.type()

    def type(self) -> str:
        """Read a type: ``Rh`` is ``&u8``."""
        return self._nested(self._type)

    def _type(self) -> str:
        tag = self._take()
        if tag in _BASIC:
            return _BASIC[tag]
        prefix = {"R": "&", "Q": "&mut ", "P": "*const ", "O": "*mut "}.get(tag)
        if prefix is not None:
            self._lifetime()
            return prefix + self.type()
        readers: dict[str, Callable[[], str]] = {
            "A": self._array,
            "S": lambda: f"[{self.type()}]",
            "T": lambda: f"({', '.join(self._until_end(self.type))})",
            "F": self._function,
            "D": self._dyn,
            "B": lambda: self._back(self.type),
        }
        if tag in readers:
            return readers[tag]()
        self._at -= 1
        return self.path()

    def _array(self) -> str:
        inner = self.type()
        return f"[{inner}; {self._const()}]"

    def _function(self) -> str:
        self._binder()
        self._skip("U")
        if self._skip("K") and not self._skip("C"):
            self._plain_identifier()
        arguments = self._until_end(self.type)
        result = self.type()
        return f"fn({', '.join(arguments)})" + ("" if result == "()" else f" -> {result}")

    def _dyn(self) -> str:
        self._binder()
        bounds = self._until_end(self._dyn_trait)
        self._lifetime()
        return f"dyn {' + '.join(bounds)}"

    def _dyn_trait(self) -> str:
        path = self.path()
        while self._skip("p"):
            self._plain_identifier()
            self.type()
        return path

    def _const(self) -> str:
        return self._nested(self._const_value)

    def _const_value(self) -> str:
        if self._skip("p"):
            return "_"
        if self._skip("B"):
            return self._back(self._const)
        self.type()
        sign = "-" if self._skip("n") else ""
        end = self._text.find("_", self._at)
        digits = self._text[self._at : end] if end >= 0 else "?"
        self._at = end + 1
        try:
            return f"{sign}{int(digits or '0', 16)}"
        except ValueError:
            raise Unreadable from None

    def _back(self, read: Callable[[], str]) -> str:
        here = self._at - 1
        target = self._base62()
        if target >= here:
            raise Unreadable
        after, self._at = self._at, target
        text = read()
        self._at = after
        return text

    def _until_end(self, read: Callable[[], str]) -> list[str]:
        found = []
        while not self._skip("E"):
            found.append(read())
        return found

    def _binder(self) -> None:
        if self._skip("G"):
            self._base62()

    def _lifetime(self) -> None:
        if self._skip("L"):
            self._base62()

    def _identifier(self) -> str:
        self._disambiguator()
        return self._plain_identifier()

    def _disambiguator(self) -> int:
        return self._base62() + 1 if self._skip("s") else 0

    def _plain_identifier(self) -> str:
        self._skip("u")  # punycode: shown as it is
        found = _LENGTH.match(self._text, self._at)
        if found is None:
            raise Unreadable
        length = int(found.group(1))
        self._at = found.end() + length
        name = self._text[found.end() : self._at]
        if len(name) < length:
            raise Unreadable
        return name

    def _base62(self) -> int:
        number = 0
        if self._skip("_"):
            return 0
        while (digit := self._take()) != "_":
            if digit not in _DIGITS or number > 1 << 64:
                raise Unreadable
            number = number * 62 + _DIGITS.index(digit)
        return number + 1

    def _skip(self, character: str) -> bool:
        found = self._peek() == character
        self._at += found
        return found

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self) -> str:
        character = self._peek()
        if not character:
            raise Unreadable
        self._at += 1
        return character
