"""Find out what a test was doing whose worker died: no report says it, its id and folders do."""

import re

from pytest_karatos.artifacts import Run, safe_name
from pytest_karatos.report.excerpt import Reading
from pytest_karatos.report.facts import boot_facts
from pytest_karatos.report.outcome import Facts
from pytest_karatos.roof.phase import origin
from pytest_karatos.roof.target import Target, names
from pytest_karatos.settings import Settings


def crash_facts(nodeid: str, settings: Settings, run: Run) -> Facts:
    """Return the target that the id of a test names, and its last boot as far as it came."""
    return {**_origin(nodeid, settings), **_boots(nodeid, settings, run)}


def _origin(nodeid: str, settings: Settings) -> Facts:
    found = [one for one in _targets(settings) if names(nodeid, one.id)]
    # "arm" is in "arm-release" too: the longer one is meant.
    target = max(found, key=lambda one: len(one.id), default=None)
    return origin(nodeid, target) if target else {}


def _targets(settings: Settings) -> list[Target]:
    profiles = settings.profiles
    return [
        Target(board=board, profile=profile, id=word)
        for board in settings.boards
        for profile in profiles
        for word in ({board.id} if profile == profiles[0] else set()) | {f"{board.id}-{profile}"}
    ]


def _boots(nodeid: str, settings: Settings, run: Run) -> Facts:
    name = safe_name(nodeid)
    ours = re.compile(rf"{re.escape(name)}(?:\.(\d+))?")
    places = {
        int(found[1] or 1): place
        for place in (run.folder / "tests").glob(f"{name}*")
        if (found := ours.fullmatch(place.name))
    }
    if not places:
        return {}
    return {"boots": [boot_facts(places[max(places)], Reading(bad=settings.rules.faults))]}
