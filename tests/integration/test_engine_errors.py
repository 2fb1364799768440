"""Daemons that are not there, refuse, hang or talk nonsense: each gets its sentence, in time."""

import os
import socket
import sys
import threading
from pathlib import Path

import pytest

from pytest_karatos.containers import connect, host_ca
from pytest_karatos.containers.connect import _down
from pytest_karatos.errors import EngineDown
from pytest_karatos.process import output_of


def test_no_socket(tmp_path: Path) -> None:
    with pytest.raises(EngineDown, match="no Docker daemon answers") as caught:
        connect({"DOCKER_HOST": f"unix://{tmp_path}/none.sock"})
    assert "--karatos-builder=local" in str(caught.value)


def test_nobody_listens_any_more(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with pytest.raises(EngineDown, match="no Docker daemon answers"):
        connect({"DOCKER_HOST": f"unix://{path}"})


def test_a_daemon_that_accepts_and_never_answers(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(path))
        mute.listen()
        with pytest.raises(EngineDown, match=r"gave no answer within 0\.3 s"):
            connect({"DOCKER_HOST": f"unix://{path}"}, timeout=0.3)


def test_a_daemon_that_talks_nonsense(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        threading.Thread(target=_talk_nonsense, args=(server,), daemon=True).start()
        with pytest.raises(EngineDown, match="cannot be used"):
            connect({"DOCKER_HOST": f"unix://{path}"}, timeout=5)


def _talk_nonsense(server: socket.socket) -> None:
    peer, _ = server.accept()
    with peer:
        peer.recv(4096)
        peer.sendall(b"220 mail.example.org ESMTP\r\n")


@pytest.mark.parametrize("host", ["carrier-pigeon://loft", "tcp://"])
def test_an_address_that_is_none(host: str) -> None:
    with pytest.raises(EngineDown, match="cannot be used"):
        connect({"DOCKER_HOST": host})


def test_a_refused_user_is_told_of_the_group(tmp_path: Path) -> None:
    path = tmp_path / "docker.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        path.chmod(0)
        if os.getuid() != 0:
            with pytest.raises(EngineDown, match="permission denied"):
                connect({"DOCKER_HOST": f"unix://{path}"})
    # Root is never refused, so for root the sentence alone is looked at.
    assert "usermod -aG docker" in str(_down(PermissionError(13, "no"), "x", 1))


def test_the_sdk_is_not_installed() -> None:
    script = (
        "import sys; sys.modules['docker'] = None\n"
        "from pytest_karatos.containers import connect\n"
        "from pytest_karatos.errors import MissingTool\n"
        "try: connect({})\n"
        "except MissingTool as error: print(error)\n"
    )
    told = output_of([sys.executable, "-c", script]).stdout
    assert "pip install 'pytest-karatos[docker]'" in told


def test_importing_the_door_does_not_import_the_sdk() -> None:
    script = "import sys, pytest_karatos.containers; print('docker' in sys.modules)"
    assert output_of([sys.executable, "-c", script]).stdout == "False\n"


def test_a_missing_bundle_falls_back_to_the_distribution_s(tmp_path: Path) -> None:
    assert host_ca({"SSL_CERT_FILE": str(tmp_path / "none")}) == host_ca({})
