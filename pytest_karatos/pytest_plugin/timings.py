"""The timings to be explored of a test: what its marker says, or else the run's settings."""

import pytest

from pytest_karatos.errors import BadSetting
from pytest_karatos.settings import Explore, Settings, unknown
from pytest_karatos.settings.explore import ALL, checked

MARKER = "karatos_explore"
_WORDS = ("at", "stall", "limit")


def wanted_of(item: pytest.Item, settings: Settings) -> Explore:
    """Return what is to be explored of a test, by its marker, or else the run's settings.

    :raises BadSetting: for numbers that cannot be. :raises UnknownName: for an unknown word.
    """
    boots_here = "machine" in getattr(item, "fixturenames", ())
    mark = item.get_closest_marker(MARKER)
    if mark is None or not settings.explores:
        return settings.explore if boots_here and not settings.variation else Explore()
    origin = f"marker {MARKER} of {item.nodeid}"
    for word in mark.kwargs.keys() - set(_WORDS):
        raise unknown("word", word, _WORDS, origin=origin)
    if not boots_here:
        raise BadSetting(
            f"{origin}: the test does not use `machine` or what needs it.",
            why="who boots in another way decides alone under which timings.",
            fix="let it use `machine`, `console` or `scheduler`, or leave the marker out",
        )
    found = _read(mark, origin)
    return Explore() if settings.variation else found


def _read(mark: pytest.Mark, origin: str) -> Explore:
    at = mark.kwargs.get("at", mark.args or ALL)
    numbers = {word: mark.kwargs[word] for word in ("stall", "limit") if word in mark.kwargs}
    try:
        patterns = (at,) if isinstance(at, str) else tuple(map(str, at))
        return checked(Explore(at=patterns, **numbers))
    except (TypeError, ValueError):
        raise BadSetting(
            f"{origin}: {dict(mark.kwargs) or mark.args} makes no sense.",
            fix=f"write {MARKER}(at='message::*', stall=3, limit=200), with whole numbers",
        ) from None
