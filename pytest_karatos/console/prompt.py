"""What a test types: not before the firmware is ready, and no more than the guest takes."""

from pytest_karatos.console.failure import describe_end
from pytest_karatos.console.pump import Pump
from pytest_karatos.console.reader import TranscriptReader
from pytest_karatos.console.stream import Stream
from pytest_karatos.console.streams import Streams
from pytest_karatos.console.wait import evidence
from pytest_karatos.deadline import Deadline
from pytest_karatos.errors import MachineEnded, Stuck


class InputReady:
    """The text that a boot prints when it is ready, looked for in ``replay`` from the first byte.

    An empty ``text`` means: always ready.
    """

    def __init__(self, text: str, replay: TranscriptReader) -> None:
        self._text = text
        self._replay = replay
        self._seen = ""
        self._is_ready = not text
        #: Where the text that was found last ends, in characters from the boot on.
        self.end = 0

    def wait(self, seconds: float) -> None:
        """Return when the text has come; at once when it has come before.

        :raises NotSeen: it did not come. :raises Misbehaved: what a wait of a console sees.
        """
        deadline = Deadline(seconds)
        while not self._is_ready:
            before, found, after = self._seen.partition(self._text)
            self._is_ready = bool(found)
            self._seen = after if found else before[-len(self._text) :]
            if found:
                self.end = self._replay.position - len(after)
            else:
                self._seen += self._replay.more(f"{self._text!r} before typing", deadline)

    def again(self) -> None:
        """Expect the text once more, in what comes from now on: the machine boots anew."""
        while self._replay.rest():
            pass
        self._seen = ""
        self._is_ready = not self._text


def send_to_guest(pump: Pump, stream: Stream, streams: Streams, data: bytes, seconds: float) -> int:
    """Send ``data`` within ``seconds`` and return its length.

    :raises MachineEnded: nobody is there. :raises Stuck: the guest does not take it.
    """
    if pump.ended:
        sentence = f"Could not send {data!r}: {describe_end(streams.life)}."
        raise MachineEnded(evidence(stream, streams).below(sentence))
    sent = pump.line.send(data, seconds)
    if sent < len(data):
        sentence = f"The guest took {sent} of {len(data)} bytes that were sent, and no more."
        raise Stuck(evidence(stream, streams).below(sentence))
    return sent
