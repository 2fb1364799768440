"""A schedule of one boot, by its name: time that passes right before one instruction.

A guest whose ``-icount`` has a fixed length for each instruction is never slower than that. A chip
is: flash waits, caches miss, DMA takes the bus. So a schedule lets all timers that are due next
fire before the instruction at an address is executed for the first time, ``stall`` times.
"""

import re
from dataclasses import dataclass

_NAME = re.compile(
    r"at=0x([0-9a-f]{1,16})(?:,stall=([1-9]\d{0,3}))?(?:,flip=0x([0-9a-f]{1,16})\.([0-7]))?"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Schedule:
    """Time for the next ``stall`` deadlines of timers, before ``address`` is executed first.

    ``flip`` is a bit that is turned over there: the address of its byte, and its number in it.

    >>> print(Schedule(address=0x6c, stall=7), Schedule(address=0x6c, flip=(0x20000010, 3)))
    at=0x6c,stall=7 at=0x6c,flip=0x20000010.3
    """

    address: int
    stall: int = 1
    flip: tuple[int, int] | None = None

    def __str__(self) -> str:
        more = f",stall={self.stall}" if self.stall > 1 else ""
        flip = f",flip={self.flip[0]:#x}.{self.flip[1]}" if self.flip else ""
        return f"at={self.address:#x}{more}{flip}"


def schedule_of(variation: str) -> Schedule | None:
    """Return the schedule that a variation's name says; None where it says none.

    >>> schedule_of("at=0x6c,stall=7") == Schedule(address=0x6c, stall=7), schedule_of("shift=3")
    (True, None)
    """
    found = _NAME.fullmatch(variation)
    if found is None:
        return None
    flip = (int(found[3], 16), int(found[4])) if found[3] else None
    return Schedule(address=int(found[1], 16), stall=int(found[2] or 1), flip=flip)
