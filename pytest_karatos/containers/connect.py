"""The connection to the Docker daemon, made within a deadline or refused in one sentence."""

import contextlib
import gc
import warnings
from collections.abc import Mapping

from pytest_karatos.containers.client import Engine
from pytest_karatos.containers.failures import causes
from pytest_karatos.errors import EngineDown, MissingTool

CONNECT_SECONDS = 5.0
#: A call may take this long without a byte; a loaded machine starts a container in seconds.
_CALL_SECONDS = 120

_WHY = "firmware is built (or booted) in a container."
_ELSE = "or build with the host's tools: --karatos-builder=local"


def connect(environ: Mapping[str, str], timeout: float = CONNECT_SECONDS) -> Engine:
    """Connect to the daemon that ``DOCKER_HOST``, the Docker context or the default names.

    ``timeout`` is in seconds: a daemon that accepts and never answers does not hang us.

    :raises MissingTool: when the Docker SDK for Python is not installed.
    :raises EngineDown: when no daemon answers, or it refuses this user.
    """
    try:
        import docker  # noqa: F401, PLC0415  an optional dependency, and 110 ms to import
    except ImportError:
        raise MissingTool(
            "the Docker SDK for Python is not installed.",
            why=_WHY,
            fix=f"pip install 'pytest-karatos[docker]'; {_ELSE}",
        ) from None
    with warnings.catch_warnings():
        # The SDK leaves the socket of a failed attempt to the collector, and Python would warn of
        # it later, in the middle of somebody's test.
        warnings.simplefilter("ignore", ResourceWarning)
        reached = _attempt(environ, timeout)
        if isinstance(reached, EngineDown):
            gc.collect()
    if isinstance(reached, EngineDown):
        raise reached
    return reached


def _attempt(environ: Mapping[str, str], timeout: float) -> Engine | EngineDown:
    from docker.errors import DockerException  # noqa: PLC0415  the same

    import docker  # noqa: PLC0415  an optional dependency

    named = environ.get("DOCKER_HOST")
    try:
        client = docker.from_env(
            version="auto",
            timeout=timeout,  # type: ignore[arg-type]  # the stubs want int, requests takes float
            environment=dict(environ),
        )
    except (DockerException, OSError, ValueError, KeyError) as error:
        return _down(error, named or _of_context(environ) or "the default socket", timeout)
    client.api.timeout = _CALL_SECONDS
    return Engine(client, endpoint=named or client.api.base_url)


def _of_context(environ: Mapping[str, str]) -> str:
    """Return where the user's Docker context leads, for an SDK that goes by it (7.2)."""
    from docker.context import ContextAPI  # noqa: PLC0415  an optional dependency

    asked = getattr(ContextAPI, "kwargs_from_context", dict)
    with contextlib.suppress(Exception):  # whatever stands in the user's files
        return str(asked(environment=dict(environ)).get("base_url") or "")
    return ""


def _down(error: BaseException, endpoint: str, timeout: float) -> EngineDown:
    found = list(causes(error))
    if any(isinstance(cause, PermissionError) for cause in found):
        return EngineDown(
            f"Docker at {endpoint} refuses this user (permission denied).",
            why=_WHY,
            fix=f"sudo usermod -aG docker $USER, then log in again; {_ELSE}",
        )
    if any(isinstance(cause, TimeoutError) or _is_timeout(cause) for cause in found):
        return EngineDown(
            f"Docker at {endpoint} accepts connections but gave no answer within {timeout:g} s.",
            why=_WHY,
            fix=f"sudo systemctl restart docker; {_ELSE}",
        )
    if any(isinstance(cause, FileNotFoundError | ConnectionRefusedError) for cause in found):
        return EngineDown(
            f"no Docker daemon answers at {endpoint}.",
            why=_WHY,
            fix=f"sudo systemctl start docker; {_ELSE}",
        )
    return EngineDown(
        f"Docker at {endpoint} cannot be used: {error}", why=_WHY, fix=f"docker info; {_ELSE}"
    )


def _is_timeout(cause: BaseException) -> bool:
    # requests and urllib3 have timeouts of their own that are no TimeoutError.
    return "Timeout" in type(cause).__name__
