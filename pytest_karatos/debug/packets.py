"""Packets of the gdb remote serial protocol: made, and found in a stream of bytes."""

from pytest_karatos.errors import DebugFailed

#: QEMU's largest answer has 4 KiB; run-length encoding could ask for far more.
MOST_BYTES = 256 * 1024
_ESCAPE, _REPEAT = ord("}"), ord("*")
_SPECIAL = b"#$}*"


def packet(payload: bytes) -> bytes:
    r"""Frame ``payload``, with its checksum.

    >>> packet(b"m20000000,4"), packet(b"a#b")
    (b'$m20000000,4#4f', b'$a}\x03b#43')
    """
    body = b"".join(
        bytes([_ESCAPE, byte ^ 0x20]) if byte in _SPECIAL else bytes([byte]) for byte in payload
    )
    return b"$%b#%02x" % (body, sum(body) & 0xFF)


def unpacked(body: bytes) -> bytes:
    """Undo escapes and run-length encoding: ``0* `` is four zeros.

    :raises DebugFailed: when it is broken, or larger than any answer.

    >>> unpacked(b"0* e}]")
    b'0000e}'
    """
    out, at = bytearray(), 0
    while at < len(body):
        byte = body[at]
        if byte in {_ESCAPE, _REPEAT} and at + 1 == len(body):
            raise DebugFailed("The gdb stub's answer ends in the middle of an escape.")
        if byte == _ESCAPE:
            out.append(body[at + 1] ^ 0x20)
        elif byte == _REPEAT:
            out += _repeated(out, body[at + 1])
        else:
            out.append(byte)
        at += 2 if byte in {_ESCAPE, _REPEAT} else 1
        if len(out) > MOST_BYTES:
            raise DebugFailed(f"The gdb stub's answer has more than {MOST_BYTES:,} bytes.")
    return bytes(out)


def _repeated(out: bytearray, count: int) -> bytes:
    times = count - 29
    if not out or times <= 0:
        raise DebugFailed("The gdb stub's answer repeats a byte that is not there.")
    return bytes([out[-1]]) * times


class PacketReader:
    r"""Finds packets in what comes; acknowledgements and notifications are dropped.

    >>> reader = PacketReader()
    >>> reader.feed(b"+$O")
    >>> reader.feed(b"K#9a+")
    >>> reader.take(), reader.take()
    (b'OK', None)
    """

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, data: bytes) -> None:
        """Add what came."""
        self._bytes += data

    def take(self) -> bytes | None:
        """Return the next packet's payload; None as long as it is not whole.

        :raises DebugFailed: when it is not one, or larger than any answer.
        """
        while (found := self._next()) is not None:
            start, body = found
            if start == b"$":
                return unpacked(body)
        return None

    def _next(self) -> tuple[bytes, bytes] | None:
        starts = [at for mark in (b"$", b"%") if (at := self._bytes.find(mark)) >= 0]
        start = min(starts, default=len(self._bytes))
        del self._bytes[:start]
        end = self._bytes.find(b"#")
        if end < 0 or end + 3 > len(self._bytes):
            if len(self._bytes) > MOST_BYTES:
                raise DebugFailed(f"The gdb stub sent {MOST_BYTES:,} bytes that are not a packet.")
            return None
        mark, body = bytes(self._bytes[:1]), bytes(self._bytes[1:end])
        checksum = bytes(self._bytes[end + 1 : end + 3])
        del self._bytes[: end + 3]
        if b"%02x" % (sum(body) & 0xFF) != checksum.lower():
            raise DebugFailed(f"The gdb stub sent a packet with a wrong checksum: {body[:40]!r}.")
        return mark, body
