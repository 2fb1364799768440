"""The kinds of values: each with its check, its words and its JSON Schema."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_karatos.choices import BUILDERS, ENDIANS, LAUNCHERS, LOADERS, NEVER, Choices
from pytest_karatos.dialect import CASE_KINDS, FIELDS, KINDS, Rule
from pytest_karatos.settings.explore import explore_of
from pytest_karatos.settings.sizes import address, size
from pytest_karatos.settings.suggest import did_you_mean, short_repr
from pytest_karatos.watch_rules import Prompt

#: What may become part of a path or of a test id.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LAST_EXIT = 255
_CONSOLE = re.compile(r"uart[0-9]|semihosting")
#: What a rule of a dialect can find, and the groups that it needs.
_EVENTS = {**KINDS, **CASE_KINDS}
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
    #: A path, or a list of them, relative to the folder of the file that names it.
    path: bool = False
    #: The words that it takes, where they are a closed set.
    choices: Choices[Any] | None = None
    #: The unit in which the value is held, as names of fields end with it.
    unit: str = ""


_PERCENT = re.compile(r"(\d{1,6}(?:\.\d{1,6})?) ?%")


def _allowance(value: object) -> float | str:
    """Return a number in the figure's unit, or percent as a text."""
    if isinstance(value, str) and (found := _PERCENT.fullmatch(value.strip())):
        return f"{float(found[1]):g} %"
    if isinstance(value, str):
        return size(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError  # noqa: TRY004 - as below
    if not (math.isfinite(value) and value >= 0):
        raise ValueError
    return value


def _any_text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value:
        raise ValueError
    return value


def _text(value: object) -> str:
    if not _any_text(value).strip():
        raise ValueError
    return str(value)


def _prompt(value: object) -> str:
    return Prompt(_any_text(value)).text if value != "" else ""


def _texts(value: object) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError  # noqa: TRY004 - one exception type says "no", whatever the reason
    return tuple(_text(one) for one in value)


#: Target triples as Rust has them. Both this and the next become words of a command.
_TRIPLE = re.compile(r"[a-z0-9][a-z0-9_.]*(?:-[a-z0-9_.]+){1,3}")
#: A Debian package (Debian Policy 5.6.1), maybe with its version. With a '-' behind it, apt-get
#: would remove it.
_PACKAGE = re.compile(r"[a-z0-9][a-z0-9+.-]{0,98}[a-z0-9+.](?:=[A-Za-z0-9][A-Za-z0-9.+:~-]{0,98})?")


def _each(form: re.Pattern[str]) -> Callable[[object], tuple[str, ...]]:
    def check(value: object) -> tuple[str, ...]:
        texts = _texts(value)
        if odd := [one for one in texts if not form.fullmatch(one)]:
            raise ValueError(f"{short_repr(odd[0])} is none")
        return tuple(dict.fromkeys(texts))

    return check


def _steps(value: object) -> tuple[str, ...]:
    steps = _texts([value] if isinstance(value, str) else value)
    if not steps:
        raise ValueError
    return steps


def _exit(value: object) -> int | str:
    if value == NEVER:
        return NEVER
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError  # noqa: TRY004 - as above
    if not 0 <= value <= _LAST_EXIT:
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


def _count(value: object) -> int:
    return 0 if value == 0 and type(value) is int else _whole(value)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError  # noqa: TRY004 - as above
    if not (math.isfinite(value) and 0 < value < 10**9):
        raise ValueError
    return float(value)


_WHOLE = 100


def _percent(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError  # noqa: TRY004 - as above
    if not 0 <= value <= _WHOLE:
        raise ValueError
    return float(value)


def _limit(value: object) -> float:
    if isinstance(value, str):
        return size(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError  # noqa: TRY004 - as above
    if not (math.isfinite(value) and value >= 0):
        raise ValueError
    return value


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError  # noqa: TRY004 - as above
    return value


def _console(value: object) -> str:
    if not _CONSOLE.fullmatch(_text(value)):
        raise ValueError
    return str(value)


def _explored(value: object) -> str:
    explore_of(_any_text(value))
    return str(value)


class BadItem(ValueError):
    """An item of a list, from 0, is not what it must be; the message says what it is."""

    def __init__(self, index: int, message: str) -> None:
        super().__init__(message)
        self.index = index


def _rules(value: object) -> tuple[Rule, ...]:
    if not isinstance(value, list | tuple) or not value:
        raise ValueError
    return tuple(_rule(index, one) for index, one in enumerate(value))


def _rule(index: int, value: object) -> Rule:
    if not isinstance(value, dict) or set(value) != {"kind", "pattern"}:
        raise ValueError
    rule = Rule(kind=_text(value["kind"]), pattern=_text(value["pattern"]))
    if rule.kind not in _EVENTS:
        meant = did_you_mean(rule.kind, _EVENTS)
        known = f"Known: {', '.join(_EVENTS)}."
        raise BadItem(index, f"unknown kind {short_repr(rule.kind)}.{meant} {known}")
    groups: set[str] = set()
    for line in rule.lines:
        try:
            groups |= re.compile(line).groupindex.keys()
        except (re.error, OverflowError, RecursionError) as no:
            raise BadItem(index, f"the pattern is not a regular expression: {no}.") from no
    for name in _EVENTS[rule.kind]:
        if not groups & {name, FIELDS}:
            raise BadItem(
                index,
                f"a rule for '{rule.kind}' needs the group (?P<{name}>...), or (?P<{FIELDS}>...) "
                f"around key=value words; its pattern is {short_repr(rule.pattern)}.",
            )
    return rule


def _one_of(*choices: object) -> Callable[[object], object]:
    def check(value: object) -> object:
        if isinstance(value, bool) or value not in choices:
            raise ValueError
        return value

    return check


def one_of(choices: Choices[Any]) -> Kind:
    """Make the kind of a closed set of words; a wrong one is answered with what was meant."""
    schema = {"enum": list(choices.words)}
    return Kind(
        words=choices.meanings, check=_one_of(*choices.words), schema=schema, choices=choices
    )


def _listed(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _choice(*choices: object) -> Kind:
    words = "one of " + ", ".join(repr(one) for one in choices)
    return Kind(words=words, check=_one_of(*choices), schema={"enum": list(choices)})


_LIST = {"type": "array", "items": {"type": "string", "minLength": 1}}
PROMPT = Kind(
    words="a text, or a regular expression, that is one line and not an empty one",
    check=_prompt,
    schema={"type": "string"},
)
ANY_TEXT = Kind(words="a text", check=_any_text, schema={"type": "string"})
EXPLORED = Kind(
    words="'off', or what to explore, such as 'all' or 'message::*,stall=3,limit=200'",
    check=_explored,
    schema={"type": "string"},
)
TEXT = Kind(words="a text", check=_text, schema={"type": "string", "minLength": 1})
PATH = Kind(words="a path", check=_text, schema={"type": "string", "minLength": 1}, path=True)
IMAGE = Kind(words="an image name or a folder", check=_any_text, schema={"type": "string"})
PATHS = Kind(words="a list of paths", check=_texts, from_text=_listed, schema=_LIST, path=True)
TEXTS = Kind(words="a list of texts", check=_texts, from_text=_listed, schema=_LIST)
TRIPLES = Kind(
    words="a list of target triples, as 'thumbv6m-none-eabi'",
    check=_each(_TRIPLE),
    from_text=_listed,
    schema={"type": "array", "items": {"type": "string", "pattern": f"^{_TRIPLE.pattern}$"}},
)
PACKAGES = Kind(
    words="a list of names of Debian packages, each maybe with '=' and its version",
    check=_each(_PACKAGE),
    from_text=_listed,
    schema={"type": "array", "items": {"type": "string", "pattern": f"^{_PACKAGE.pattern}$"}},
)
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
    words="an exit status (0 to 255; no signal is right) or 'never'",
    check=_exit,
    schema={"anyOf": [{"type": "integer", "minimum": 0, "maximum": _LAST_EXIT}, {"const": NEVER}]},
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
COUNT = Kind(
    words="a whole number, or 0",
    check=_count,
    from_text=int,
    schema={"type": "integer", "minimum": 0},
)
NUMBER = Kind(
    words="a number above zero",
    check=_number,
    from_text=float,
    schema={"type": "number", "exclusiveMinimum": 0},
)
PERCENT = Kind(
    words="a percentage from 0 to 100",
    check=_percent,
    from_text=float,
    schema={"type": "number", "minimum": 0, "maximum": 100},
)
SECONDS = Kind(
    words="a number of seconds above zero",
    check=_number,
    from_text=float,
    schema={"type": "number", "exclusiveMinimum": 0},
    unit="seconds",
)
SIZE = Kind(
    words="a size such as '24 KiB', '64 KB' or 4096",
    check=size,
    schema={"type": ["integer", "string"]},
    unit="bytes",
)
LIMIT = Kind(
    words="a number, or a size such as '24 KiB'",
    check=_limit,
    schema={"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}]},
)
ALLOWANCE = Kind(
    words="a number, a size such as '64 B', or percent such as '0.5 %'",
    check=_allowance,
    schema={"anyOf": [{"type": "number", "minimum": 0}, {"type": "string"}]},
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
BUILDER = one_of(BUILDERS)
LAUNCHER = one_of(LAUNCHERS)
LOADER = one_of(LOADERS)
ENDIAN = one_of(ENDIANS)
BITS = _choice(32, 64)
RULES = Kind(
    words="a list of { kind = '...', pattern = 'a regular expression' }",
    check=_rules,
    schema={
        "type": "array",
        "minItems": 1,
        "items": {
            "type": "object",
            "required": ["kind", "pattern"],
            "properties": {"kind": {"enum": list(_EVENTS)}, "pattern": {"type": "string"}},
            "additionalProperties": False,
        },
    },
)
#: What the table of a dialect may hold: key, kind, what it is for.
DIALECT = (
    ("", RULES, "how one RTOS talks: rules in the order tried"),
    (".rules", RULES, "the same, beside `names`"),
    (".names.*", TEXT, "what a task is called in tests, by what is printed"),
    (".priorities", TEXTS, "the words of priorities, the highest first"),
    (".lower_is_higher", FLAG, "whether of numbers the lower one is the higher priority"),
    (".priority_of.*", TEXT, "a task's priority, where none is printed"),
)
