"""What is to be explored of a test: before which instructions time passes, and how much."""

from dataclasses import dataclass

from pytest_karatos.choices import OFF

#: All that was executed.
ALL = "all"
_MOST_STALL, _MOST = 1000, 1_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Explore:
    """The points of an exploration: patterns for functions or files in ``at``, or ``all``.

    At each, time passes for ``stall`` deadlines of timers. Of more than ``limit`` points (0: any
    number) as many are taken, evenly.
    """

    at: tuple[str, ...] = ()
    stall: int = 1
    limit: int = 0

    @property
    def is_wanted(self) -> bool:
        """Whether there is anything to explore."""
        return bool(self.at)


def explore_of(text: str) -> Explore:
    """Read what ``--karatos-explore`` says; empty and ``off`` say: nothing.

    :raises ValueError: for anything that makes no sense.

    >>> explore_of("message::*,stall=3,limit=200")
    Explore(at=('message::*',), stall=3, limit=200)
    >>> explore_of("off").is_wanted, explore_of("at=all").at
    (False, ('all',))
    """
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words or words == [OFF]:
        return Explore()
    said: dict[str, int] = {}
    at: list[str] = []
    for word in words:
        name, equals, value = word.partition("=")
        if equals and name in {"stall", "limit"}:
            said[name] = int(value)
        else:
            at.append(word.removeprefix("at="))
    return checked(Explore(at=tuple(at), **said))


def checked(explore: Explore) -> Explore:
    """Return ``explore``.

    :raises ValueError: where its numbers make no sense, or no points are named.
    """
    is_whole = type(explore.stall) is type(explore.limit) is int
    in_range = is_whole and 0 < explore.stall <= _MOST_STALL and 0 <= explore.limit <= _MOST
    if not (in_range and explore.at and all(explore.at)):
        raise ValueError
    return explore
