"""A warm container: what it gives, what it refuses, and that it never outlives us."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import docker
from pytest_karatos.builders.image import Image
from pytest_karatos.containers import Bind, Container, ContainerSpec, Engine, host_ca
from pytest_karatos.containers.spec import DEADLINE, HOST, OWNER_START, labels
from pytest_karatos.deadline import Deadline
from pytest_karatos.errors import EngineDown


@pytest.fixture(scope="module")
def raw() -> Iterator[docker.DockerClient]:
    client = docker.from_env()
    yield client
    client.close()


def said(container: Container, script: str, timeout: float = 60) -> tuple[int | None, str]:
    heard: list[bytes] = []
    status = container.run(["sh", "-c", script], on_output=heard.append, timeout=timeout)
    return status, b"".join(heard).decode()


def is_there(raw: docker.DockerClient, container: str) -> bool:
    return container in [one.id for one in raw.containers.list(all=True, ignore_removed=True)]


def goes_away(raw: docker.DockerClient, container: str, seconds: float = 30) -> bool:
    deadline = Deadline(seconds)
    while is_there(raw, container) and not deadline.expired:
        pass  # each look is a round trip to the daemon, which is pause enough
    return not is_there(raw, container)


def test_status_output_and_environment(container: Container) -> None:
    heard: list[bytes] = []
    status = container.run(
        ["sh", "-c", "echo $HOME $WORD; pwd; echo bad >&2; exit 7"],
        cwd="/usr",
        env={"WORD": "hi"},
        on_output=heard.append,
    )
    assert (status, b"".join(heard)) == (7, b"/tmp hi\n/usr\nbad\n")


def test_bytes_come_as_they_are_and_apart(container: Container) -> None:
    out, err = bytearray(), bytearray()
    script = r"head -c 3000000 /dev/zero; printf '\377\033\r' >&2"
    run = container.start(["sh", "-c", script], stdout=out.extend, stderr=err.extend)
    assert run.wait(60) == 0
    assert (len(out), bytes(err)) == (3_000_000, b"\xff\x1b\r")


def test_a_command_over_its_time_is_killed_with_its_children(container: Container) -> None:
    assert said(container, "sleep 1000 & sleep 1000", timeout=0.5)[0] is None
    assert said(container, "cat /proc/[0-9]*/comm | grep -c sleep")[1] == "0\n"


def test_a_background_command_is_killed_on_demand(container: Container) -> None:
    run = container.start(["sleep", "1000"])
    assert run.wait(0.1) is None
    assert run.status is None
    assert run.kill() == 128 + signal.SIGKILL
    assert run.status == 128 + signal.SIGKILL


def test_a_missing_program_is_a_status(container: Container) -> None:
    status = container.run(["no-such-program"])
    assert status == 127


def test_it_is_hardened(container: Container) -> None:
    told = said(container, "grep -E 'CapEff|NoNewPrivs' /proc/1/status; id -u; ls /sys/class/net")[
        1
    ]
    assert told.split() == ["CapEff:", "0" * 16, "NoNewPrivs:", "1", str(os.getuid()), "lo"]


def test_a_path_with_colon_space_and_umlaut_is_mounted(
    engine: Engine, order: ContainerSpec, tmp_path: Path
) -> None:
    folder = tmp_path / "a:b ü"
    folder.mkdir()
    bind = Bind(source=folder, target="/data")
    with engine.container(replace(order, binds=(bind,))) as container:
        assert said(container, "echo made > /data/file") == (0, "")
    assert (folder / "file").read_text() == "made\n"
    assert (folder / "file").stat().st_uid == os.getuid()


def test_the_container_trusts_what_the_host_trusts(
    engine: Engine, order: ContainerSpec, tmp_path: Path
) -> None:
    bundle = tmp_path / "ca.pem"
    bundle.write_text("the host's\n")
    ca = host_ca({"SSL_CERT_FILE": str(bundle)})
    with engine.container(replace(order, ca=ca)) as container:
        assert said(container, "cat $SSL_CERT_FILE $CARGO_HTTP_CAINFO")[1] == "the host's\n" * 2
        assert said(container, ": >> $SSL_CERT_FILE")[0] != 0


def test_it_is_gone_after_the_block(
    engine: Engine, order: ContainerSpec, raw: docker.DockerClient
) -> None:
    with engine.container(order) as container:
        run = container.start(["sleep", "1000"])
    assert run.wait(10) not in {None, 0}
    assert goes_away(raw, container.id)
    with pytest.raises(EngineDown, match="cannot run a command"):
        container.start(["true"])


def test_it_ends_at_its_own_deadline(
    engine: Engine, order: ContainerSpec, raw: docker.DockerClient
) -> None:
    with engine.container(replace(order, seconds=1)) as container:
        assert container.start(["sleep", "1000"]).wait(30) is not None
        assert goes_away(raw, container.id)


_OWNER = """
import os, sys
from pytest_karatos.containers import ContainerSpec, connect
with connect(os.environ).container(ContainerSpec(image=sys.argv[1], seconds=300)) as container:
    container.start(["sleep", "1000"])
    print(container.id, flush=True)
    sys.stdin.read()
"""


def test_kill_9_of_the_owner_ends_the_container(image: Image, raw: docker.DockerClient) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _OWNER, image.id],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as owner:
        assert owner.stdout is not None
        container = owner.stdout.readline().strip()
        assert is_there(raw, container)
        owner.kill()
    assert goes_away(raw, container)


@pytest.mark.parametrize(
    ("ours", "marks", "swept"),
    [
        (False, {}, False),
        (False, {"org.example": "foreign"}, False),
        (False, {DEADLINE: "1"}, False),
        (True, {}, False),
        (True, {OWNER_START: "1"}, True),
        (True, {DEADLINE: "1"}, False),
        (True, {HOST: "elsewhere"}, False),
        (True, {HOST: "elsewhere", DEADLINE: "1"}, True),
    ],
    ids=[
        "unlabelled",
        "foreign",
        "half-labelled",
        "in-use",
        "owner-dead",
        "overdue-in-use",
        "elsewhere",
        "overdue-elsewhere",
    ],
)
def test_the_sweep_takes_only_our_own_leftovers(  # noqa: PLR0913 - fixtures, and one case
    engine: Engine,
    image: Image,
    raw: docker.DockerClient,
    *,
    ours: bool,
    marks: dict[str, str],
    swept: bool,
) -> None:
    # Made now: between collection and here a builder image may have been built for minutes.
    marks = {**(labels(300) if ours else {}), **marks}
    left = raw.containers.create(image.id, ["sleep", "1000"], labels=marks)
    try:
        engine.sweep()  # another worker's sweep may be the one that takes it
        assert goes_away(raw, left.id or "") if swept else is_there(raw, left.id or "")
    finally:
        if is_there(raw, left.id or ""):
            left.remove(force=True)


def test_a_container_that_cannot_be_made_says_why(engine: Engine, order: ContainerSpec) -> None:
    bind = Bind(source=Path("/no/such/folder"), target="/data")
    with (
        pytest.raises(EngineDown, match="/no/such/folder"),
        engine.container(replace(order, binds=(bind,))),
    ):
        pass
