"""Examine Docker: does a daemon answer, and is the builder image there."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_karatos.build.image import recipe_of, tag_of
from pytest_karatos.commands.needs.need import MISSING, OK, OPTIONAL, Need, refused
from pytest_karatos.engine import Engine, connect
from pytest_karatos.errors import EngineDown, MissingTool
from pytest_karatos.settings import Settings

_DAEMON, _IMAGE = "Docker daemon", "builder image"


@dataclass(frozen=True, kw_only=True, slots=True)
class Docker:
    """Whether a daemon answers, and what was found out about it and the image."""

    answers: bool
    needs: tuple[Need, ...]


def examine(settings: Settings, environ: dict[str, str]) -> Docker:
    """Ask the daemon, with the deadline that a run has."""
    try:
        engine = connect(environ)
    except (EngineDown, MissingTool) as error:
        wanted = "docker" in {settings.builder, settings.emulator}
        why = "containers build with the same tools everywhere."
        if not wanted:
            why += " Without it, builds run on this machine."
        need = refused(_DAEMON, error, why=why, state=MISSING if wanted else OPTIONAL)
        return Docker(answers=False, needs=(need,))
    with contextlib.closing(engine):
        return Docker(answers=True, needs=tuple(_of_daemon(engine, settings)))


def _of_daemon(engine: Engine, settings: Settings) -> Iterator[Need]:
    yield Need(
        name=_DAEMON,
        state=OK,
        found=f"{engine.version} at {engine.endpoint}",
        why="containers build with the same tools everywhere.",
    )
    if settings.builder in {"auto", "docker"}:
        yield _image(engine, settings)


def _image(engine: Engine, settings: Settings) -> Need:
    folder = recipe_of(settings.image)
    name = tag_of(folder) if folder else settings.image
    why = "builds run in it."
    if engine.image_id(name) is not None:
        return Need(name=_IMAGE, state=OK, found=name, why=why)
    if folder:
        found = f"{name} is not made yet; the first run makes it, which takes some minutes"
        fix = f"docker build -t {name} {folder}"
    else:
        found, fix = f"{name} is not on this machine; the first run pulls it", f"docker pull {name}"
    return Need(name=_IMAGE, state=OPTIONAL, found=found, why=why, fix=fix)
