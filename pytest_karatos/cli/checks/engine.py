"""Check of Docker: does a daemon answer, and is the builder image there."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from pytest_karatos.builders.image import Image, recipe_of, require_recipe, tag_of
from pytest_karatos.builders.layer import layer_tag
from pytest_karatos.choices import BUILDERS, DOCKER, LAUNCHERS
from pytest_karatos.cli.checks.need import MISSING, OK, OPTIONAL, Need, refused
from pytest_karatos.containers import Engine, connect
from pytest_karatos.errors import EngineDown, ImageFailed, MissingTool
from pytest_karatos.settings import Settings, Toolchain

_DAEMON, _IMAGE = "Docker daemon", "builder image"


@dataclass(frozen=True, kw_only=True, slots=True)
class Docker:
    """Whether a daemon answers, and what was found out about it and the image."""

    hook_results: bool
    needs: tuple[Need, ...]


def examine(settings: Settings, environ: dict[str, str]) -> Docker:
    """Ask the daemon, with the deadline that a run has."""
    try:
        engine = connect(environ)
    except (EngineDown, MissingTool) as error:
        wanted = BUILDERS.must_have(settings.builder, DOCKER) or LAUNCHERS.must_have(
            settings.launcher, DOCKER
        )
        why = "containers build with the same tools everywhere."
        if not wanted:
            why += " Without it, builds run on this machine."
        need = refused(_DAEMON, error, why=why, state=MISSING if wanted else OPTIONAL)
        return Docker(hook_results=False, needs=(need,))
    with contextlib.closing(engine):
        return Docker(hook_results=True, needs=tuple(_of_daemon(engine, settings)))


def _of_daemon(engine: Engine, settings: Settings) -> Iterator[Need]:
    yield Need(
        name=_DAEMON,
        state=OK,
        found=f"{engine.version} at {engine.endpoint}",
        why="containers build with the same tools everywhere.",
    )
    if BUILDERS.may_need(settings.builder, DOCKER):
        yield _image(engine, settings)


def _image(engine: Engine, settings: Settings) -> Need:
    toolchain, why = settings.toolchain, "builds run in it."
    try:
        require_recipe(toolchain.image, toolchain.origin("image"))
    except ImageFailed as error:
        return refused(_IMAGE, error, why=why)
    folder = recipe_of(toolchain.image)
    name = tag_of(folder) if folder else toolchain.image
    found = engine.image_id(name)
    below = Image(name=name, id=found) if found else None
    if (layer := layer_tag(toolchain, below)) and engine.image_id(layer):
        told = f"{layer}: {name} with {_added(toolchain)}"
        return Need(name=_IMAGE, state=OK, found=told, why=why)
    if found and not toolchain.adds:
        return Need(name=_IMAGE, state=OK, found=name, why=why)
    told, fix = f"{name} is not on this machine; the first run pulls it", f"docker pull {name}"
    if found:
        told = f"{name} does not have {_added(toolchain)} yet; the first run adds that"
        fix = "pytest"
    elif folder:
        told = f"{name} is not made yet; the first run makes it, which takes some minutes"
        fix = f"docker build -t {name} {folder}"
    return Need(name=_IMAGE, state=OPTIONAL, found=told, why=why, fix=fix)


def _added(toolchain: Toolchain) -> str:
    return ", ".join((*toolchain.packages, *toolchain.targets))
