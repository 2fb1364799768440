"""Talk to QEMU's control line; every answer has a deadline, so that nothing here can hang."""

import itertools
import json
import os
import select
from collections.abc import Callable
from typing import Any

from pytest_karatos.console import Line
from pytest_karatos.deadline import Deadline
from pytest_karatos.errors import Fixable, MachineEnded

#: How long one look lasts before we ask whether QEMU is still there, in seconds: until it has
#: opened its end of the pipe, its death cannot be seen there.
_LOOK = 0.05


class Qmp:
    """A synchronous client of the QEMU Machine Protocol over ``line``.

    ``alive`` tells whether QEMU runs. Events are kept, newest last, at most a hundred.
    """

    def __init__(self, line: Line, alive: Callable[[], bool]) -> None:
        self._line = line
        self._alive = alive
        self._buffer = b""
        self._numbers = itertools.count(1)
        self._poll = select.poll()
        self._poll.register(line.fileno(), select.POLLIN)
        self.events: list[dict[str, Any]] = []
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
        number = next(self._numbers)
        order = {"execute": command, "id": number, "arguments": arguments}
        self._line.send(json.dumps(order).encode() + b"\n", deadline.left)
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
            self.events = [*self.events[-99:], message]

    def _text_line(self, deadline: Deadline, command: str) -> bytes:
        while b"\n" not in self._buffer:
            if self._poll.poll(min(_LOOK, deadline.left) * 1000):
                data = os.read(self._line.fileno(), 65536)
                if not data:
                    raise MachineEnded(f"QEMU ended before it answered '{command}'.")
                self._buffer += data
            elif not self._alive():
                raise MachineEnded(f"QEMU ended before it answered '{command}'.")
            elif deadline.expired:
                raise MachineEnded(
                    f"QEMU did not answer '{command}' within {deadline.seconds:g} s."
                )
        line, _, self._buffer = self._buffer.partition(b"\n")
        return line


def _version(said: dict[str, Any]) -> str:
    numbers = said.get("qemu", {})
    version = ".".join(str(numbers.get(part, "?")) for part in ("major", "minor", "micro"))
    package = str(said.get("package") or "")
    return f"{version} ({package})" if package else version
