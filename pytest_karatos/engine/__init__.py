"""Own the Docker engine: the only room that touches the Docker SDK, which may not be installed."""

from pytest_karatos.engine.connection import connect
from pytest_karatos.engine.container import Container
from pytest_karatos.engine.daemon import Engine
from pytest_karatos.engine.execution import Execution
from pytest_karatos.engine.order import Bind, Order
from pytest_karatos.engine.trust import host_ca

__all__ = ["Bind", "Container", "Engine", "Execution", "Order", "connect", "host_ca"]
