"""Advice for a run that found no test: where to begin in a firmware tree."""

from collections.abc import Iterator
from pathlib import Path

from pytest_karatos.cli.detect.target import target_of
from pytest_karatos.cli.detect.ways import recognise
from pytest_karatos.errors import KaratosError
from pytest_karatos.nearest import folder_with_settings
from pytest_karatos.settings import packaged

_COMMAND = "python -m pytest_karatos init"


def advice(root: Path) -> Iterator[str]:
    """Yield what to do; nothing where ``root`` does not look like firmware."""
    if folder_with_settings(root) is not None:
        yield f"karatos: there is no test here; {_COMMAND} writes a first one."
        return
    try:
        boards = packaged({}).boards
        found = recognise(root, boards)
        target = target_of(root, found, boards)
    except (KaratosError, OSError):  # whatever is wrong there, nobody asked for it
        return
    if target.boards:
        yield f"karatos: firmware without tests ({found.saw[0]}); {_COMMAND} begins."
