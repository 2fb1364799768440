"""A function that is not finished, somewhere up the stack."""

from collections.abc import Mapping
from dataclasses import dataclass

from pytest_karatos.debug.symbols import Place

Registers = Mapping[str, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """A function that is not finished: where it is (``pc``, ``places``), and its registers.

    ``found`` is how: ``registers`` (the innermost), ``cfi``, ``exception`` (what an exception or a
    trap interrupted), ``link`` (who jumped to where no code is), ``callers`` (the only call that
    fits), ``near exception`` (the caller of that, which itself is lost), ``frame pointer``,
    ``guess``, or ``printed``, by the firmware itself. ``exception`` names the one that this
    frame's function serves.
    """

    pc: int
    sp: int
    #: An address of the instruction that is being executed: ``pc``, or before it where that is
    #: behind a call, which may be the last instruction of its function.
    inside: int
    places: tuple[Place, ...]
    found: str
    registers: Registers
    exception: str = ""

    @property
    def is_sure(self) -> bool:
        """Whether nothing of it was guessed."""
        return self.found in {"registers", "cfi", "exception", "link", "callers", "printed"}

    @property
    def is_exact(self) -> bool:
        """Whether ``pc`` is the very instruction, not the one behind a call."""
        return self.inside == self.pc

    @property
    def was_interrupted(self) -> bool:
        """Whether it, or what it called, was interrupted by the frames before it."""
        return self.found in {"exception", "near exception"}

    @property
    def place(self) -> Place | None:
        """Where it is, in the code that people wrote: the innermost that is not the library's."""
        own = [one for one in self.places if not one.is_library]
        return next(iter((*own, *self.places)), None)

    def text_of(self, place: Place) -> str:
        """Write ``place``, one of this frame, with the functions that it is inlined into."""
        outer = self.places[self.places.index(place) :]
        shown = [one for one in outer if one is place or not one.is_library]
        return " < ".join(map(str, shown))

    def __str__(self) -> str:
        where = " < ".join(str(one) for one in self.places) or f"{self.pc:#010x}"
        guess = "guess" if self.found == "guess" else f"guess, by the {self.found}"
        printed = f"printed as {self.pc:#x}" if self.found == "printed" else ""
        notes = [self.exception, printed, "" if self.is_sure else guess]
        return where + "".join(f" ({note})" for note in notes if note)
