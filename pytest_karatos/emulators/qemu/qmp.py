"""A client of QEMU's control protocol (QMP); every answer has a deadline."""

import itertools
import json
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

from pytest_karatos.console import NamedPipes
from pytest_karatos.deadline import Deadline
from pytest_karatos.errors import Fixable, MachineEnded

#: How long one look lasts before we ask whether QEMU is still there, in seconds: until it has
#: opened its end of the pipe, its death cannot be seen there.
_LOOK = 0.05
_GLANCE = 0.0002


class Qmp:
    """A synchronous client of the QEMU Machine Protocol over ``line``.

    ``alive`` tells whether QEMU runs. Events are met on the way to an answer, and handed to
    ``on_event``.
    """

    def __init__(self, line: NamedPipes, alive: Callable[[], bool]) -> None:
        self._line = line
        self._alive = alive
        self._torn = b""
        self._lines: deque[bytes] = deque()
        self._numbers = itertools.count(1)
        # A test may wait on its consoles from several threads, and each wait looks at the guest.
        self._lock = threading.RLock()
        self._poll = select.poll()
        self._poll.register(line.fileno(), select.POLLIN)
        self.on_event: Callable[[dict[str, Any]], object] = lambda event: event
        #: Whether QEMU was seen to be gone; its process may be for a moment longer.
        self.has_ended = False
        #: QEMU's version and package, as ``7.2.22 (Debian 1:7.2+dfsg-7)``; empty before greeted.
        self.version = ""

    def greet(self, timeout: float) -> None:
        """Wait for QEMU's greeting and agree on the protocol.

        :raises MachineEnded: when QEMU ends, or says nothing in ``timeout`` seconds.
        """
        deadline = Deadline(timeout)
        greeting = self._message(deadline, "greet")
        while "QMP" not in greeting:
            greeting = self._message(deadline, "greet")
        self.version = _version(greeting["QMP"].get("version", {}))
        self.ask("qmp_capabilities", timeout=max(deadline.left, 1.0))

    def ask(self, command: str, *, timeout: float = 5.0, **arguments: object) -> Any:  # noqa: ANN401 - each command has its own answer
        """Run ``command`` and return what it returns.

        :raises MachineEnded: when QEMU is gone or does not answer in ``timeout`` seconds.
        :raises Fixable: when QEMU refuses.
        """
        deadline = Deadline(timeout)
        with self._lock:
            return self._answer(self._order(command, arguments, deadline), command, deadline)

    def obeys(self, line: str) -> bool:
        """Give a command of the human monitor, which says something only when it cannot.

        :raises MachineEnded: when QEMU is gone, or does not answer.
        """
        arguments: dict[str, Any] = {"command-line": line}
        return not self.ask("human-monitor-command", **arguments).strip()

    def begin(self, command: str) -> Callable[[float], bool]:
        """Give ``command`` and return what tells, within seconds, whether it was carried out.

        :raises MachineEnded: when QEMU is gone, at the question.
        """
        with self._lock:
            number = self._order(command, {}, Deadline(1.0))
        return lambda seconds: self._is_done(number, command, Deadline(seconds))

    def wait_until_heard(self, seconds: float) -> None:
        """Wait up to ``seconds`` until QEMU has read what it was told."""
        deadline = Deadline(seconds)
        # It reads no further than the order goes: the line end is read when that is done.
        while self._line.untaken() > 1 and not deadline.expired:
            time.sleep(_GLANCE)

    def _is_done(self, number: int, command: str, deadline: Deadline) -> bool:
        with self._lock:
            try:
                self._answer(number, command, deadline)
            except MachineEnded:
                if not self._alive():
                    raise
                return False
        return True

    def _order(self, command: str, arguments: Mapping[str, object], deadline: Deadline) -> int:
        if self._line.fileno() < 0:
            raise MachineEnded(f"The machine is over: nobody is there to ask for '{command}'.")
        number = next(self._numbers)
        order = {"execute": command, "id": number, "arguments": arguments}
        self._line.send(json.dumps(order).encode() + b"\n", deadline.left)
        return number

    def _answer(self, number: int, command: str, deadline: Deadline) -> Any:  # noqa: ANN401 - as above
        while True:
            message = self._message(deadline, command)
            if message.get("id") != number:
                continue  # an answer that came after its own deadline
            if "return" in message:
                return message["return"]
            if "error" in message:
                raise Fixable(f"QEMU refuses '{command}': {message['error'].get('desc', message)}")

    def _message(self, deadline: Deadline, command: str) -> dict[str, Any]:
        while True:
            message: dict[str, Any] = json.loads(self._text_line(deadline, command))
            if "event" not in message:
                return message
            self.on_event(message)

    def hear_rest(self) -> None:
        """Take in the events that came before QEMU ended, and were on the way to no answer."""
        with self._lock:
            while self._line.fileno() >= 0 and self._poll.poll(0) and self._take():
                pass
            while self._lines:
                message = json.loads(self._lines.popleft())
                if "event" in message:
                    self.on_event(message)

    def _take(self) -> bool:
        """Take what is there; False at the end."""
        data = os.read(self._line.fileno(), 65536)
        *lines, self._torn = (self._torn + data).split(b"\n")
        self._lines.extend(line for line in lines if line.strip())
        return bool(data)

    def _text_line(self, deadline: Deadline, command: str) -> bytes:
        while not self._lines:
            if self._poll.poll(min(_LOOK, deadline.left) * 1000):
                self.has_ended = not self._take()
            else:
                self.has_ended = not self._alive()
            if self.has_ended:
                raise MachineEnded(f"QEMU ended before it answered '{command}'.")
            if not self._lines and deadline.expired:
                raise MachineEnded(
                    f"QEMU did not answer '{command}' within {deadline.seconds:g} s."
                )
        return self._lines.popleft()


def _version(said: dict[str, Any]) -> str:
    numbers = said.get("qemu", {})
    version = ".".join(str(numbers.get(part, "?")) for part in ("major", "minor", "micro"))
    package = str(said.get("package") or "")
    return f"{version} ({package})" if package else version
