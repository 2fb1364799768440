"""Any text at all either loads or is refused with a sentence."""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_karatos.errors import BadSetting, UnknownName
from pytest_karatos.settings import explain, load, toml
from pytest_karatos.settings.keys import KEYS
from pytest_karatos.settings.sizes import size

_WORDS = st.sampled_from(
    [part for key in KEYS for part in key.path if part != "*"] + ["x", '"a.b"', "''", "arm"]
)
_VALUES = st.sampled_from(
    ["1", "-1", "0", "1.5", "nan", "inf", "true", '""', '"x"', '"24 KiB"', "[]", '["a"]', "[1]",
     "{}", "{ x = 1 }", "1979-05-27", '"\\u0000"', "99999999999999999999", '[{ kind = "a" }]',
     '[{ kind = "a", pattern = "(" }]', '"{arch"', '"../.."']
)  # fmt: skip
_LINES = st.one_of(
    st.tuples(st.lists(_WORDS, min_size=1, max_size=4), _VALUES).map(
        lambda pair: f"{'.'.join(pair[0])} = {pair[1]}"
    ),
    st.lists(_WORDS, min_size=1, max_size=4).map(lambda words: f"[{'.'.join(words)}]"),
)
_ANY_TOML = st.one_of(
    st.lists(_LINES, max_size=8).map("\n".join).map(str.encode),
    st.text().map(lambda text: text.encode(errors="replace")),
    st.binary(),
)


@given(st.integers(min_value=1, max_value=2**62))
def test_sizes_agree_with_their_numbers(number: int) -> None:
    assert size(number) == size(str(number)) == size(hex(number))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_ANY_TOML)
def test_any_text_loads_or_says_why(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "karatos.toml").write_bytes(text)
    try:
        explain(load(root=tmp_path, environ={}, typed={}))
    except (BadSetting, UnknownName) as no:
        assert "\x00" not in str(no)  # noqa: PT017 - either outcome is right


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_ANY_TOML)
def test_any_tree_file_loads_or_says_why(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "build/configs").mkdir(parents=True, exist_ok=True)
    (tmp_path / "build/configs/global.toml").write_bytes(text)
    try:
        load(root=tmp_path, environ={}, typed={})
    except BadSetting as no:
        assert str(no).startswith("build/configs/global.toml")  # noqa: PT017 - as above


def keys_of(data: object, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Give the path of each key, as tomllib has read it, but for those in items of arrays."""
    for key, value in data.items() if isinstance(data, dict) else ():
        yield (*path, key)
        yield from keys_of(value, (*path, key))


_TABLES = st.lists(_WORDS, min_size=1, max_size=2).map(lambda words: f"[[{'.'.join(words)}]]")
_MUCH_TOML = st.lists(st.one_of(_LINES, _TABLES), max_size=12).map("\n".join).map(str.encode)


@given(st.one_of(_ANY_TOML, _MUCH_TOML))
def test_each_key_that_tomllib_reads_has_its_line(text: bytes) -> None:
    try:
        data = tomllib.loads(text.decode().removeprefix("\ufeff"))
    except (ValueError, RecursionError):
        with pytest.raises(BadSetting):
            toml.parse(text, "karatos.toml")
        return
    document = toml.parse(text, "karatos.toml")
    assert repr(document.data) == repr(data)
    lines = text.decode().replace("\r\n", "\n").split("\n")
    for path in keys_of(data):
        number = toml.line_of(document.lines, path)
        written = lines[number - 1]
        assert path[-1] in written or "\\" in written, path
