"""Tell a daemon that refused from one that went away, whatever the SDK raises for it.

What the SDK raises is an ``OSError`` for the most part: let through, it would be taken for a file
that cannot be written.
"""

import contextlib
import traceback
import warnings
from collections.abc import Iterator

from pytest_karatos.errors import EngineDown

GONE = "the Docker daemon went away"
_FIX = "see how the daemon ended (journalctl -u docker), and: sudo systemctl restart docker"
#: The daemon's word for a folder of ours that is not where it is.
_UNSEEN = "bind source path does not exist"


@contextlib.contextmanager
def daemon_errors(what: str, why: str = "") -> Iterator[None]:
    """Let what a call of the SDK raises be an :class:`EngineDown`; ``what`` did not come about."""
    from docker.errors import APIError  # noqa: PLC0415  an optional dependency

    try:
        yield
    except APIError as error:
        if _UNSEEN in str(error.explanation or ""):
            raise _elsewhere(what, error) from error
        raise EngineDown(f"{what}: {error.explanation or error}", why=why) from error
    except OSError as error:  # those of requests too
        raise gone(what, error) from error


def _elsewhere(what: str, error: Exception) -> EngineDown:
    return EngineDown(
        f"{what}: the Docker daemon does not see this machine's files.",
        why=f"trees are mounted into containers, not sent, and it says: {error}. A daemon on "
        "another machine, or in a container beside this one, has other files.",
        fix="use a daemon of this machine (unset DOCKER_HOST; docker context use default), or "
        "build without one: --karatos-builder=local",
    )


@contextlib.contextmanager
def ignoring_daemon() -> Iterator[None]:
    """Let a call be in vain: what it would remove may be gone, and so may the daemon."""
    try:
        yield
    except OSError as error:  # each error of the SDK is one
        close_sockets(error)


def gone(what: str, error: BaseException) -> EngineDown:
    """Say that the daemon no longer answers, so that ``what``; ``error`` is how it showed."""
    close_sockets(error)
    return EngineDown(
        f"{what}: {GONE}.",
        why="it answered before. What it ran may run on until it is back, or its own deadline.",
        fix=_FIX,
    )


def mute(what: str, error: BaseException) -> EngineDown:
    """Say that the daemon is there and says nothing; ``error`` is how it showed."""
    if not any("Timeout" in type(one).__name__ for one in causes(error)):
        return gone(what, error)
    close_sockets(error)
    return EngineDown(
        f"{what}: the Docker daemon does not answer any more.",
        why="it answered before, so it hangs or is stopped. What it ran may run on.",
        fix=_FIX,
    )


def close_sockets(error: BaseException) -> None:
    """Let go of the sockets that a failed call holds.

    The SDK leaves them to the collector, and Python would warn of it in the middle of a test.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        for one in causes(error):
            traceback.clear_frames(one.__traceback__)


def causes(error: BaseException | None) -> Iterator[BaseException]:
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
