"""What an RTOS says it did, and assertions on it without regexes.

Text passes the files in this order: ``events`` reads the console from its first byte, with a
``parser`` for each dialect; ``assertions``, with those on who ``runs``, take the events one by one;
``scheduler`` is what tests hold.
"""

from pytest_karatos.scheduler.parser import Parser, detect
from pytest_karatos.scheduler.scheduler import Scheduler

__all__ = ["Parser", "Scheduler", "detect"]
