"""A table of what a build in a container may try on its host, and what comes of each."""

import contextlib
import os
import socket
import tempfile
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

import docker
from pytest_karatos.builders.cache import BuildCache, CachedBuild
from pytest_karatos.builders.caching import CachingBuilder
from pytest_karatos.builders.container import ContainerRunner
from pytest_karatos.builders.image import Image
from pytest_karatos.builders.locks import JobSlots
from pytest_karatos.builders.tree import Trees
from pytest_karatos.containers import ContainerSpec, Engine, connect
from pytest_karatos.containers.network import NETWORK, separate_network
from pytest_karatos.containers.spec import OWNER_PID
from pytest_karatos.deadline import Deadline
from pytest_karatos.errors import BuildFailed, EngineDown
from pytest_karatos.progress import Journal, Quiet
from tests.containers.building import LIMITS, request
from tests.containers.docker_proxy import docker_proxy


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "main").write_text("one")
    return folder


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "main").write_text("the host's")
    return folder


def said(runner: ContainerRunner, tree: Path, command: str, *, network: bool = False) -> str:
    """Return what a build command says."""
    log = tree.parent / "log"
    log.write_bytes(b"")
    runner.run(request(tree, command, network=network), tree, log, Quiet())
    return log.read_text(errors="backslashreplace")


def built(runner: ContainerRunner, source: Path, command: str) -> CachedBuild:
    """Build as the next ``pytest`` would: in a run of its own, in the same private tree."""
    root = source.parent
    run = root / f"run-{len(list(root.glob('run-*')))}"
    run.mkdir()
    return CachingBuilder(
        trees=Trees(folder=root / "trees", runner=runner),
        cache=BuildCache(root / "cache", 10**9),
        slots=JobSlots(folder=root / "slots", count=1),
        journal=Journal(path=run / "journal.jsonl"),
        logs=run / "builds",
    ).obtain(request(source, command))


@pytest.mark.parametrize("name", ["kernel", "kernel.map"])
def test_a_link_as_an_output_reads_nothing(
    runner: ContainerRunner, tree: Path, outside: Path, name: str
) -> None:
    command = f"touch kernel kernel.map; ln -sf {outside}/main {name}"
    with pytest.raises(BuildFailed, match=f"leads out of the tree: {name} -> .*/main"):
        built(runner, tree, command)


def test_a_link_as_a_source_folder_overwrites_nothing(
    runner: ContainerRunner, tree: Path, outside: Path
) -> None:
    command = f"cat src/main > kernel; rm -r src; ln -s {outside} src"
    assert built(runner, tree, command).elf.read_text() == "one"
    (tree / "src" / "main").write_text("two")
    assert built(runner, tree, command).elf.read_text() == "two"
    assert (outside / "main").read_text() == "the host's"


@pytest.mark.parametrize("target", ["out/kernel-1.2", "/src/out/kernel-1.2"])
def test_a_link_to_a_file_of_the_tree_is_an_output(
    runner: ContainerRunner, tree: Path, target: str
) -> None:
    made = built(
        runner, tree, f"mkdir -p out; cat src/main > out/kernel-1.2; ln -s {target} kernel"
    )
    assert made.elf.read_text() == "one"


def test_a_project_leaves_nothing_for_the_build_of_another(
    runner: ContainerRunner, tree: Path, outside: Path
) -> None:
    said(runner, tree, f"echo evil > $CARGO_HOME/config.toml; ln -s {outside} $CARGO_HOME/bin")
    assert said(runner, tree, "cat $CARGO_HOME/config.toml") == "evil\n"
    assert said(runner, outside, "ls -A $CARGO_HOME") == ""
    assert [path.name for path in outside.iterdir()] == ["main"]


def mine(*, kill: bool = False) -> list[str]:
    """List the containers of this process that run; ``kill`` ends them."""
    with contextlib.closing(docker.from_env()) as client:
        found = client.containers.list(filters={"label": f"{OWNER_PID}={os.getpid()}"})
        for one in found if kill else ():
            one.kill()
        return [str(one.id) for one in found]


#: A command, and what it must say.
ATTEMPTS = {
    "a file of the host": ("cat {outside}/main 2>/dev/null || echo none", "none\n"),
    "a second name of one": ("ln /cargo/x {outside}/main /src 2>/dev/null || echo none", "none\n"),
    "its own image": ("touch /x /usr/bin/x /opt/x /root/x 2>/dev/null || echo none", "none\n"),
    "the daemon": ("ls /run/docker.sock /var/run/docker.sock 2>/dev/null || echo none", "none\n"),
    "a device": ("mknod /tmp/x b 8 0 2>/dev/null || echo none", "none\n"),
    "a mount": ("mount -t tmpfs none /src 2>/dev/null || echo none", "none\n"),
    "the network": ("ls /sys/class/net", "lo\n"),
    "the host's processes": ("cat /proc/[0-9]*/comm | grep -c pytest", "0\n"),
    # What is ours (caches, locks) would be another mount; /dev has its own.
    "other folders that can be written": (
        "grep ' rw' /proc/mounts | cut -d' ' -f2 | grep -vE '^/(proc|sys|dev)' | sort | xargs",
        "/cargo /run /src /tmp /var/tmp\n",
    ),
}


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_what_a_build_does_not_reach(
    runner: ContainerRunner, tree: Path, outside: Path, attempt: str
) -> None:
    command, answer = ATTEMPTS[attempt]
    assert said(runner, tree, command.format(outside=outside)) == answer


def test_the_environment_of_the_host_stays_there(
    runner: ContainerRunner, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KARATOS_TEST_TOKEN", "hush")
    told = said(runner, tree, "env; cat /proc/[0-9]*/environ")
    assert "CARGO_HOME" in told
    assert "hush" not in told


@pytest.fixture(params=[NETWORK, "bridge"])
def listener(engine: Engine, order: ContainerSpec, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of another container, where somebody listens: one of ours, one of anybody's."""
    client = docker.from_env()
    with engine.container(replace(order, network=True)):  # so that our network is there
        other = client.containers.run(
            order.image,
            ["git", "daemon", "--base-path=/tmp"],
            network=request.param,
            detach=True,
            auto_remove=True,
        )
    try:
        other.reload()
        yield other.attrs["NetworkSettings"]["Networks"][request.param]["IPAddress"]
    finally:
        other.remove(force=True)
        client.close()


def answers(address: str, seconds: float = 30) -> bool:
    """Tell whether somebody listens there, who may only be about to."""
    deadline = Deadline(seconds)
    while not deadline.expired:
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection((address, 9418), timeout=10).close()
            return True
    return False


def test_another_container_is_not_reached(
    runner: ContainerRunner, tree: Path, listener: str
) -> None:
    assert answers(listener), "from the host it is reached"
    command = f"timeout 2 bash -c ': < /dev/tcp/{listener}/9418' && echo reached; ls /sys/class/net"
    assert said(runner, tree, command, network=True).split() == ["eth0", "lo"]


def test_a_network_where_containers_meet_is_not_taken_for_ours() -> None:
    name = f"pytest-karatos-{uuid.uuid4().hex[:8]}"
    with contextlib.closing(docker.from_env()) as client:
        met = client.networks.create(name)
        try:
            with pytest.raises(EngineDown, match=f"docker network rm {name}"):
                separate_network(client, name)
        finally:
            met.remove()


def test_a_fork_bomb_is_held(runner: ContainerRunner, tree: Path) -> None:
    many = "i=0; while [ $i -lt 200 ]; do sleep 60 > /dev/null 2>&1 & i=$((i + 1)); done"
    with pytest.raises(BuildFailed, match=r"more than its 64 processes.*\n.*\n.*\[build\] pids"):
        said(runner, tree, many)
    with contextlib.suppress(BuildFailed):  # its first process may well end with 0
        runner.run(request(tree, "f() { f | f & }; f", 2), tree, tree.parent / "log", Quiet())
    assert not mine()


def test_a_full_memory_disk_is_held(runner: ContainerRunner, tree: Path) -> None:
    told = said(runner, tree, "head -c 200M /dev/zero > /tmp/big; echo $?")
    assert "No space left on device" in told


def test_an_ordinary_user_is_held_the_same(engine: Engine, order: ContainerSpec) -> None:
    heard: list[bytes] = []
    with engine.container(replace(order, user="4321:4321")) as container:
        script = "id -u; touch /x /src/x 2>/dev/null || touch /tmp/x && ls /tmp"
        container.run(["sh", "-c", script], on_output=heard.append)
    assert b"".join(heard) == b"4321\nx\n"


@dataclass
class AtFirst:
    """Does something when a build says its first word."""

    act: Callable[[], object]
    done: bool = False

    def say(self, text: str) -> None:
        if not self.done:
            self.done = bool(text)
            self.act()


def test_a_daemon_that_dies_is_named(image: Image, cache: Path, tree: Path) -> None:
    with tempfile.TemporaryDirectory() as folder, docker_proxy(Path(folder) / "sock") as proxy:
        engine = connect(proxy.environ)
        runner = ContainerRunner(engine, image, LIMITS, cache)
        wanted = request(tree, "echo begun; sleep 1000")
        with pytest.raises(EngineDown, match=r"'arm debug' was cut off: .*daemon went away"):
            runner.run(wanted, tree, tree.parent / "log", AtFirst(proxy.cut))
        engine.close()


@pytest.mark.parametrize("command", ["sleep 1000", "kill -9 -1; sleep 1000"])
def test_a_container_that_is_killed_is_named(
    runner: ContainerRunner, tree: Path, command: str
) -> None:
    kill = command == "sleep 1000"
    wanted, act = request(tree, f"echo begun; {command}"), AtFirst(lambda: mine(kill=kill))
    with pytest.raises(BuildFailed, match="its container ended before it did"):
        runner.run(wanted, tree, tree.parent / "log", act)


def test_a_build_that_kills_itself_is_told_as_killed(runner: ContainerRunner, tree: Path) -> None:
    with pytest.raises(BuildFailed, match=r"exit status 137 \(killed, SIGKILL\)(.|\n)*no network"):
        built(runner, tree, "kill -9 $$")
