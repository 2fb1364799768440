"""A Docker daemon that is really killed, or restarted, in mid-build and under a guest.

What the user is told, and that nothing is left when it is back.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_karatos.builders.container import ContainerRunner
from pytest_karatos.builders.image import Image
from pytest_karatos.containers import Engine, connect
from pytest_karatos.deadline import Deadline
from pytest_karatos.errors import BuildFailed, EngineDown
from tests.containers.building import LIMITS, request
from tests.containers.test_hostile_builds import AtFirst, tree
from tests.emulated.tiny_guest import RISCV
from tests.faults.private_daemon import PrivateDaemon, image_of, missing, private_daemon
from tests.faults.test_daemons import STEPS, guest_beside, to_its_end

__all__ = ["tree"]

pytestmark = [
    pytest.mark.skipif(bool(missing()), reason=f"no daemon of its own: {missing()}"),
    pytest.mark.xdist_group("dockerd"),
]


@pytest.fixture(scope="module")
def daemon() -> Iterator[PrivateDaemon]:
    with private_daemon() as one:
        yield one


@pytest.fixture(scope="module")
def image(daemon: PrivateDaemon) -> Image:
    engine = connect(daemon.environ)
    try:
        return image_of(engine)
    finally:
        engine.close()


@pytest.fixture
def engine(daemon: PrivateDaemon) -> Iterator[Engine]:
    one = connect(daemon.environ)
    yield one
    one.close()


def require_nothing_left(daemon: PrivateDaemon) -> None:
    """Require that no container of ours is there when a run begins at the daemon that is back."""
    engine = connect(daemon.environ)
    deadline = Deadline(5.0)
    try:
        engine.sweep()
        while left := engine._client.containers.list(all=True, ignore_removed=True):
            assert not deadline.expired, [(one.status, one.labels) for one in left]
    finally:
        engine.close()


def test_one_that_is_killed_in_mid_build(
    daemon: PrivateDaemon, engine: Engine, image: Image, tree: Path, tmp_path: Path
) -> None:
    runner = ContainerRunner(engine, image, LIMITS, tmp_path)
    wanted = request(tree, "echo begun; sleep 1000")
    with pytest.raises(EngineDown, match=r"'arm debug' was cut off: .*Docker daemon went away"):
        runner.run(wanted, tree, tmp_path / "log", AtFirst(daemon.kill))
    daemon.start()
    require_nothing_left(daemon)


def test_one_that_is_restarted_in_mid_build(
    daemon: PrivateDaemon, engine: Engine, image: Image, tree: Path, tmp_path: Path
) -> None:
    runner = ContainerRunner(engine, image, LIMITS, tmp_path)
    wanted = request(tree, "echo begun; sleep 1000")
    # A daemon that is told to end ends its containers first: nobody can tell who did it.
    with pytest.raises(BuildFailed, match=r"'arm debug' was cut off: (.|\n)*daemon was restarted"):
        runner.run(wanted, tree, tmp_path / "log", AtFirst(daemon.restart))
    require_nothing_left(daemon)
    built = request(tree, "echo one > kernel")
    again = connect(daemon.environ)
    assert (
        ContainerRunner(again, image, LIMITS, tmp_path).run(
            built, tree, tmp_path / "log", AtFirst(lambda: None)
        )
        == 0
    ), "the one that is back serves"
    again.close()


def test_one_that_is_killed_under_a_guest(daemon: PrivateDaemon, image: Image) -> None:
    with guest_beside(daemon.environ, image, *STEPS, board=RISCV) as machine:
        machine.console.expect("up")
        daemon.kill()
        with pytest.raises(EngineDown, match=r"a container ended: the Docker daemon went away"):
            to_its_end(machine)
    daemon.start()
    require_nothing_left(daemon)
