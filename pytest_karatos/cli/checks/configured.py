"""Check of the settings: which file is read, and whether it can be."""

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_karatos.cli.checks.need import MISSING, OK, Need
from pytest_karatos.cli.shell import Shell
from pytest_karatos.errors import KaratosError
from pytest_karatos.settings import Settings, load, packaged

_NAME = "settings"
_WHY = "they say how your firmware is built and which boards it runs on."
_LEVELS = ("default", "-", "ini ", "KARATOS_")
_KEPT = ("HOME", "XDG_CACHE_HOME", "PATH")


@dataclass(frozen=True, kw_only=True, slots=True)
class Configured:
    """The settings of the run to be, or the built-in ones when those cannot be read."""

    settings: Settings
    need: Need


def configured(shell: Shell, typed: Mapping[str, object]) -> Configured:
    """Load the settings; what is wrong with them becomes a need, and never an error."""
    try:
        settings = load(root=shell.folder, environ=shell.environ, typed=typed)
    except (KaratosError, OSError) as error:
        return Configured(settings=_built_in(shell), need=_broken(error))
    return Configured(
        settings=settings, need=Need(name=_NAME, state=OK, found=_files(settings), why=_WHY)
    )


def _built_in(shell: Shell) -> Settings:
    environ = {name: shell.environ[name] for name in _KEPT if name in shell.environ}
    return packaged(environ)


def _broken(error: Exception) -> Need:
    what = getattr(error, "what", "") or str(error)
    fix = getattr(error, "fix", "") or "correct the line that is named"
    return Need(name=_NAME, state=MISSING, found=what, why=_WHY, fix=fix)


def _files(settings: Settings) -> str:
    """Name the files that said something."""
    origins = [one for one in settings.origins.values() if not one.startswith(_LEVELS)]
    files = list(dict.fromkeys(origin.rpartition(":")[0] for origin in origins))
    if files:
        return ", ".join(files)
    if (settings.root / "karatos.toml").is_file():
        return "karatos.toml, which sets nothing yet: everything is a default"
    return "no settings file: everything is a default"
