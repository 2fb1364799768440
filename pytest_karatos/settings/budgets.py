"""Budgets made of merged settings: a limit on a metric, or on a figure of a user's hook."""

import difflib

from pytest_karatos.board import Board
from pytest_karatos.errors import BadSetting
from pytest_karatos.measurement import METRICS, Budget
from pytest_karatos.settings.layers import Given, KeyPath, Layer
from pytest_karatos.settings.suggest import did_you_mean, short_repr

#: How like a metric's name a name must be to be a slip of the pen: "flsh" is, "frames" is not.
_LIKE = 0.75
#: The parts of ``budget.ARCH.PROFILE.NAME``; without the profile it is one less.
_WITH_PROFILE = 4


def budgets_of(values: Layer, boards: tuple[Board, ...]) -> tuple[Budget, ...]:
    """Make all budgets.

    :raises BadSetting: when one is for an arch or board that does not exist, or for a name that
        is nearly that of a metric.
    """
    known = list(dict.fromkeys([board.arch for board in boards] + [one.name for one in boards]))
    return tuple(
        _budget(path, found, known) for path, found in values.items() if path[0] == "budget"
    )


def _budget(path: KeyPath, found: Given, known: list[str]) -> Budget:
    _, arch, *profile, metric = path
    if arch not in known:
        raise BadSetting(
            f"{found.origin}: [budget.{arch}] names no arch or board."
            f"{did_you_mean(arch, known)}"
            f" Known: {', '.join(known)}."
        )
    require_no_slip(path, found)
    return Budget(
        metric=metric,
        limit=found.value,
        arch=arch,
        profile=profile[0] if profile else "",
        origin=found.origin,
    )


def require_no_slip(path: KeyPath, found: Given) -> None:
    """Refuse what is nearly a metric's name; any other may be a figure of a user's hook.

    :raises BadSetting: for such a name.
    """
    name, metrics = path[-1], [one.name for one in METRICS]
    if name in metrics:
        return
    near = difflib.get_close_matches(name.casefold(), metrics, n=1, cutoff=_LIKE)
    if near:
        raise BadSetting(
            f"{found.origin}: unknown key {short_repr(name)} in [{'.'.join(path[:-1])}]. "
            f"Did you mean '{near[0]}'?",
            why="a figure of a hook cannot bear a name that is so near to a built-in one.",
            fix=f"built-in figures: {', '.join(metrics)}",
        )
