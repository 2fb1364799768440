"""Which part of the tests a machine has, as was said, or as its CI or cluster tells it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from pytest_karatos.choices import AUTO
from pytest_karatos.errors import BadSetting
from pytest_karatos.settings.layers import Given, Layer
from pytest_karatos.settings.suggest import short_repr
from pytest_karatos.shard import Shard

_SAID = re.compile(r"(?:([0-9]{1,4})|auto)(?:/([0-9]{1,4}))?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Variables by which a system tells a job its place: ``index`` from ``first``, ``total``."""

    index: str
    total: str
    first: int


#: Kubernetes' indexed jobs, GitLab's and Buildkite's `parallel`, CircleCI, Azure Pipelines.
PLACES = (
    Place(index="JOB_COMPLETION_INDEX", total="", first=0),
    Place(index="CI_NODE_INDEX", total="CI_NODE_TOTAL", first=1),
    Place(index="BUILDKITE_PARALLEL_JOB", total="BUILDKITE_PARALLEL_JOB_COUNT", first=0),
    Place(index="CIRCLE_NODE_INDEX", total="CIRCLE_NODE_TOTAL", first=0),
    Place(index="SYSTEM_JOBPOSITIONINPHASE", total="SYSTEM_TOTALJOBSINPHASE", first=1),
)


def shard_of(values: Layer, environ: Mapping[str, str]) -> Shard | None:
    """Return the part that this machine has; None for all tests.

    :raises BadSetting: for a part that there is not, or a place that nobody tells.
    """
    said = values.get(("run", "shard"))
    if said is None:
        return None
    found = _SAID.fullmatch(str(said.value).strip())
    if found is None or (found[1] and not found[2]):
        raise _wrong(said, "it is not a part and a number of parts")
    if found[1]:
        return _checked(int(found[1]), int(found[2]), said, said.origin)
    return _told(said, int(found[2] or 0), environ)


def _told(said: Given, of: int, environ: Mapping[str, str]) -> Shard:
    for place in PLACES:
        index, total = environ.get(place.index, ""), environ.get(place.total, "")
        if not index.isdecimal():
            continue
        if not (of or total.isdecimal()):
            raise BadSetting(
                f"{said.origin}: {place.index} is {short_repr(index)}, and nobody says of how many "
                "shards.",
                why=f"{place.total or 'a variable for the number'} is not set.",
                fix=f"say it: --karatos-shard={AUTO}/5",
            )
        origin = f"{place.index}={index}"
        return _checked(int(index) + 1 - place.first, of or int(total), said, origin)
    raise BadSetting(
        f"{said.origin}: shard '{said.value}' is to be told by the environment, and it is not.",
        why=f"none of these is a number there: {', '.join(one.index for one in PLACES)}.",
        fix="say which one it is, as --karatos-shard=2/5",
    )


def _checked(number: int, of: int, said: Given, origin: str) -> Shard:
    if not 1 <= number <= of:
        raise _wrong(said, f"by {origin} it is number {number} of {of}")
    return Shard(number=number, of=of, origin=origin)


def _wrong(said: Given, why: str) -> BadSetting:
    return BadSetting(
        f"{said.origin}: shard {short_repr(said.value)} cannot be: {why}.",
        why="it says which part of the tests this machine has, the first being 1.",
        fix=f"write it as 2/5, or {AUTO}/5 where a cluster or CI tells the number",
    )
