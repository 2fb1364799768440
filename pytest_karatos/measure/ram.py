"""The bytes of RAM that statics take: ``.data``, ``.bss`` and code that runs from RAM."""

from pytest_karatos.measure.protocol import BuiltElf, Figure
from pytest_karatos.measure.sections import (
    called,
    covered,
    in_ram,
    is_reserved,
    ram_regions,
    size_of,
)


def take(subject: BuiltElf) -> Figure:
    """Measure what is in RAM, without the room that is kept for heap and stack."""
    held = in_ram(subject.elf, subject.board)
    value = covered(one for one in held if not is_reserved(one))
    ram = ram_regions(subject.board)
    if not ram:
        return Figure(value=value)
    return Figure(value=value, room=size_of(ram), room_name=called(ram))
