"""The choice of a builder: the one that was named or, for ``auto``, the best that works here."""

from collections.abc import Callable, Mapping
from importlib import import_module

from pytest_karatos.builders.context import BuildContext
from pytest_karatos.builders.protocol import Chosen
from pytest_karatos.choices import BUILDERS, BuilderWay
from pytest_karatos.errors import EngineDown, KaratosError, MissingTool
from pytest_karatos.progress import Journal
from pytest_karatos.settings import Settings, unknown


def choose_builder(
    word: str, *, settings: Settings, environ: Mapping[str, str], journal: Journal
) -> Chosen:
    """Return the builder for ``word``; ``auto`` takes the first that can work here.

    :raises UnknownName: for a word that is not a builder.
    :raises EngineDown: when a container engine is needed and does not answer.
    """
    context = BuildContext(settings=settings, environ=environ, journal=journal)
    origin = settings.origins.get("build.builder", "")
    if word not in BUILDERS:
        raise unknown(BUILDERS.name, word, BUILDERS.words, origin=origin)
    first, *others = BUILDERS.in_turn(word)
    if not others:
        return opener(first)(context, f"asked for by {origin or 'name'}")
    return _first_that_works(context, [first, *others])


def _first_that_works(context: BuildContext, ways: list[BuilderWay]) -> Chosen:
    reasons: list[str] = []
    refused: KaratosError | None = None
    for way in ways:
        try:
            return opener(way)(context, "; ".join(reasons))
        except (EngineDown, MissingTool) as error:
            refused = error
            reasons.append(f"no {way.engine or way.word}: {error.what}")
    raise refused or MissingTool("no builder is taken by itself.")


def opener(way: BuilderWay) -> Callable[[BuildContext, str], Chosen]:
    """Return the function that makes the builder; with an empty ``why`` it says its own."""
    function: Callable[[BuildContext, str], Chosen] = import_module(way.module).open_builder
    return function
