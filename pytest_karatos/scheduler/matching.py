"""Which events a test means: ``"run"``, ``"run:low"``, ``"send:producer seq=5"``, or a function."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from pytest_karatos.dialect import KINDS, Event
from pytest_karatos.errors import BadSetting
from pytest_karatos.settings.suggest import short_repr, unknown

#: What a test may name events by.
What = str | Callable[[Event], bool]
_WRITTEN = re.compile(r"\s*(\w+)(?::([^\s=]+))?((?:\s+\w+=\S+)*)\s*")
_WORD = re.compile(r"(\w+)=(\S+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Meant:
    """Events of a ``kind``, perhaps of one ``task`` and with some ``fields``.

    >>> meant_by("send:a seq=5").words, meant_by("run").task
    ("'send:a seq=5'", '')
    """

    words: str
    kind: str = ""
    task: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    judge: Callable[[Event], bool] | None = None

    def __call__(self, event: Event) -> bool:
        """Tell whether ``event`` is meant."""
        if self.judge is not None:
            return bool(self.judge(event))
        return (
            event.kind == self.kind
            and self.task in ("", event.task)
            and all(event.fields.get(key) == text for key, text in self.fields.items())
        )


def meant_by(what: What, task: str = "") -> Meant:
    """Read what a test means; ``task`` is one that it names besides.

    :raises UnknownName: there is no such kind of event. :raises BadSetting: it says nothing.
    """
    if callable(what):
        name = getattr(what, "__name__", "")
        named = name if name.isidentifier() else "what the test's function looks for"
        return Meant(words=named, judge=what)
    found = _WRITTEN.fullmatch(str(what))
    if found is None:
        raise BadSetting(
            f"{short_repr(what)} does not say which events are meant.",
            fix="write a kind as 'run', with a task as 'run:low', with fields as 'send:a seq=5'",
        )
    kind, given, more = found.groups()
    if kind not in KINDS:
        raise unknown("kind of event", kind, KINDS, origin=short_repr(what))
    whose = (given or task).lower()
    words = f"{kind}:{whose}" if whose else kind
    return Meant(words=f"'{words}{more}'", kind=kind, task=whose, fields=dict(_WORD.findall(more)))


def chosen(events: Iterable[Event], what: What, task: str = "") -> list[Event]:
    """Return those of ``events`` that are meant."""
    meant = meant_by(what, task)
    return [event for event in events if meant(event)]
