"""Type nothing before the firmware says that it takes input."""

from pytest_karatos.console.replay import Replay
from pytest_karatos.deadline import Deadline


class Ready:
    """The text that a boot prints when it is ready, looked for in ``replay`` from the first byte.

    An empty ``text`` means: always ready.
    """

    def __init__(self, text: str, replay: Replay) -> None:
        self._text = text
        self._replay = replay
        self._seen = ""
        self._is_ready = not text

    def wait(self, seconds: float) -> None:
        """Return when the text has come; at once when it has come before.

        :raises NotSeen: it did not come. :raises Misbehaved: what a wait of a console sees.
        """
        deadline = Deadline(seconds)
        while not self._is_ready:
            before, found, after = self._seen.partition(self._text)
            self._is_ready = bool(found)
            self._seen = after if found else before[-len(self._text) :]
            if not found:
                self._seen += self._replay.more(f"{self._text!r} before typing", deadline)

    def again(self) -> None:
        """Expect the text once more: the machine boots anew."""
        self._is_ready = not self._text
