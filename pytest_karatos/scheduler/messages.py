"""Assertions on messages between two tasks: in order, each delivered, exactly once."""

from collections import Counter, deque

from pytest_karatos.dialect import Event
from pytest_karatos.errors import TooLittle
from pytest_karatos.scheduler.assertions import Assertion, Violation, meant, refuse_nothing
from pytest_karatos.scheduler.bounds import Bound

#: So many messages are remembered to tell one that arrives twice: firmware may send for ever.
_REMEMBERED = 10_000


class MessagesInOrder(Assertion):
    """The first ``count`` messages from ``sender`` reach ``receiver``, each once, in order."""

    kinds = frozenset({"send", "recv"})

    def __init__(self, sender: str, receiver: str, *, count: int) -> None:
        refuse_nothing("count", count)
        self._sender, self._receiver, self._count = sender, receiver, count
        self._sent: list[int] = []
        self._got: list[int] = []
        self._last: Event | None = None
        self._seen: set[str] = set()
        #: How often each message went out and came in; None when the numbers begin once more.
        self._times: dict[str, Counter[int]] | None = {"send": Counter(), "recv": Counter()}
        self.wanted = f"{count} messages from '{sender}' to '{receiver}'"

    def see(self, event: Event) -> bool:
        """Take in a ``send`` or ``recv`` between the two."""
        if event.kind in self.kinds:
            self._seen |= self._ends(event) - {""}
        seq = self._number(event)
        if seq is not None:
            if event.kind == "recv":
                self._take(seq, event)
            elif self._sent[-1:] != [seq]:
                self._sent.append(seq)
            self._count_once_more(seq, event)
            self.progress = len(self._sent) + len(self._got)
        return len(self._got) >= self._count

    def watch(self, event: Event) -> None:
        """Refuse one of the messages that comes in once more."""
        seq = self._number(event)
        if seq is not None and self._times is not None:
            again = self._count_once_more(seq, event)
            twice = event.kind == "recv" and seq in self._got and again
            if twice and (not self._sent or again > self._times["send"][seq] > 0):
                before = [self._last] if self._last else []
                raise Violation(self._wrong(seq, seq), *before, event)
            self._last = event if event.kind == "recv" else self._last

    def boots_again(self) -> None:
        """Watch no more: the numbers of messages begin once more."""
        self._times = None

    def _ends(self, event: Event) -> set[str]:
        return {event.task, event.fields.get("to", event.fields.get("from", "")).lower()}

    def _number(self, event: Event) -> int | None:
        """Return the number of a message from the one to the other, when it is sent or arrives."""
        seq = event.fields.get("seq", "")
        who = {"send": self._sender, "recv": self._receiver}.get(event.kind)
        ours = self._ends(event) == {self._sender, self._receiver}
        return int(seq) if ours and event.task == who and seq.isdigit() else None

    def _count_once_more(self, seq: int, event: Event) -> int:
        """Return how often that has happened to message ``seq`` by now."""
        if self._times is None:
            return 0
        times = self._times[event.kind]
        times[seq] += 1
        return times[seq]

    def missing(self) -> str:
        """Say which message is awaited."""
        if self._sent and len(self._sent) > len(self._got):
            return f"{self._lost(self._sent[len(self._got)])}: {self._so_far()}."
        return (
            f"'{self._sender}' sent {len(self._sent)} of {self._count} messages, "
            f"'{self._receiver}' got {len(self._got)}."
            f"{meant((self._sender, self._receiver), sorted(self._seen))}"
        )

    def _take(self, seq: int, event: Event) -> None:
        expected = self._due(seq)
        before = [self._last] if self._last else []
        self._last = event
        if seq != expected:
            raise Violation(self._wrong(seq, expected), *before, event)
        self._got.append(seq)

    def _due(self, seq: int) -> int:
        """Return the message that is due when ``seq`` comes: the next one that was sent."""
        if len(self._sent) > len(self._got):
            return self._sent[len(self._got)]
        # Who is told of no send goes by the first message that arrives.
        return self._got[-1] + 1 if self._got else seq

    def _wrong(self, seq: int, expected: int) -> str:
        if seq in self._got:
            return f"message {seq} from '{self._sender}' reached '{self._receiver}' twice."
        after = f"{self._got[-1]} then {seq}" if self._got else f"{seq} came first"
        return f"{self._lost(expected)}: {after}."

    def _lost(self, seq: int) -> str:
        return f"message {seq} from '{self._sender}' never reached '{self._receiver}'"

    def _so_far(self) -> str:
        return f"{self._got[-1]} was the last" if self._got else "none did"


class Delivers(Assertion):
    """Each message that ``sender`` sends reaches ``receiver``: exactly once, in order.

    Which message is which is told by the field ``seq`` or ``n``. It holds after ``count`` of them,
    and is watched from then on: one is lost when a later one arrives before it, when it has not
    arrived ``within`` that, and when the firmware ends without it. Where they are not
    ``exactly_once`` one may arrive again.
    """

    kinds = frozenset({"send", "recv"})

    def __init__(
        self, ends: tuple[str, str], *, count: int, exactly_once: bool, within: Bound | None
    ) -> None:
        refuse_nothing("count", count)
        if within is not None and within.is_stamped:
            raise TooLittle(
                f"within={within.words!r} takes a second boot for each message.",
                fix="bound it in events, rounds or ticks",
            )
        self._sender, self._receiver = ends
        self._count, self._once, self._within = count, exactly_once, within
        self._way: deque[tuple[str, Event]] = deque(maxlen=_REMEMBERED)
        self._arrived: dict[str, Event] = {}
        self._sent = 0
        self._unnumbered: Event | None = None
        self._seen: set[str] = set()
        once = "exactly once" if exactly_once else "at least once"
        self.wanted = f"{count} messages from '{ends[0]}' to '{ends[1]}', each {once}"

    def see(self, event: Event) -> bool:
        """Hold when so many arrived."""
        self.watch(event)
        return len(self._arrived) >= self._count

    def watch(self, event: Event) -> None:
        """Refuse one that is lost, comes twice, or was never sent."""
        if event.kind in self.kinds:
            self._note_names(event)
            seq = self._number(event)
            if seq and event.kind == "send":
                self._send(seq, event)
            elif seq:
                self._receive(seq, event)
        if self._within is not None and self._way:
            seq, sent = self._way[0]
            took = self._within.between(sent, event)
            if self._within.is_passed(took):
                raise Violation(f"{self._lost(seq)} in {self._within.said(took)}.", sent, event)

    def boots_again(self) -> None:
        """Forget all: the numbers of messages begin once more."""
        self._way.clear()
        self._arrived.clear()

    def end(self) -> None:
        """Refuse those that are still on their way: nothing arrives any more."""
        if self._way:
            seqs = [seq for seq, _ in self._way]
            shown = ", ".join(seqs[:5]) + (" ..." if seqs[5:] else "")
            which = f"messages {shown}" if seqs[1:] else f"message {shown}"
            raise Violation(
                f"{which} from '{self._sender}' never reached '{self._receiver}', and the firmware "
                "ended.",
                self._way[0][1],
            )

    def missing(self) -> str:
        """Say how many arrived."""
        lost = f" {self._lost(self._way[0][0])} yet." if self._way else ""
        return (
            f"'{self._sender}' sent {self._sent}, '{self._receiver}' got {len(self._arrived)} of "
            f"{self._count} messages.{lost}"
            f"{meant((self._sender, self._receiver), sorted(self._seen))}"
        )

    def too_little(self) -> str:
        """Say that there is no message, or none that can be told from another."""
        if self._arrived or self._way:
            return ""
        if self._unnumbered is not None:
            return (
                "the messages carry no number (fields 'seq' or 'n'), so nobody can tell one from "
                "another: too little to judge."
            )
        return (
            f"no message from '{self._sender}' to '{self._receiver}' was seen: too little to judge."
            f"{meant((self._sender, self._receiver), sorted(self._seen))}"
        )

    def _note_names(self, event: Event) -> None:
        if len(self._seen) < _REMEMBERED:
            self._seen |= {event.task, _other(event)} - {""}

    def _number(self, event: Event) -> str:
        """Return the number of a message between the two, when it is sent or arrives."""
        who, other = self._sender, self._receiver
        if event.kind == "recv":
            who, other = other, who
        if event.task != who or _other(event) not in ("", other):
            return ""
        seq = event.fields.get("seq", "") or event.fields.get("n", "")
        self._unnumbered = self._unnumbered if seq else event
        return seq

    def _send(self, seq: str, event: Event) -> None:
        self._sent += 1
        self._way.append((seq, event))

    def _receive(self, seq: str, event: Event) -> None:
        before = self._arrived.get(seq)
        on_way = [one for one, _ in self._way]
        if seq not in on_way:
            if before is None:
                raise Violation(
                    f"message {seq} reached '{self._receiver}' and '{self._sender}' never sent it.",
                    event,
                )
            if self._once:
                raise Violation(
                    f"message {seq} from '{self._sender}' reached '{self._receiver}' twice.",
                    before,
                    event,
                )
            return
        if on_way[0] != seq:
            lost, sent = self._way[0]
            raise Violation(f"{self._lost(lost)}: {seq} came before it.", sent, event)
        self._way.popleft()
        self._remember(seq, event)

    def _remember(self, seq: str, event: Event) -> None:
        self._arrived[seq] = event
        self.progress += 1
        if len(self._arrived) > max(_REMEMBERED, self._count):
            del self._arrived[next(iter(self._arrived))]

    def _lost(self, seq: str) -> str:
        return f"message {seq} from '{self._sender}' never reached '{self._receiver}'"


def _other(event: Event) -> str:
    return event.fields.get("to", event.fields.get("from", "")).lower()
