"""run: a real machine on a real QEMU, watched through pipes and through a terminal."""

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.emulated.tiny_guest import Step, image

SECONDS = 30.0


@contextmanager
def watched(
    folder: Path, *steps: Step, stdin: int = subprocess.PIPE
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a tiny guest with the command; killed when the block ends."""
    elf = image(folder, "arm", *steps)
    argv = [sys.executable, "-m", "pytest_karatos", "run", "arm", "--elf", elf.name]
    environ = {**os.environ, "KARATOS_BUILDER": "prebuilt", "KARATOS_LAUNCHER": "host"}
    with subprocess.Popen(
        argv,
        cwd=folder,
        env=environ,
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_until(process: subprocess.Popen[bytes], wanted: bytes) -> bytes:
    """Read the output up to ``wanted``; pytest's own timeout bounds a machine that is silent."""
    assert process.stdout is not None
    seen = b""
    while not seen.endswith(wanted):
        byte = process.stdout.read(1)
        assert byte, f"ended after {seen!r}"
        seen += byte
    return seen


def machines(folder: Path) -> list[str]:
    """List the QEMU processes that boot an ELF of ``folder``."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        if "qemu" in words[0] and any(str(folder) in word for word in words):
            found.append(words[0])
    return found


@pytest.mark.parametrize("status", [0, 3])
def test_the_exit_status_is_the_machines(tmp_path: Path, status: int) -> None:
    with watched(tmp_path, ("say", b"hello\n"), ("exit", status)) as process:
        out, err = process.communicate(timeout=SECONDS)
    assert out == b"hello\n"
    assert process.returncode == status
    assert f"ended with exit status {status}" in err.decode()


def test_what_is_typed_reaches_the_guest(tmp_path: Path) -> None:
    with watched(tmp_path, ("say", b"> "), ("echo",)) as process:
        assert process.stdin is not None
        read_until(process, b"> ")
        process.stdin.write(b"ping\n")
        process.stdin.flush()
        assert read_until(process, b"\n") == b"ping\n"
        process.stdin.write(b"\x1d")
        process.stdin.flush()
        assert process.wait(SECONDS) == 0
    assert machines(tmp_path) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with watched(tmp_path, ("say", b"on and on\n")) as process:
        read_until(process, b"on\n")
        assert machines(tmp_path) == ["qemu-system-arm"]
        process.send_signal(number)
        out, err = process.communicate(timeout=SECONDS)
    assert (process.returncode, out) == (0, b"")
    assert "ended by you" in err.decode()
    assert "Traceback" not in err.decode()
    assert machines(tmp_path) == []


def test_the_end_of_what_is_typed_is_not_the_end(tmp_path: Path) -> None:
    steps = (("say", b"one\n"), ("delay", 3_000_000), ("say", b"two\n"), ("exit", 0))
    with watched(tmp_path, *steps, stdin=subprocess.DEVNULL) as process:
        assert process.communicate(timeout=SECONDS)[0] == b"one\ntwo\n"


def test_a_reader_that_leaves_ends_it(tmp_path: Path) -> None:
    with watched(tmp_path, ("say", b"again and again\n"), ("again", 0)) as process:
        read_until(process, b"\n")
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(SECONDS) == 141
        assert process.stderr is not None
        assert b"Traceback" not in process.stderr.read()
    assert machines(tmp_path) == []


def test_a_fault_is_named_at_the_end(tmp_path: Path) -> None:
    with watched(tmp_path, ("say", b"panicked at main.rs:1\n"), ("exit", 0)) as process:
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    assert "'panicked at main.rs:1'" in err.decode()


def test_a_terminal_is_left_as_it_was(tmp_path: Path) -> None:
    import termios  # noqa: PLC0415

    ours, theirs = pty.openpty()
    try:
        before = termios.tcgetattr(theirs)
        with watched(tmp_path, ("say", b"> "), ("echo",), stdin=theirs) as process:
            read_until(process, b"> ")
            os.write(ours, b"x")  # no Enter: each key goes through at once
            assert read_until(process, b"x") == b"x"
            os.write(ours, b"\x1d")
            assert process.wait(SECONDS) == 0
        assert termios.tcgetattr(theirs) == before
    finally:
        os.close(ours)
        os.close(theirs)


def test_the_build_is_told_and_its_failure_is_a_sentence(tmp_path: Path) -> None:
    elf = image(tmp_path, "arm", ("say", b"built\n"), ("exit", 0))
    (tmp_path / "fw").mkdir()
    refuse = '[ "$2" = debug ] || { echo no such profile; exit 1; }'
    (tmp_path / "fw" / "build.sh").write_text(f"{refuse}\ncp {elf} made.elf\n")
    (tmp_path / "karatos.toml").write_text(
        '[build]\nsource = "fw"\nbuilder = "local"\ncommand = "sh build.sh {arch} {profile}"\n'
        f'elf = "made.elf"\n[cache]\nfolder = "{tmp_path}/cache"\n'
    )
    argv = [sys.executable, "-m", "pytest_karatos", "run", "arm"]
    done = subprocess.run(argv, cwd=tmp_path, check=True, capture_output=True, text=True)
    assert done.stdout == "built\n"
    assert "karatos: building arm debug\nkaratos: built arm debug in " in done.stderr
    argv += ["--profile", "release"]
    failed = subprocess.run(argv, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert failed.returncode == 2
    assert "FAILED to build arm release" in failed.stderr
    assert "| no such profile" in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["amr"], "there is no arch 'amr'"),
        (["riscv", "--board", "lm3s6965evb"], "board 'lm3s6965evb' is arm, not riscv"),
        (["arm", "--board", "nosuch"], "there is no board 'nosuch'"),
        (["arm", "--elf", "nosuch.elf"], "nosuch.elf does not exist"),
    ],
)
def test_mistakes_are_sentences(tmp_path: Path, words: list[str], said: str) -> None:
    argv = [sys.executable, "-m", "pytest_karatos", "run", *words]
    done = subprocess.run(argv, cwd=tmp_path, check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
