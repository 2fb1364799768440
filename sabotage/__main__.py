"""``python -m sabotage [NAME ...]``: try each sabotage, or those named, and print who saw it.

The tests named for a sabotage are run first, and the whole suite (without containers) only when
they stay green. All of it happens in clean copies of the last commit. Exit status 1 when a sabotage
survived, 2 when nothing can be said.
"""

import os
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sabotage.plan import Rotten, Sabotage, sabotages
from sabotage.trial import Outcome, Unusable, copied, red_tests, tried

REPOSITORY = Path(__file__).parents[1]
_SHOWN = 3


def main(names: Sequence[str], repository: Path = REPOSITORY) -> int:
    """Try them, print a table, and return the exit status."""
    known = {one.name: one for one in sabotages()}
    unknown = [name for name in names if name not in known]
    if unknown:
        print(f"no such sabotage: {', '.join(unknown)}; there are {', '.join(known)}")
        return 2
    wanted = [known[name] for name in names] or list(known.values())
    try:
        _refuse_red(wanted, repository)
        outcomes = _all(wanted, repository)
    except (Rotten, Unusable) as error:
        print(error)
        return 2
    return _concluded(outcomes)


def _refuse_red(wanted: Sequence[Sabotage], repository: Path) -> None:
    """Run the tests named on a copy that nobody broke: red there, they say nothing later."""
    named = sorted({test for one in wanted for test in one.tests})
    with copied(repository) as tree:
        red = red_tests(tree, ["-n", "auto", *named])
    if red:
        raise Unusable(f"without any sabotage these are red: {', '.join(red)}.")


def _all(wanted: Sequence[Sabotage], repository: Path) -> list[Outcome]:
    """Try them, as many at a time as there are processors; each row is printed when it is known."""
    outcomes = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for outcome in pool.map(lambda one: tried(one, repository), wanted):
            print(row(outcome), flush=True)
            outcomes.append(outcome)
    return outcomes


def row(outcome: Outcome) -> str:
    """Write what became of one sabotage, and the first of the tests that saw it below.

    >>> one = Sabotage(name="blind", breaks="nothing is seen", file="", old="", new="", tests=())
    >>> print(row(Outcome(sabotage=one, red=())))
    blind                      SURVIVED   nothing is seen
    """
    sabotage, red = outcome.sabotage, outcome.red
    word = f"{len(red)} red" if red else "SURVIVED"
    lines = [f"{sabotage.name:<26} {word:<10} {sabotage.breaks}"]
    if red and not outcome.named:
        lines.append("    by the whole suite, not by the tests named for it")
    if red:
        older = outcome.older
        known = "git does not tell" if older is None else f"{len(older)} of {len(red)}"
        lines.append(f"    older than the sabotage: {known}")
    lines += [f"    {test}" for test in red[:_SHOWN]]
    return "\n".join([*lines, *(["    ..."] if len(red) > _SHOWN else [])])


def _concluded(outcomes: Sequence[Outcome]) -> int:
    survived = [one.sabotage.name for one in outcomes if not one.caught]
    older = sum(bool(one.older) for one in outcomes)
    print(
        f"{len(outcomes) - len(survived)} of {len(outcomes)} sabotages turned the suite red, "
        f"{older} of them a test that is older."
    )
    if survived:
        print(f"survived: {', '.join(survived)}")
    return int(bool(survived))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
