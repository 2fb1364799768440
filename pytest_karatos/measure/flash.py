"""The bytes that are programmed, as ``objcopy -O binary`` would write them.

A board without flash runs from RAM: then it is the span of the whole image.
"""

from pytest_karatos.measure.protocol import BuiltElf, Figure
from pytest_karatos.measure.sections import called, flash_bytes, flash_regions, size_of


def take(subject: BuiltElf) -> Figure:
    """Measure the span of programmed bytes in each flash region."""
    flash = flash_regions(subject.board)
    value = flash_bytes(subject.elf, flash)
    if not flash:
        return Figure(value=value)
    return Figure(value=value, room=size_of(flash), room_name=called(flash))
