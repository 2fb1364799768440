"""Docker containers: the only package that imports the Docker SDK, which may not be installed."""

from pytest_karatos.containers.client import Engine
from pytest_karatos.containers.connect import connect
from pytest_karatos.containers.container import Container, Execution
from pytest_karatos.containers.spec import Bind, ContainerSpec, host_ca

__all__ = ["Bind", "Container", "ContainerSpec", "Engine", "Execution", "connect", "host_ca"]
