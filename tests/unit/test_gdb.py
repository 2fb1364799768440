"""The gdb client against a stub that says what a test makes it say, over a real socket."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_karatos.debug.features import registers_of
from pytest_karatos.debug.gdb import GdbClient, Stop
from pytest_karatos.debug.packets import MOST_BYTES, PacketReader, packet, unpacked
from pytest_karatos.errors import DebugFailed, KaratosError, MachineEnded


@contextmanager
def stub(*answers: bytes, timeout: float = 5.0) -> Iterator[GdbClient]:
    """Give a client whose peer sends ``answers``, one after each thing that it is asked."""
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with suppress(OSError), theirs:
            for answer in answers:
                data = b""
                while b"#" not in data:
                    data = theirs.recv(4096)
                    if not data:
                        return
                theirs.sendall(answer)
            while theirs.recv(4096):
                pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with GdbClient(ours, timeout=timeout) as client:
            yield client
    finally:
        thread.join()


def test_noise_before_an_answer() -> None:
    notification = b"%" + packet(b"Stop:T05")[1:]
    with stub(b"+" + notification + packet(b"OK")) as client:
        assert client.ask("x") == "OK"


def test_a_stop_that_nobody_asked_about_is_no_answer() -> None:
    with stub(packet(b"T02thread:01;") + packet(b"00ff")) as client:
        assert client.read_memory(0x1000, 2) == b"\x00\xff"


def test_why_it_stopped() -> None:
    with stub(packet(b"T05thread:p1.2;")) as client:
        assert client.why_stopped() == Stop(signal=5, thread="p1.2")
    with stub(packet(b"W00")) as client, pytest.raises(MachineEnded, match="ended while"):
        client.why_stopped()


def test_a_mute_stub_has_a_deadline() -> None:
    with (
        stub(timeout=0.05) as client,
        pytest.raises(MachineEnded, match=r"did not answer 'g' within 0\.05 s"),
    ):
        client.ask("g")


def test_a_stub_that_only_sends_what_is_no_answer_has_a_deadline_too() -> None:
    with stub(packet(b"T02") * 1000, timeout=0.05) as client, pytest.raises(MachineEnded):
        client.ask("g")


def test_a_stub_that_goes_away() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    with GdbClient(ours) as client, pytest.raises(MachineEnded, match="stub is gone"):
        client.ask("g")


def test_nobody_listens(tmp_path: Path) -> None:
    for address in (tmp_path / "none", ("127.0.0.1", 1)):
        with pytest.raises(MachineEnded, match="No gdb stub answers at"):
            GdbClient.connect(address)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (packet(b"E14"), "no memory at 0x1000"),
        (packet(b"0011"), "gave 2 bytes at 0x1000, not 4"),
        (packet(b"zz"), "not a number: 'zz'"),
        (b"$00000000#00", "wrong checksum"),
        (b"$0*#5a", "ends in the middle of an escape"),
        (b"$*~#a8", "repeats a byte that is not there"),
        (b"x" * 10 + b"$" + b"0" * (MOST_BYTES + 1), "bytes that are not a packet"),
    ],
)
def test_answers_that_make_no_sense(answer: bytes, said: str) -> None:
    with stub(answer) as client, pytest.raises(DebugFailed, match=said):
        client.read_memory(0x1000, 4)


def test_an_order_that_is_refused() -> None:
    with stub(packet(b"")) as client, pytest.raises(DebugFailed, match="does not know the command"):
        client.set_breakpoint(0x100)
    with stub(packet(b"E22")) as client, pytest.raises(DebugFailed, match="'z0,100,2': it answers"):
        client.remove_breakpoint(0x100)


def test_run_length_encoding_cannot_fill_the_memory() -> None:
    bomb = b"0" + b"*~" * (MOST_BYTES // 90)
    with pytest.raises(DebugFailed, match="has more than"):
        unpacked(bomb)


def test_threads_without_end() -> None:
    with stub(*[packet(b"m1,2,3")] * 40) as client:
        assert len(client.threads()) <= 70


def test_a_description_that_includes_itself_and_lies() -> None:
    xml = '<xi:include href="target.xml"/><xi:include href="a.xml"/><reg name="x" bitsize="9e9"/>'
    assert registers_of(lambda _: xml) == ()
    endless = iter(range(10_000_000))
    files = registers_of(lambda _: f'<xi:include href="{next(endless)}"/><reg bitsize="8"/>')
    assert len(files) == 32


@given(st.binary(max_size=300))
def test_what_was_packed_is_unpacked(payload: bytes) -> None:
    reader = PacketReader()
    for byte in b"+" + packet(payload):
        assert reader.take() is None
        reader.feed(bytes([byte]))
    assert reader.take() == payload


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_any_bytes_are_packets_or_a_sentence(pieces: list[bytes]) -> None:
    reader = PacketReader()
    with suppress(KaratosError):
        for piece in pieces:
            reader.feed(piece)
            while reader.take() is not None:
                pass
