"""People are told by a real webhook; a failure to tell them changes nothing and betrays nothing."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.unit.hand_made import failed, ledger

SECRET = "hunter2"  # noqa: S105 - of nobody
MESSAGE = "Panicked: the firmware printed '@everyone \x1b[31m'."


@contextmanager
def webhook(status: int) -> Iterator[tuple[str, list[Any]]]:
    """Serve a webhook which answers with ``status``; give its address and what came."""
    came: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"json://me:{SECRET}@127.0.0.1:{server.server_port}/", came
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def there(tmp_path: Path) -> Path:
    (tmp_path / "l.json").write_text(json.dumps(ledger(failed("t.py::test_a", MESSAGE))))
    return tmp_path


def notify(folder: Path, urls: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pytest_karatos", "notify", "l.json"],
        cwd=folder,
        env={**os.environ, "APPRISE_URLS": urls},
        capture_output=True,
        text=True,
        check=True,
    )
    said = done.stdout + done.stderr
    assert SECRET not in said
    return said


def test_a_red_run_is_told_to_all_who_can_be_reached(there: Path) -> None:
    with webhook(200) as (good, came), webhook(500) as (bad, refused):
        said = notify(there, f"{bad}, nonsense://{SECRET}\n{good}")
    assert "told 1 of 3 addresses" in said
    assert "address 1 of 3 (json://) did not take the message" in said
    assert "address 2 of 3 (nonsense://) is not one that apprise understands" in said
    assert len(refused) == 1
    (message,) = came
    assert message["title"].startswith("red: 1 of 1 test failed")
    assert "(at)everyone" in message["message"]
    assert "\x1b" not in message["message"]


def test_nobody_there_is_no_verdict(there: Path) -> None:
    assert "told 0 of 1 addresses" in notify(there, f"json://{SECRET}@127.0.0.1:9/")


def test_without_apprise_it_says_what_to_install(there: Path) -> None:
    (there / "apprise.py").write_text("raise ImportError\n")
    said = notify(there, f"json://{SECRET}/")
    assert "there is no module 'apprise'" in said
    assert "pip install 'pytest-karatos[notify]'" in said
