"""The network of our containers: the outside can be reached from it, other containers cannot."""

from http import HTTPStatus
from typing import TYPE_CHECKING

from pytest_karatos.errors import EngineDown

if TYPE_CHECKING:
    from docker import DockerClient

NETWORK = "pytest-karatos"
_LABEL = "org.pytest-karatos.network"
_ICC = "com.docker.network.bridge.enable_icc"
_MTU = "com.docker.network.driver.mtu"


def separate_network(client: "DockerClient", name: str) -> str:
    """Return ``name``, a network that is made if need be, and kept, as an image is.

    On Docker's own bridge each container reaches every other. On this one they reach what is
    outside, and neither each other nor, since Docker keeps its networks apart, anybody else's.

    :raises EngineDown: when there is another network of that name.
    """
    from docker.errors import APIError  # noqa: PLC0415  an optional dependency

    # Packets as long as on the daemon's own bridge: longer ones may get lost on the way out.
    bridge = next(iter(_options(client, "bridge")), {})
    options = {_ICC: "false", **{key: bridge[key] for key in (_MTU,) if key in bridge}}
    if not _options(client, name):
        try:
            client.networks.create(
                name, "bridge", options=options, labels={_LABEL: ""}, check_duplicate=True
            )
        except APIError as error:
            if error.status_code != HTTPStatus.CONFLICT:  # another process was quicker
                raise
    if any(found.get(_ICC) != "false" for found in _options(client, name)):
        raise EngineDown(
            f"in the Docker network '{name}' containers reach each other.",
            why="a build that may use the network runs in it, and is to reach no other container.",
            fix=f"docker network rm {name}; it is made anew",
        )
    return name


def _options(client: "DockerClient", name: str) -> list[dict[str, str]]:
    # The daemon's own search is for a part of the name.
    found = [one for one in client.networks.list(names=[name]) if one.name == name]
    return [one.attrs["Options"] or {} for one in found]
