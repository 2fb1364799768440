"""Several boots of one ELF for one test: fixtures, body and judgement of each, and one verdict.

Which boots there are, and what becomes of them together, a :class:`Series` knows: a tally of boots
that differ, or an exploration of timings.

The item stays one. Its set-up is that of the first boot; between two boots the fixtures of the test
alone are torn down and set up again, inside the item's call. So whoever repeats, distributes or
expects tests (reruns, xdist, xfail) sees one test with one outcome.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Protocol

import pytest

from pytest_karatos.emulators.protocol import Machine
from pytest_karatos.errors import BadSetting
from pytest_karatos.post_mortem import explain
from pytest_karatos.pytest_plugin.checks import MACHINE
from pytest_karatos.pytest_plugin.docket import Docket, add_to
from pytest_karatos.pytest_plugin.params import marker_values
from pytest_karatos.report.shape import ItemFacts
from pytest_karatos.report.tally import OneBoot, Tally
from pytest_karatos.settings import Settings

#: The name of what is different in the boot that goes on.
VARIATION: pytest.StashKey[str] = pytest.StashKey()


class Series(Protocol):
    """The boots of one test, as many as it has, and what they tell together."""

    @property
    def is_curious(self) -> bool:
        """Whether the machine of a failure is to be looked into."""

    def begin(self, name: str) -> OneBoot:
        """Begin with the boot of that name."""

    def following(self) -> str | None:
        """Name the boot that comes next; None when there is none."""

    @property
    def shown(self) -> Sequence[Machine]:
        """The machines that are shown in a report."""

    @property
    def facts(self) -> ItemFacts:
        """What the ledger gets of it."""

    def judge(self) -> None:
        """Judge them together.

        :raises Misbehaved: saying what is wrong.
        """


#: The boots of a test that has several.
TALLY: pytest.StashKey[Series] = pytest.StashKey()
#: What ends one boot, and not the run; pytest's own outcomes are no ``Exception``.
_ENDS = (Exception, pytest.fail.Exception, pytest.skip.Exception)
#: What the first boot says for the whole test: it is skipped, or expected to fail.
_FOR_ALL = (pytest.skip.Exception, pytest.xfail.Exception)
_MOST = 100_000


def begin_boots(item: pytest.Item, settings: Settings) -> None:
    """Begin with the first boot of a test, which may have been run before."""
    if TALLY in item.stash:
        del item.stash[TALLY]
    item.stash[VARIATION] = settings.variation


def tally_of(
    item: pytest.Item, settings: Settings, named: Callable[[int], str | None]
) -> Tally | None:
    """Begin the tally of a test, by its marker's words, or else the run's; None for one boot.

    One is had again, by its name, as one boot. ``named`` names the boots that differ.

    :raises BadSetting: for numbers that cannot be, or a test that the plugin does not boot for.
    """
    origin = f"marker karatos of {item.nodeid}"
    words = marker_values(item)
    asked = _whole(words.get("boots", settings.boots), "boots", origin)
    must_pass = _whole(words["must_pass"], "must_pass", origin) if "must_pass" in words else None
    if must_pass is not None and must_pass > asked:
        raise BadSetting(f"{origin}: of boots={asked} no {must_pass} can pass.")
    boots_here = "machine" in getattr(item, "fixturenames", ())
    if "boots" in words and not boots_here:
        raise BadSetting(
            f"{origin}: boots={asked}, but the test does not use `machine` or what needs it.",
            why="who boots in another way decides alone how often.",
            fix="let it use `machine`, `console` or `scheduler`, or leave boots out",
        )
    if asked == 1 or not boots_here or settings.variation:
        return None
    return Tally(title=item.nodeid, asked=asked, named=named, must_pass=must_pass)


def _whole(value: object, word: str, origin: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value <= _MOST:
        raise BadSetting(f"{origin}: {word} must be a whole number above zero, not {value!r}.")
    return value


def run_boots(
    item: pytest.Item, series: Series, docket: Docket, *, checks: Callable[[], Generator[None]]
) -> Generator[None]:
    """Yield for the body of the first boot, and run the others of ``series``; judge them together.

    ``checks`` yields for each body and judges it.

    :raises Misbehaved: as the series judges.
    """
    item.stash[TALLY] = series
    one = series.begin(item.stash.get(VARIATION, ""))
    with _noting(one, item, series):
        yield from checks()
    with _noting(one, item, series, over=True):
        _end(item, docket)
    while (name := series.following()) is not None:
        one = series.begin(name)
        item.stash[VARIATION] = name
        if MACHINE in item.stash:
            del item.stash[MACHINE]
        with _noting(one, item, series):
            _set_up(item)
            _drive(checks(), item.runtest)
        with _noting(one, item, series, over=True):
            _end(item, docket)
        docket.forget_over(series.shown)
    series.judge()


@contextmanager
def _noting(
    one: OneBoot, item: pytest.Item, series: Series, *, over: bool = False
) -> Iterator[None]:
    """Note what is raised in the block; the machine of it is looked into unless it is over."""
    try:
        yield
    except _ENDS as error:
        if one.number == 1 and not over and isinstance(error, _FOR_ALL):
            raise
        one.machine = item.stash.get(MACHINE, None)
        if one.machine is not None and not over and series.is_curious:
            explain(error, one.machine)
        one.note(error)
    one.machine = item.stash.get(MACHINE, None)


def _set_up(item: Any) -> None:  # noqa: ANN401 - the parts of a function's item that have no type
    """Set the fixtures of the test up anew, as pytest does for an item that is run again."""
    item._initrequest()  # noqa: SLF001 - there is no public way
    if getattr(item, "_instance", None) is not None:
        del item._instance, item._obj  # noqa: SLF001 - the method is bound to it
    item.session._setupstate.setup(item)  # noqa: SLF001 - likewise


def _end(item: pytest.Item, docket: Docket) -> None:
    """Tear down what is the test's own, nothing that others share, and judge what is left.

    :raises KaratosError: for what its machine did since.
    """
    state: Any = item.session._setupstate  # noqa: SLF001 - there is no public way
    try:
        state.teardown_exact(item.parent)
    except Exception as error:
        add_to(error, docket.found())
        raise
    docket.raise_found()


def _drive(checks: Generator[None], body: Callable[[], None]) -> None:
    next(checks)
    try:
        body()
    except BaseException as error:  # noqa: BLE001 - it is raised there, whatever it is
        with suppress(StopIteration):
            checks.throw(error)
    else:
        next(checks, None)
