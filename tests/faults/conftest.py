"""What tests of faults share with those of machines and containers."""

from tests.containers.conftest import cache, engine, image
from tests.emulated.conftest import start

__all__ = ["cache", "engine", "image", "start"]
