"""A child that a test has forked and that outlives us: it keeps nothing of ours alive."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import docker
from pytest_karatos.builders.image import Image
from tests.containers.test_engine import goes_away
from tests.emulated.booting import gone

#: Starts something, forks a child that only sleeps, and tells of both.
_PROGRAM = """
import os, sys, time
from pytest_karatos.process import guard
import subprocess
held = subprocess.Popen(["sleep", "1000"], start_new_session=True)
guard().add(held.pid)
forked = os.fork()
if not forked:
    time.sleep(1000)
print(held.pid, forked, flush=True)
sys.stdin.read()
"""
_CONTAINER = """
import os, sys, time
from pytest_karatos.containers import ContainerSpec, connect
with connect(os.environ).container(ContainerSpec(image=sys.argv[1], seconds=300)) as container:
    forked = os.fork()
    if not forked:
        time.sleep(1000)
    print(container.id, forked, flush=True)
    sys.stdin.read()
"""


@contextmanager
def killed(program: str, *words: str) -> Iterator[tuple[str, int]]:
    """Run ``program`` until it tells what it started and forked, and kill it, not its child."""
    argv = [sys.executable, "-c", program, *words]
    with subprocess.Popen(
        argv,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        assert process.stdout is not None
        started, forked = process.stdout.readline().split()
        process.kill()
        try:
            yield started, int(forked)
        finally:
            os.kill(int(forked), signal.SIGKILL)


def test_a_program_ends_with_us() -> None:
    with killed(_PROGRAM) as (started, forked):
        assert gone(int(started))
        assert not gone(forked, 0)


def test_a_container_ends_with_us(image: Image) -> None:
    client = docker.from_env()
    try:
        with killed(_CONTAINER, image.id) as (started, forked):
            assert goes_away(client, started)
            assert not gone(forked, 0)
    finally:
        client.close()
