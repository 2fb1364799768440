"""Take the builder that a word names, or, for ``auto``, the best one that works here; say why."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pytest_karatos.build.image_runner import ImageRunner
from pytest_karatos.build.local import HostRunner, own_toolchain
from pytest_karatos.build.place import Place
from pytest_karatos.build.prebuilt import PrebuiltBuilder
from pytest_karatos.build.protocol import Builder, Runner
from pytest_karatos.build.shelf import Shelf
from pytest_karatos.build.slots import environment
from pytest_karatos.build.tree import Trees
from pytest_karatos.build.workshop import Workshop
from pytest_karatos.engine import connect
from pytest_karatos.errors import EngineDown, MissingTool
from pytest_karatos.journal import Journal
from pytest_karatos.settings import Settings, unknown


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """A builder, why it was taken, and, when it builds in containers, what runs in its image."""

    builder: Builder
    why: str
    runner: ImageRunner | None = None


def choose_builder(
    word: str, *, settings: Settings, environ: Mapping[str, str], journal: Journal
) -> Chosen:
    """Return the builder for ``word``; ``auto`` takes docker if a daemon answers, else local.

    :raises UnknownName: for a word that is none.
    :raises EngineDown: when docker was asked for by name and does not answer.
    """
    place = Place(settings=settings, environ=environ, journal=journal)
    if word == "auto":
        return _automatic(place)
    origin = settings.origins.get("build.builder", "")
    if word not in BUILDERS:
        raise unknown("builder", word, ("auto", *BUILDERS), origin=origin)
    return BUILDERS[word](place, f"asked for by {origin or 'name'}")


def _automatic(place: Place) -> Chosen:
    try:
        return _docker(place, "a Docker daemon answers")
    except (EngineDown, MissingTool) as error:
        return _local(place, f"no Docker: {error.what}")


def _docker(place: Place, why: str) -> Chosen:
    runner = ImageRunner(connect(place.environ), place)
    return Chosen(builder=_workshop(place, runner), why=why, runner=runner)


def _local(place: Place, why: str) -> Chosen:
    ours = own_toolchain(place.settings.cache) / "bin"
    # Who has set CARGO_BUILD_JOBS and the like has decided already.
    environ = {**environment(place.jobs), **place.environ}
    runner = HostRunner(environ, ours if ours.is_dir() else None)
    return Chosen(builder=_workshop(place, runner), why=why)


def _workshop(place: Place, runner: Runner) -> Workshop:
    settings = place.settings
    return Workshop(
        trees=Trees(folder=settings.cache / "trees", runner=runner),
        shelf=Shelf(settings.cache / "shelf", settings.cache_bytes),
        slots=place.slots,
        journal=place.journal,
        logs=place.logs,
    )


def _prebuilt(place: Place, why: str) -> Chosen:
    return Chosen(builder=PrebuiltBuilder(place.settings.prebuilt), why=why)


BUILDERS: dict[str, Callable[[Place, str], Chosen]] = {
    "docker": _docker,
    "local": _local,
    "prebuilt": _prebuilt,
}
