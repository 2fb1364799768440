"""The builder that compiles with the tools of this machine."""

from pytest_karatos.builders.caching import caching_builder
from pytest_karatos.builders.context import BuildContext
from pytest_karatos.builders.given import lacking
from pytest_karatos.builders.host import HostRunner, managed_toolchain
from pytest_karatos.builders.locks import environment
from pytest_karatos.builders.protocol import Chosen

_NOT_CONTAINED = "not contained: build scripts run as you"


def open_builder(context: BuildContext, why: str) -> Chosen:
    """Return the builder, with our own toolchain in front of PATH where it was installed."""
    ours = managed_toolchain(context.settings.cache) / "bin"
    # Who has set CARGO_BUILD_JOBS and the like has decided already.
    environ = {**environment(context.jobs), **context.environ}
    runner = HostRunner(environ, ours if ours.is_dir() else None)
    builder = caching_builder(context, runner)
    missing = ", ".join(lacking(context.settings.toolchain, {**environ, "PATH": runner.search}))
    warning = f"{_NOT_CONTAINED}; not here of [toolchain]: {missing}" if missing else _NOT_CONTAINED
    return Chosen(builder=builder, why=why or "it needs no container", warning=warning)
