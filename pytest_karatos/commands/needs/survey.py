"""Examine everything in the order in which a run would come to need it."""

from collections.abc import Mapping

from pytest_karatos.build.prebuilt import PrebuiltBuilder
from pytest_karatos.commands.needs import emulators, engine, packages, places, toolchain, tree
from pytest_karatos.commands.needs.configured import configured
from pytest_karatos.commands.needs.need import MISSING, Need, guarded
from pytest_karatos.commands.shell import Shell
from pytest_karatos.settings import Settings


def survey(shell: Shell, typed: Mapping[str, object]) -> tuple[list[Need], Settings]:
    """Return every need of a run with the settings that ``typed`` narrows, met or not."""
    found = configured(shell, typed)
    settings, environ = found.settings, dict(shell.environ)
    docker = _docker(settings, environ)
    builder = builder_of(settings, docker_answers=docker.answers)
    path = toolchain.path_of(settings, environ)
    needs = [
        *guarded("Python", packages.examine),
        found.need,
        *docker.needs,
        *guarded("source tree", lambda: tree.examine(settings, builder, path)),
    ]
    if builder == "local" and not _all_prebuilt(settings):
        needs += guarded("toolchain", lambda: toolchain.examine(settings, environ))
    needs += guarded("QEMU", lambda: emulators.examine(settings, builder))
    needs += guarded("folders", lambda: places.examine(settings))
    return needs, settings


def builder_of(settings: Settings, *, docker_answers: bool) -> str:
    """Name the builder that a run would take: as ``auto`` does, docker if a daemon answers."""
    if settings.builder != "auto":
        return settings.builder
    return "docker" if docker_answers else "local"


def _docker(settings: Settings, environ: dict[str, str]) -> engine.Docker:
    try:
        return engine.examine(settings, environ)
    except Exception as error:  # noqa: BLE001 - a doctor does not fall ill
        said = f"cannot be asked: {type(error).__name__}: {error}"[:300]
        need = Need(
            name="Docker daemon", state=MISSING, found=said, why="a run asks it.", fix="docker info"
        )
        return engine.Docker(answers=False, needs=(need,))


def _all_prebuilt(settings: Settings) -> bool:
    return all(map(PrebuiltBuilder(settings.prebuilt).serves, settings.chosen))
