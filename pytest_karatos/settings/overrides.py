"""Settings given at a run, all of them text: environment, options and ini keys."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from pytest_karatos.errors import BadSetting
from pytest_karatos.settings.keys import KEYS, RENAMED, Key
from pytest_karatos.settings.layers import Given, KeyPath, given
from pytest_karatos.settings.suggest import short_repr

_ENV_PREFIX = "KARATOS_"


def from_environ(environ: Mapping[str, str], base: Path) -> dict[KeyPath, Given]:
    """Read the ``KARATOS_*`` variables; paths in them are relative to ``base``.

    :raises BadSetting: for a wrong value, or a name that looks like a misspelt known one.
    """
    known = {key.env: key for key in KEYS if key.env}
    layer: dict[KeyPath, Given] = {}
    for name in sorted(environ):
        if name in known and environ[name]:
            layer |= _spoken(known[name], environ[name], name, base)
        elif name in RENAMED:
            raise BadSetting(f"{name}: this variable is called {RENAMED[name]} now.")
        elif name.startswith(_ENV_PREFIX) and name not in known:
            _complain_if_close(name, known)
    return layer


def _complain_if_close(name: str, known: Iterable[str]) -> None:
    # Other programs may own KARATOS_* variables too, so only a likely slip of the pen is an error.
    for other in known:
        if _slip(other, name):
            raise BadSetting(f"{name}: unknown environment variable. Did you mean '{other}'?")


def _slip(one: str, other: str) -> bool:
    """Whether two words differ by one letter added, dropped or changed, or by two swapped.

    >>> _slip("BUILDER", "BULIDER"), _slip("ARCH", "ARCHS"), _slip("IMAGE", "STAGE")
    (True, True, False)
    """
    start = next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b),
        min(len(one), len(other)),
    )
    a, b = one[start:], other[start:]
    swapped = a[:2] == b[1::-1] and a[2:] == b[2:]
    return swapped or a[1:] == b or a == b[1:] or a[1:] == b[1:]


def from_cli(typed: Mapping[str, object], base: Path) -> dict[KeyPath, Given]:
    """Read what options (``builder``) and ini keys (``karatos_builder``) said; options win.

    None, an empty text and an empty list mean: not given.
    """
    layer: dict[KeyPath, Given] = {}
    for key in KEYS:
        places = ((f"karatos_{key.typed}", f"ini karatos_{key.typed}"), (key.typed, key.flag))
        for word, origin in places if key.typed else ():
            raw = typed.get(word)
            raw = str(raw) if isinstance(raw, Path) else raw
            if raw is not None and raw not in ("", [], ()):
                layer |= _spoken(key, raw, origin, base)
    return layer


def _spoken(key: Key, raw: object, origin: str, base: Path) -> dict[KeyPath, Given]:
    """Check a value that was typed as text, or as a list of texts that may hold commas."""
    if key.path[-1] == "*":
        return _named(key, raw, origin, base)
    value = raw
    try:
        if isinstance(raw, str):
            value = key.kind.from_text(raw)
        elif isinstance(raw, list | tuple):
            value = [word for one in raw for word in str(one).split(",") if word]
    except ValueError:
        value = raw  # the check says what is wrong with it
    return {key.path: given(key.path, value, origin, key=key, base=base)}


def _named(key: Key, raw: object, origin: str, base: Path) -> dict[KeyPath, Given]:
    """Check ``NAME=VALUE`` words, which fill a table of names."""
    words = raw.split(",") if isinstance(raw, str) else [str(one) for one in _list(raw)]
    layer: dict[KeyPath, Given] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not (equals and name.strip() and value.strip()):
            raise BadSetting(f"{origin}: {short_repr(word)} is not NAME=PATH, as arm=kernel.elf.")
        path = (*key.path[:-1], name.strip())
        layer[path] = given(path, value.strip(), origin, key=key, base=base)
    return layer


def _list(raw: object) -> list[object]:
    return list(raw) if isinstance(raw, list | tuple) else [raw]
