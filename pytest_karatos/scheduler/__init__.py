"""What an RTOS says it did, and assertions on it without regexes.

Text passes the files in this order: ``events`` reads the console from its first byte, with a
``parser`` for each dialect, by its ``rules``; ``judging`` shows the events one by one to what is
asserted, each a ``trial`` of an assertion. ``assertions`` says what one is; they are on who
``runs``, on ``priorities``, ``shares``, ``spans`` between two events, ``messages``, what is
``reported``, and of ``temporal`` logic. What a test says is read by ``bounds`` and ``matching``.
``lanes`` draws what is wrong, ``clock`` tells when it was; ``comparison`` holds two boots together,
and ``scheduler`` is what tests hold.
"""

from pytest_karatos.scheduler.comparison import compare
from pytest_karatos.scheduler.parser import Parser, detect
from pytest_karatos.scheduler.scheduler import Scheduler

__all__ = ["Parser", "Scheduler", "compare", "detect"]
