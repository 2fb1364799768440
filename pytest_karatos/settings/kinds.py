"""Say what a value may be: one record per kind, with its check, its words and its JSON Schema."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from pytest_karatos.event import Rule
from pytest_karatos.settings.sizes import address, size

#: What may become part of a path or of a test id.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
#: Exit statuses, and -N for a machine that signal N killed (QEMU aborts when a CPU locks up).
_LEAST_EXIT, _LAST_EXIT = -64, 255
_CONSOLE = re.compile(r"uart[0-9]|semihosting")
_YES_NO = {"1": True, "true": True, "yes": True, "on": True} | dict.fromkeys(
    ("0", "false", "no", "off"), False
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of value. ``check`` takes what TOML gave and returns the value or raises ValueError.

    ``words`` complete "must be ..."; ``from_text`` turns what an environment variable or option
    holds into what TOML would have given.
    """

    words: str
    check: Callable[[object], object]
    schema: Mapping[str, object]
    from_text: Callable[[str], object] = field(default=lambda text: text)
    #: A path, which is relative to the folder of the file that names it.
    path: bool = False


def _any_text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError
    return value


def _text(value: object) -> str:
    if not _any_text(value).strip():
        raise ValueError
    return str(value)


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError  # noqa: TRY004 - one exception type says "no", whatever the reason
    return tuple(_text(one) for one in value)


def _steps(value: object) -> tuple[str, ...]:
    steps = _texts([value] if isinstance(value, str) else value)
    if not steps:
        raise ValueError
    return steps


def _exit(value: object) -> int | str:
    if value == "never":
        return "never"
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError  # noqa: TRY004 - as above
    if not _LEAST_EXIT <= value <= _LAST_EXIT:
        raise ValueError
    return value


def _inside(value: object) -> str:
    if _text(value).startswith("/") or ".." in str(value).split("/"):
        raise ValueError
    return str(value)


def _names(value: object) -> tuple[str, ...]:
    names = _texts(value)
    if not names or not all(NAME.fullmatch(name) for name in names):
        raise ValueError
    return names


def _whole(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**31:
        raise ValueError
    return value


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError  # noqa: TRY004 - as above
    if not (math.isfinite(value) and 0 < value < 10**9):
        raise ValueError
    return float(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError  # noqa: TRY004 - as above
    return value


def _console(value: object) -> str:
    if not _CONSOLE.fullmatch(_text(value)):
        raise ValueError
    return str(value)


def _rules(value: object) -> tuple[Rule, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise ValueError
    return tuple(_rule(one) for one in value)


def _rule(value: object) -> Rule:
    if not isinstance(value, dict) or set(value) != {"kind", "pattern"}:
        raise ValueError
    rule = Rule(kind=_text(value["kind"]), pattern=_text(value["pattern"]))
    try:
        re.compile(rule.pattern)
    except (re.error, OverflowError, RecursionError) as no:
        raise ValueError(f"{rule.kind}: {no}") from no
    return rule


def _one_of(*choices: object) -> Callable[[object], object]:
    def check(value: object) -> object:
        if isinstance(value, bool) or value not in choices:
            raise ValueError
        return value

    return check


def _listed(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _choice(*choices: object) -> Kind:
    words = "one of " + ", ".join(repr(one) for one in choices)
    return Kind(words=words, check=_one_of(*choices), schema={"enum": list(choices)})


_LIST = {"type": "array", "items": {"type": "string", "minLength": 1}}
ANY_TEXT = Kind(words="a text", check=_any_text, schema={"type": "string"})
TEXT = Kind(words="a text", check=_text, schema={"type": "string", "minLength": 1})
PATH = Kind(words="a path", check=_text, schema={"type": "string", "minLength": 1}, path=True)
IMAGE = Kind(words="an image name or a folder", check=_any_text, schema={"type": "string"})
TEXTS = Kind(words="a list of texts", check=_texts, from_text=_listed, schema=_LIST)
STEPS = Kind(
    words="a shell command, or a list of them",
    check=_steps,
    schema={"anyOf": [{"type": "string", "minLength": 1}, _LIST | {"minItems": 1}]},
)
FOLDER = Kind(
    words="a folder in the firmware's tree",
    check=_inside,
    schema={"type": "string", "minLength": 1},
)
EXIT = Kind(
    words="an exit status (0 to 255; -6 for: killed by signal 6) or 'never'",
    check=_exit,
    schema={
        "anyOf": [
            {"type": "integer", "minimum": _LEAST_EXIT, "maximum": _LAST_EXIT},
            {"const": "never"},
        ]
    },
)
NAMES = Kind(
    words="a list of names (letters, digits, '.', '_', '-')",
    check=_names,
    from_text=_listed,
    schema=_LIST | {"minItems": 1},
)
WHOLE = Kind(
    words="a whole number above zero",
    check=_whole,
    from_text=int,
    schema={"type": "integer", "exclusiveMinimum": 0},
)
NUMBER = Kind(
    words="a number above zero",
    check=_number,
    from_text=float,
    schema={"type": "number", "exclusiveMinimum": 0},
)
SECONDS = Kind(
    words="a number of seconds above zero",
    check=_number,
    from_text=float,
    schema={"type": "number", "exclusiveMinimum": 0},
)
SIZE = Kind(
    words="a size such as '24 KiB', '64 KB' or 4096",
    check=size,
    schema={"type": ["integer", "string"]},
)
ADDRESS = Kind(
    words="an address such as 0x2000_0000", check=address, schema={"type": ["integer", "string"]}
)
FLAG = Kind(
    words="true or false",
    check=_flag,
    from_text=lambda text: _YES_NO.get(text.lower(), text),
    schema={"type": "boolean"},
)
CONSOLE = Kind(
    words="'uart0' to 'uart9' or 'semihosting'",
    check=_console,
    schema={"type": "string", "pattern": "^(uart[0-9]|semihosting)$"},
)
LOADER = _choice("kernel", "bios", "device")
BITS = _choice(32, 64)
ENDIAN = _choice("little", "big")
RULES = Kind(
    words="a list of { kind = '...', pattern = 'a regular expression' }",
    check=_rules,
    schema={
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "required": ["kind", "pattern"],
            "properties": {"kind": {"type": "string"}, "pattern": {"type": "string"}},
            "additionalProperties": False,
        },
    },
)
