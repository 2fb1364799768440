"""A Docker daemon that dies, falls mute or is elsewhere: it is named, and nobody waits long."""

import hashlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from pytest_karatos.board import Board
from pytest_karatos.builders.container import ContainerRunner
from pytest_karatos.builders.image import Image
from pytest_karatos.containers import Bind, ContainerSpec, Engine, connect
from pytest_karatos.emulators.container import ContainerLauncher
from pytest_karatos.emulators.protocol import Boot, Machine
from pytest_karatos.emulators.qemu.emulator import QemuEmulator
from pytest_karatos.errors import EngineDown
from tests.containers.building import LIMITS, request
from tests.containers.docker_proxy import DockerProxy, docker_proxy
from tests.containers.test_hostile_builds import AtFirst, tree
from tests.emulated.tiny_guest import ARM, Step
from tests.emulated.tiny_guest import image as guest

__all__ = ["tree"]

#: In place of the seconds after which a daemon is asked, and may take to answer.
QUICKLY = {"_ASK_EVERY": 0.2, "_MUTE_SECONDS": 1.0}


@pytest.fixture
def proxy() -> Iterator[DockerProxy]:
    with tempfile.TemporaryDirectory() as folder, docker_proxy(Path(folder) / "sock") as proxy:
        yield proxy


@pytest.fixture
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in QUICKLY.items():
        monkeypatch.setattr(f"pytest_karatos.containers.container.{name}", seconds)


@pytest.mark.usefixtures("quickly")
def test_one_that_falls_mute_in_mid_build_is_named(
    image: Image, cache: Path, tree: Path, proxy: DockerProxy
) -> None:
    engine = connect(proxy.environ)
    runner = ContainerRunner(engine, image, LIMITS, cache)
    began = time.monotonic()
    with pytest.raises(EngineDown, match=r"'arm debug' was cut off: .*does not answer any more"):
        runner.run(
            request(tree, "echo begun; sleep 1000"), tree, tree.parent / "log", AtFirst(proxy.hush)
        )
    assert time.monotonic() - began < 60, "not the time that a build may take"
    engine.close()


@pytest.mark.usefixtures("quickly")
def test_a_build_that_is_only_long_goes_on(engine: Engine, order: ContainerSpec) -> None:
    heard: list[bytes] = []
    with engine.container(order) as container:
        assert container.run(["sh", "-c", "sleep 1; echo done"], on_output=heard.append) == 0
    assert heard == [b"done\n"]


@pytest.fixture
def order(image: Image) -> ContainerSpec:
    return ContainerSpec(image=image.id, seconds=120)


@contextmanager
def guest_beside(
    environ: Mapping[str, str], image: Image, *steps: Step, board: Board = ARM
) -> Iterator[Machine]:
    """Boot a guest in a container that is reached as ``environ`` says."""
    with tempfile.TemporaryDirectory(prefix="karatos-") as name, ExitStack() as stack:
        folder = Path(name)
        engine = connect(environ)
        stack.callback(engine.close)
        order = ContainerSpec(
            image=image.id, seconds=60, binds=(Bind(source=folder, target=str(folder)),)
        )
        container = stack.enter_context(engine.container(order))
        boot = Boot(board=board, elf=guest(folder, board.arch, *steps), folder=folder / "boot")
        launcher = ContainerLauncher(container, folder)
        yield stack.enter_context(QemuEmulator().boot(boot, launcher))


def to_its_end(machine: Machine) -> None:
    machine.console.sendline("go")
    machine.console.expect("on")
    machine.wait(20)


STEPS: tuple[Step, ...] = (("say", b"up\n"), ("hear",), ("say", b"on\n"), ("exit", 0))


def test_one_that_dies_while_a_guest_runs_is_no_fault_of_the_guest(
    image: Image, proxy: DockerProxy
) -> None:
    with guest_beside(proxy.environ, image, *STEPS) as machine:
        machine.console.expect("up")
        proxy.cut()
        with pytest.raises(EngineDown, match=r"a container ended: the Docker daemon went away"):
            to_its_end(machine)


@pytest.mark.usefixtures("quickly")
@pytest.mark.parametrize("ask", [lambda one: one.wait(20), lambda one: one.console.expect("more")])
def test_one_that_falls_mute_while_a_guest_runs_is_no_fault_of_the_guest(
    image: Image, proxy: DockerProxy, ask: Callable[[Machine], object]
) -> None:
    with guest_beside(proxy.environ, image, *STEPS) as machine:
        machine.console.expect("up")
        proxy.hush()
        machine.console.sendline("go")
        machine.console.expect("on")
        with pytest.raises(EngineDown, match=r"a container ended: .*does not answer any more"):
            ask(machine)


def test_one_that_is_reached_by_the_network(image: Image) -> None:
    heard: list[bytes] = []
    with docker_proxy() as proxy:
        engine = connect(proxy.environ)
        with engine.container(ContainerSpec(image=image.id, seconds=60)) as container:
            assert container.run(["echo", "here"], on_output=heard.append) == 0
        engine.close()
    assert heard == [b"here\n"]


def test_a_context_that_leads_nowhere_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, nowhere = tmp_path / "config", f"unix://{tmp_path}/old.sock"
    # The SDK names the folder of a context by its hash, as the command line does.
    place = config / "contexts/meta" / hashlib.sha256(b"old").hexdigest()
    place.mkdir(parents=True)
    ends = {"docker": {"Host": nowhere, "SkipTLSVerify": False}}
    (place / "meta.json").write_text(json.dumps({"Name": "old", "Metadata": {}, "Endpoints": ends}))
    (config / "config.json").write_text(json.dumps({"currentContext": "old"}))
    monkeypatch.setenv("DOCKER_CONFIG", str(config))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    with pytest.raises(EngineDown) as caught:
        connect({"DOCKER_CONFIG": str(config)}).close()
    assert f"no Docker daemon answers at {nowhere}" in str(caught.value)
