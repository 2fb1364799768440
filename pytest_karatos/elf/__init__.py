"""Read ELF files: the one door to pyelftools, and the one place that distrusts a file's headers."""

from pytest_karatos.elf.fitness import check
from pytest_karatos.elf.reader import read
from pytest_karatos.elf.record import Elf, Section, Segment

__all__ = ["Elf", "Section", "Segment", "check", "read"]
