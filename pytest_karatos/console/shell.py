"""A shell behind a line: when it is at its prompt, and what it answered to a command.

A prompt that a command prints itself must not end its answer. So a prompt is the last line of what
came, all of it, and one at which the guest stays although it has time to go on.
"""

import time

from pytest_karatos.console.patience import GuestLook
from pytest_karatos.console.search import Hit, Wanted
from pytest_karatos.console.stream import Stream
from pytest_karatos.console.streams import Streams
from pytest_karatos.console.wait import QUIET_ENOUGH, Wait
from pytest_karatos.errors import BadSetting, Misbehaved
from pytest_karatos.watch_rules import Prompt

#: Seconds of its own time for which a guest stays at a prompt that is one.
_STAYS = 0.02
#: Host seconds between two looks at a guest that may stay: the first, and the longest. Looking
#: keeps an emulator awake: one that sleeps is seen to do so only when it had been left alone.
_PAUSE, _LONGEST = 0.002, 0.25
_HIDDEN = (
    "a prompt is seen where nothing stands behind it. What came there, a log say, hides it: keep "
    "that quiet, ask for another by console.sendline(), or wait with console.expect"
)


def required(text: str) -> Prompt:
    """Make the prompt of a command.

    :raises BadSetting: nobody said what it is, or it cannot be one.
    """
    if not text:
        raise BadSetting(
            "nobody says what this shell's prompt is.",
            why="what a command prints ends where the next prompt begins.",
            fix='write [console] prompt = "> " (a board, a firmware or the marker karatos may say '
            "it too), or hand it over: console.command(..., prompt=...)",
        )
    try:
        return Prompt(text)
    except ValueError as no:
        raise BadSetting(f"the prompt {text!r} {no}.") from None


class _AtPrompt(Wanted):
    """A text of ``stream`` that ends with a prompt, which began behind ``since``."""

    def __init__(self, stream: Stream, prompt: Prompt, since: int) -> None:
        super().__init__()
        self._stream, self._prompt, self._since = stream, prompt, since

    def find(self, text: str, start: int, fresh: int) -> Hit | None:
        """Find the prompt in the last line; more text, or none, decides whether it is one."""
        del start, fresh
        # What is typed is not always echoed: then the next prompt begins behind the one before.
        begin = max(text.rfind("\n") + 1, self._since - self._stream.base)
        if not self._prompt.fits(text[begin:]):
            return None
        return Hit(index=0, start=begin, end=len(text), match=text[begin:], open=True)


class PromptWait(Wait):
    """A wait until the shell of ``stream`` is at a prompt that began behind ``since``.

    ``when`` goes on with the sentence "Waited for the prompt".
    """

    def __init__(
        self, stream: Stream, streams: Streams, prompt: Prompt, *, when: str, since: int
    ) -> None:
        super().__init__(stream, streams, _AtPrompt(stream, prompt, since), patient=False)
        self.names.append(f"the prompt {prompt.text!r} {when}")
        self._prompt, self._since = prompt, since
        #: Where the text ended when the guest was looked at first; that look, and its moment.
        self._stood_at = -1
        self._first: GuestLook | None = None
        self._latest: GuestLook | None = None
        self._stands_since = 0.0
        self._pause = _PAUSE

    def _is_settled(self) -> bool:
        """Tell whether the guest, given its time, says nothing more."""
        look, now = self._streams.life.look(), time.monotonic()
        if self._stood_at != self._stream.offset or self._streams.untaken():
            self._stood_at, self._first, self._stands_since = self._stream.offset, look, now
            self._latest, self._pause = None, _PAUSE
        before, self._latest = self._latest, look
        if self._stream.finished:
            return True
        if not self._has_stayed(before, look, now):
            return False
        # What the guest said before that look may still be on its way.
        return self._stream.pump.drain(QUIET_ENOUGH) and self._stream.pump.total == self._stood_at

    def _has_stayed(self, before: GuestLook | None, look: GuestLook | None, now: float) -> bool:
        if self._first is None or look is None:
            return now - self._stands_since >= QUIET_ENOUGH
        sleeps = bool(look.asleep) and before is not None and look.stands_where(before)
        return sleeps or look.seconds - self._first.seconds >= _STAYS

    def _sleep_until_more(self) -> None:
        if self._stood_at != self._stream.offset:
            super()._sleep_until_more()
        else:
            self._stream.pump.wait_until(self._stood_at + 1, self._pause)
            self._pause = min(2 * self._pause, _LONGEST)

    def _in_vain(self, error: Misbehaved) -> Misbehaved:
        lines = self._stream.part(self._since, self._stream.end).split("\n")
        if any(map(self._prompt.begins, lines)):
            error.fix = _HIDDEN
        return super()._in_vain(error)


def without_echo(text: str, typed: str) -> str:
    r"""Return what a shell printed after it had printed back what was ``typed``, if it did.

    A shell that breaks long lines breaks its echo too.

    >>> without_echo("ps\ninit 1\nidle 2\n", "ps"), without_echo("3\n", "1+2")
    ('init 1\nidle 2', '3')
    """
    at = 0
    for one in typed.strip():
        while text[at : at + 1] in ("\n", " ") and text[at : at + 1] != one:
            at += 1
        if text[at : at + 1] != one:
            return text.strip("\n")
        at += 1
    line, end, rest = text[at:].partition("\n")
    return rest.strip("\n") if end and not line.strip() else text.strip("\n")
