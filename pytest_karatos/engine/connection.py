"""Reach the Docker daemon within a deadline, or say in one sentence why it cannot be reached."""

import gc
import warnings
from collections.abc import Iterator, Mapping

from pytest_karatos.engine.daemon import Engine
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
            cure=f"pip install 'pytest-karatos[docker]'; {_ELSE}",
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
        return _down(error, named or "the default socket", timeout)
    client.api.timeout = _CALL_SECONDS
    return Engine(client, endpoint=named or client.api.base_url)


def _down(error: BaseException, endpoint: str, timeout: float) -> EngineDown:
    causes = list(_causes(error))
    if any(isinstance(cause, PermissionError) for cause in causes):
        return EngineDown(
            f"Docker at {endpoint} refuses this user (permission denied).",
            why=_WHY,
            cure=f"sudo usermod -aG docker $USER, then log in again; {_ELSE}",
        )
    if any(isinstance(cause, TimeoutError) or _is_timeout(cause) for cause in causes):
        return EngineDown(
            f"Docker at {endpoint} accepts connections but gave no answer within {timeout:g} s.",
            why=_WHY,
            cure=f"sudo systemctl restart docker; {_ELSE}",
        )
    if any(isinstance(cause, FileNotFoundError | ConnectionRefusedError) for cause in causes):
        return EngineDown(
            f"no Docker daemon answers at {endpoint}.",
            why=_WHY,
            cure=f"sudo systemctl start docker; {_ELSE}",
        )
    return EngineDown(
        f"Docker at {endpoint} cannot be used: {error}", why=_WHY, cure=f"docker info; {_ELSE}"
    )


def _is_timeout(cause: BaseException) -> bool:
    # requests and urllib3 have timeouts of their own that are no TimeoutError.
    return "Timeout" in type(cause).__name__


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Walk an exception's causes; requests and urllib3 also hide them in ``args``."""
    stack, seen = [error], set[int]()
    while stack:
        one = stack.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        stack += [one.__cause__, one.__context__]
        stack += [argument for argument in one.args if isinstance(argument, BaseException)]
