"""Give container tests a real daemon and the real builder image; without them they fail."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_karatos.builders.container import ContainerRunner
from pytest_karatos.builders.image import Image, ensure_image
from pytest_karatos.containers import Container, ContainerSpec, Engine, connect
from pytest_karatos.progress import Quiet
from tests.containers.building import LIMITS


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    engine = connect(os.environ)
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def cache() -> Path:
    # One for all workers and runs: the lock and the downloads in it are what is shared.
    folder = (
        Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "pytest-karatos-tests"
    )
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def image(engine: Engine, cache: Path) -> Image:
    return ensure_image(engine, "", Quiet(), cache)


@pytest.fixture
def runner(engine: Engine, image: Image, cache: Path) -> ContainerRunner:
    return ContainerRunner(engine, image, LIMITS, cache)


@pytest.fixture
def order(image: Image) -> ContainerSpec:
    return ContainerSpec(image=image.id, seconds=120)


@pytest.fixture
def container(engine: Engine, order: ContainerSpec) -> Iterator[Container]:
    with engine.container(order) as container:
        yield container
