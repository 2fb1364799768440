"""All checks, in the order in which a run would come to need them."""

from collections.abc import Mapping

from pytest_karatos.builders.prebuilt import PrebuiltBuilder
from pytest_karatos.choices import BUILDERS, DOCKER
from pytest_karatos.cli.checks import emulators, engine, kits, packages, places, toolchain, tree
from pytest_karatos.cli.checks.configured import configured
from pytest_karatos.cli.checks.need import MISSING, Need, guarded
from pytest_karatos.cli.shell import Shell
from pytest_karatos.settings import Settings


def survey(shell: Shell, typed: Mapping[str, object]) -> tuple[list[Need], Settings]:
    """Return every need of a run with the settings that ``typed`` narrows, met or not."""
    found = configured(shell, typed)
    settings, environ = found.settings, dict(shell.environ)
    docker = _docker(settings, environ)
    answering = (DOCKER,) if docker.hook_results else ()
    builder = BUILDERS.taken(settings.builder, engines=answering)
    path = toolchain.path_of(settings, environ)
    needs = [
        *guarded("Python", packages.examine),
        found.need,
        *docker.needs,
        *guarded("source tree", lambda: tree.examine(settings, builder, path)),
    ]
    if builder.compiles and not builder.engine and not _all_prebuilt(settings):
        needs += guarded("toolchain", lambda: toolchain.examine(settings, environ))
    if builder.compiles and builder.engine and not _all_prebuilt(settings):
        needs += guarded("toolchain", lambda: toolchain.examine_image(settings))
    if builder.compiles and not _all_prebuilt(settings):
        on_host = not builder.engine
        needs += guarded("kits", lambda: kits.examine(settings, environ, on_host=on_host))
    needs += guarded("QEMU", lambda: emulators.examine(settings, builder))
    needs += guarded("folders", lambda: places.examine(settings))
    return needs, settings


def _docker(settings: Settings, environ: dict[str, str]) -> engine.Docker:
    try:
        return engine.examine(settings, environ)
    except Exception as error:  # noqa: BLE001 - a doctor does not fall ill
        said = f"cannot be asked: {type(error).__name__}: {error}"[:300]
        need = Need(
            name="Docker daemon", state=MISSING, found=said, why="a run asks it.", fix="docker info"
        )
        return engine.Docker(hook_results=False, needs=(need,))


def _all_prebuilt(settings: Settings) -> bool:
    return all(map(PrebuiltBuilder(settings.prebuilt).serves, settings.chosen))
