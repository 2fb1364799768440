"""A script that is the device at the other end of a line: a modem, a sensor, a peer.

It reads what the firmware says there, question by question, in a thread of its own, and types what
is written for each. What goes wrong in it ends the wait that its test is in.
"""

import re
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

from pytest_karatos.console.failure import fit
from pytest_karatos.console.prompt import send_to_guest
from pytest_karatos.console.stream import Stream
from pytest_karatos.console.streams import Streams
from pytest_karatos.errors import Unanswered

#: What is typed for a question; a function makes it of the question's match.
Reply = str | bytes | Callable[[re.Match[str]], "str | bytes"]
#: Host seconds after which the thread looks whether it shall end, and that typing may take.
_SLICE, _TYPING = 0.05, 30.0
#: Questions that are remembered, and how much of one without an end is kept, in characters.
_MOST, _LONGEST = 10_000, 64 * 1024


class Answers:
    r"""A context manager while whose block lasts each question on a line gets its reply.

    A question is what the firmware says up to ``end`` (a line), without that; one without text is
    none. The first pattern that fits all of it decides. What was said before the block and not
    matched yet is answered too. Replies ask for no reset of the firmware, as what a test types may.
    """

    def __init__(
        self, stream: Stream, streams: Streams, replies: Mapping[str, Reply], *, end: str
    ) -> None:
        if not replies or not end:
            raise ValueError("a script needs replies, and an end that its questions have")
        self._replies = [(re.compile(one), reply) for one, reply in replies.items()]
        self._stream, self._streams, self._end = stream, streams, end
        #: The questions so far, the first ten thousand of them.
        self.asked: list[str] = []
        #: What ended it before its time.
        self.error: BaseException | None = None
        self._rest = ""
        self._seen = 0
        self._position = stream.cursor
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="karatos-answers", daemon=True)

    def __enter__(self) -> Self:
        self._streams.join(self)
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Answer what has come by now, and stop.

        :raises Unanswered: nothing was written for a question. Other errors are a reply's own.
        """
        self._closing.set()
        self._thread.join()
        self._streams.leave(self)
        if self.error is None or self.error is error:
            return
        if error is None:
            raise self.error
        error.add_note(f"and: {self.error}")

    def untaken(self) -> int:
        """Return how many bytes have come that were not looked at yet: the guest may wait for us.

        None where the script has failed.
        """
        return 0 if self.error else max(0, self._stream.pump.total - self._seen)

    def _run(self) -> None:
        pump = self._stream.pump
        try:
            while not self._closing.is_set():
                if self._stream.finished:
                    self._closing.wait()
                pump.wait_until(self._seen + 1, _SLICE)
                self._answer_all()
            pump.drain(_SLICE)
            self._answer_all()
        except BaseException as error:  # noqa: BLE001 - whatever a reply raises is the test's
            self.error = error

    def _answer_all(self) -> None:
        seen = self._stream.pump.total
        with self._streams.lock:
            self._stream.pull_all()
            self._rest += self._stream.part(self._position, self._stream.end)
            self._position = self._stream.end
        *questions, self._rest = self._rest.split(self._end)
        self._rest = self._rest[-_LONGEST:]
        for question in questions:
            if question.strip():
                self._answer(question)
        self._seen = seen

    def _answer(self, question: str) -> None:
        if len(self.asked) < _MOST:
            self.asked.append(question)
        reply = self._reply_to(question)
        data = reply.encode() if isinstance(reply, str) else reply
        if data:
            send_to_guest(self._stream.pump, self._stream, self._streams, data, _TYPING)

    def _reply_to(self, question: str) -> str | bytes:
        for pattern, reply in self._replies:
            if match := pattern.fullmatch(question):
                return reply(match) if callable(reply) else reply
        known = ", ".join(repr(pattern.pattern) for pattern, _ in self._replies)
        raise Unanswered(
            f"{self._stream.name} said {fit(question)!r}, and nothing is written to answer it.",
            why=f"the test's script knows {fit(known)}.",
            fix='write a reply for it; {r".*": ""}, put last, lets the rest go unanswered',
        )
