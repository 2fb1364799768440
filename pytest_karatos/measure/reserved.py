"""The bytes of RAM that NOLOAD sections of the linker script set aside for heap and stack."""

from pytest_karatos.measure import ram
from pytest_karatos.measure.protocol import BuiltElf, Figure
from pytest_karatos.measure.sections import covered, in_ram, is_reserved


def take(subject: BuiltElf) -> Figure:
    """Measure what is set aside; it must fit into what statics leave of the RAM."""
    held = in_ram(subject.elf, subject.board)
    value = covered(one for one in held if is_reserved(one))
    statics = ram.take(subject)
    if not value or statics.room is None:
        return Figure(value=value)
    left = max(0, statics.room - statics.value)
    return Figure(value=value, room=left, room_name=f"rest of {statics.room_name}")
