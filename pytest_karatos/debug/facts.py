"""Where a machine was, as plain values: under these names from the debugger to every report."""

from typing import TypedDict


class PlaceFacts(TypedDict):
    """A place in the source; ``line`` 0: only the function and ``offset`` (bytes) are known."""

    function: str
    offset: int
    file: str
    line: int
    inlined: bool


class FrameFacts(TypedDict):
    """A function that is not finished; ``places``: the innermost inlined function first.

    ``found`` is how it was found; not ``sure``: it is a guess.
    """

    address: str
    found: str
    sure: bool
    exception: str
    places: list[PlaceFacts]


class FaultRegisterFacts(TypedDict):
    """A fault register: its value, and the names of the bits that are set in it."""

    name: str
    value: str
    bits: list[str]


class CoreFacts(TypedDict):
    """A core; ``fault`` is the exception's name (empty: none), ``cause`` its words.

    ``address`` is what was accessed, None where nobody knows. ``trouble`` says what could not be
    read.
    """

    name: str
    registers: dict[str, str]
    frames: list[FrameFacts]
    fault: str
    cause: str
    address: str | None
    fault_registers: list[FaultRegisterFacts]
    trouble: str


class WhereFacts(TypedDict):
    """Where a machine was when its test failed; ``headline`` is empty when nothing was wrong.

    ``function``, ``file`` and ``line`` are the place in the code that people wrote. ``trouble``
    says what could not be read. ``printed`` are places whose addresses the firmware printed.
    """

    headline: str
    function: str
    file: str
    line: int
    cores: list[CoreFacts]
    trouble: str
    printed: list[FrameFacts]
