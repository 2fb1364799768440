"""Any text at all either loads or is refused with a sentence."""

from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_karatos.errors import BadSetting, UnknownName
from pytest_karatos.settings import explain, load
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


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_ANY_TOML)
def test_any_text_loads_or_says_why(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "karatos.toml").write_bytes(text)
    try:
        explain(load(root=tmp_path, environ={}, typed={}))
    except (BadSetting, UnknownName) as no:
        assert "\x00" not in str(no)  # noqa: PT017 - either outcome is right


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_ANY_TOML)
def test_any_tree_file_loads_or_says_why(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "build/configs").mkdir(parents=True, exist_ok=True)
    (tmp_path / "build/configs/global.toml").write_bytes(text)
    try:
        load(root=tmp_path, environ={}, typed={})
    except BadSetting as no:
        assert str(no).startswith("build/configs/global.toml")  # noqa: PT017 - as above
