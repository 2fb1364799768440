"""The Docker daemon as we use it: images, labelled containers, and a sweep of leftovers."""

import contextlib
import math
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_karatos.containers.container import Container, close_stream
from pytest_karatos.containers.failures import daemon_errors, gone, ignoring_daemon
from pytest_karatos.containers.network import NETWORK, separate_network
from pytest_karatos.containers.spec import (
    BUNDLE,
    OWNER_PID,
    VARIABLES,
    Bind,
    ContainerSpec,
    is_leftover,
    labels,
)
from pytest_karatos.errors import ImageFailed
from pytest_karatos.process import kept_from_forks

if TYPE_CHECKING:
    from docker.models.containers import Container as Raw
    from docker.types import Mount

    from docker import DockerClient


#: What can be written in a container besides its mounts, in memory. Tools put programs there.
_WRITABLE = ("/tmp", "/var/tmp", "/run")  # noqa: S108  the container's own
_TMPFS = "rw,exec,nosuid,nodev,mode=1777"


class Engine:
    """A Docker daemon that answers. Get one with :func:`pytest_karatos.containers.connect`."""

    def __init__(self, client: "DockerClient", endpoint: str) -> None:
        self._client = client
        self.endpoint = endpoint

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @cached_property
    def version(self) -> str:
        """The daemon's version."""
        with daemon_errors("the daemon's version is not known"):
            return str(self._client.version()["Version"])

    @cached_property
    def cpus(self) -> float:
        """How many CPUs the daemon may use; it refuses a limit above that."""
        with daemon_errors("the daemon's processors are not known"):
            return float(self._client.info()["NCPU"])

    def image_id(self, name: str) -> str | None:
        """Return the id of image ``name``; None when it is not there."""
        from docker.errors import APIError  # noqa: PLC0415  an optional dependency

        with daemon_errors(f"image '{name}' cannot be looked for"):
            try:
                return self._client.images.get(name).id
            except APIError as error:
                # 400: not even a name; whoever pulls it will be told so.
                if error.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST}:
                    return None
                raise

    def images_of(self, repository: str, label: str) -> dict[str, float]:
        """Return the tags of ``repository`` that carry ``label``, with when each was made."""
        with daemon_errors(f"the images of '{repository}' cannot be listed"):
            found = self._client.images.list(repository, filters={"label": label})
        return {
            tag: datetime.fromisoformat(image.attrs["Created"]).timestamp()
            for image in found
            for tag in image.tags
            if tag.startswith(f"{repository}:")
        }

    def drop_image(self, tag: str) -> bool:
        """Remove ``tag``, and the image with its last one; False when a container is made of it."""
        with ignoring_daemon():
            self._client.images.remove(tag)
            return True
        return False

    def pull(self, name: str) -> Iterator[str]:
        """Pull image ``name``, yielding lines of progress.

        :raises ImageFailed: when no registry has it or none answers.
        """
        from docker.errors import APIError  # noqa: PLC0415  an optional dependency
        from docker.utils import parse_repository_tag  # noqa: PLC0415  the same

        repository, tag = parse_repository_tag(name)
        try:
            yield from _lines(
                self._client.api.pull(repository, tag=tag or "latest", stream=True, decode=True)
            )
        except APIError as error:
            raise ImageFailed(f"image '{name}' could not be pulled: {error.explanation}") from error
        except OSError as error:
            raise gone(f"image '{name}' was not pulled to its end", error) from error

    def build(self, folder: Path, tag: str, marks: Mapping[str, str]) -> Iterator[str]:
        """Build ``folder`` into image ``tag``, yielding the output's lines; the tag comes last.

        :raises ImageFailed: with the daemon's message.
        """
        from docker.errors import APIError  # noqa: PLC0415  an optional dependency

        try:
            yield from _lines(
                self._client.api.build(
                    path=str(folder),
                    tag=tag,
                    labels=dict(marks),
                    rm=True,
                    forcerm=True,
                    decode=True,
                )
            )
        except APIError as error:
            raise ImageFailed(f"image '{tag}' was not built: {error.explanation}") from error
        except OSError as error:
            raise gone(f"image '{tag}' was not built to its end", error) from error

    @contextlib.contextmanager
    def container(self, order: ContainerSpec) -> Iterator[Container]:
        """Keep a container warm for as long as the block lasts; gone afterwards.

        Its main process reads from a stream which only we hold: when we die, it ends too.

        :raises EngineDown: when the daemon cannot make or start it.
        """
        with daemon_errors(f"Docker cannot make a container of '{order.image}'"):
            raw = self._client.containers.create(**self._arguments(order))
        with contextlib.ExitStack() as stack:
            stack.callback(_remove, raw)
            with daemon_errors(
                f"Docker cannot start a container of '{order.image}'",
                why="the image needs `timeout` and `cat`.",
            ):
                # Attached before the start, so that the stream has one holder from the beginning.
                life = self._client.api.attach_socket(raw.id or "", {"stdin": 1, "stream": 1})
                stack.callback(close_stream, life)
                stack.enter_context(kept_from_forks(lambda: close_stream(life)))
                raw.start()
            yield Container(raw.id or "", self._client.api)

    def sweep(self) -> list[str]:
        """Remove our own containers whose owner is dead or whose deadline passed; return ids."""
        swept = []
        with daemon_errors("what earlier runs left cannot be listed"):
            ours = self._client.containers.list(
                all=True, filters={"label": OWNER_PID}, ignore_removed=True
            )
        for raw in ours:
            with ignoring_daemon():
                if is_leftover(raw.labels):
                    _remove(raw)
                    swept.append(raw.id or "")
        return swept

    @cached_property
    def _network(self) -> str:
        return separate_network(self._client, NETWORK)

    def _arguments(self, order: ContainerSpec) -> dict[str, Any]:
        """Translate ``order`` into the SDK's words: hardened, limited, and silent in the logs."""
        from docker.types import LogConfig  # noqa: PLC0415  an optional dependency

        seconds = math.ceil(order.seconds)
        return {
            "image": order.image,
            "entrypoint": [],
            "command": ["timeout", "-k", "5", str(seconds), "cat"],
            "stdin_open": True,
            "labels": labels(seconds),
            "mounts": _mounts(order),
            "environment": _environment(order),
            "network_mode": self._network if order.network else "none",
            "user": order.user,
            "working_dir": "/",
            "init": True,
            "auto_remove": True,
            "read_only": True,
            "tmpfs": dict.fromkeys(_WRITABLE, f"{_TMPFS},size={order.memory_bytes // 2}"),
            "cap_drop": ["ALL"],
            "security_opt": ["no-new-privileges:true"],
            "pids_limit": order.pids,
            "mem_limit": order.memory_bytes,
            "memswap_limit": order.memory_bytes,
            "nano_cpus": int(min(order.cpus, self.cpus) * 1e9),
            # The default driver writes all output to the daemon's disk, without a limit.
            "log_config": LogConfig(type="none"),
        }


def _mounts(order: ContainerSpec) -> "list[Mount]":
    from docker.types import Mount  # noqa: PLC0415  an optional dependency

    trust = () if order.ca is None else (Bind(source=order.ca, target=BUNDLE, read_only=True),)
    # Mount and not volumes=: the latter cannot express a path with a colon.
    return [
        Mount(target=bind.target, source=str(bind.source), type="bind", read_only=bind.read_only)
        for bind in (*order.binds, *trust)
    ]


def _environment(order: ContainerSpec) -> dict[str, str]:
    trust = {} if order.ca is None else VARIABLES
    return {"HOME": "/tmp", **trust, **dict(order.environment)}  # noqa: S108  the container's own


def _remove(raw: "Raw") -> None:
    # Already gone, or already being removed (auto_remove): both are what we want.
    with ignoring_daemon():
        raw.remove(force=True, v=True)


def _lines(chunks: Iterator[dict[str, Any]]) -> Iterator[str]:
    """Turn the daemon's JSON stream into lines; its error becomes ours.

    The stream is read to its end in any case: an abandoned one would leave its socket open.
    """
    error = ""
    for chunk in chunks:
        error = error or str(chunk.get("error") or "").strip()
        text = str(chunk.get("stream") or chunk.get("status") or "")
        yield from (line.rstrip() for line in text.splitlines() if line.strip())
    if error:
        raise ImageFailed(error)
