"""Judge the messages between two tasks: none lost, none twice, none out of order."""

from pytest_karatos.errors import WrongSchedule
from pytest_karatos.event import Event
from pytest_karatos.scheduler.judge import quoted


class MessagesInOrder:
    """The first ``count`` messages from ``sender`` reach ``receiver``, each once, in order."""

    def __init__(self, sender: str, receiver: str, *, count: int) -> None:
        self._sender, self._receiver, self._count = sender, receiver, count
        self._sent: list[int] = []
        self._got: list[int] = []
        self._last: Event | None = None
        self.wanted = f"{count} messages from '{sender}' to '{receiver}'"

    def see(self, event: Event) -> bool:
        """Take in a ``send`` or ``recv`` between the two."""
        seq = event.fields.get("seq", "")
        ends = {event.task, event.fields.get("to", event.fields.get("from", "")).lower()}
        if ends == {self._sender, self._receiver} and seq.isdigit():
            if event.kind == "send" and event.task == self._sender:
                self._sent.append(int(seq))
            elif event.kind == "recv" and event.task == self._receiver:
                self._take(int(seq), event)
        return len(self._got) >= self._count

    def missing(self) -> str:
        """Say which message is awaited."""
        if self._sent and len(self._sent) > len(self._got):
            return f"{self._lost(self._sent[len(self._got)])}: {self._so_far()}."
        return (
            f"'{self._sender}' sent {len(self._sent)} of {self._count} messages, "
            f"'{self._receiver}' got {len(self._got)}."
        )

    def _take(self, seq: int, event: Event) -> None:
        # Without a send before it, the first message that arrives sets the count.
        first = self._sent[0] if self._sent else (self._got[0] if self._got else seq)
        expected = first + len(self._got)
        before = [self._last] if self._last else []
        self._last = event
        if seq != expected:
            raise WrongSchedule(self._wrong(seq, expected), why=quoted(*before, event))
        self._got.append(seq)

    def _wrong(self, seq: int, expected: int) -> str:
        if seq in self._got:
            return f"message {seq} from '{self._sender}' reached '{self._receiver}' twice."
        after = f"{self._got[-1]} then {seq}" if self._got else f"{seq} came first"
        return f"{self._lost(expected)}: {after}."

    def _lost(self, seq: int) -> str:
        return f"message {seq} from '{self._sender}' never reached '{self._receiver}'"

    def _so_far(self) -> str:
        return f"{self._got[-1]} was the last" if self._got else "none did"
