"""What an exploration found, as plain values for the ledger: each point, by function."""

from collections.abc import Iterable

from pytest_karatos.explore.outcome import Outcome, State
from pytest_karatos.report.shape import ExploredFacts, ExploredFunctionFacts

#: A point's state in a row of them.
_LETTERS = {State.GREEN: "g", State.RED: "r", State.OPEN: "o"}


def explored_facts(outcomes: Iterable[Outcome], bound: str) -> ExploredFacts:
    """Return the facts of ``outcomes``, in the order of addresses; ``bound`` says what is left."""
    functions: dict[str, ExploredFunctionFacts] = {}
    for one in sorted(outcomes, key=lambda outcome: outcome.point.address):
        name = one.point.function
        row = functions.setdefault(
            name, {"function": name, "states": "", "addresses": [], "notes": {}}
        )
        row["states"] += _LETTERS[one.state]
        row["addresses"].append(f"{one.point.address:#x}")
        if one.state is State.RED:
            row["notes"][f"{one.point.address:#x}"] = str(one.schedule)
        elif one.why:
            row["notes"][f"{one.point.address:#x}"] = one.why
    return {"bound": bound, "functions": list(functions.values())}
