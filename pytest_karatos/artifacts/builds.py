"""Keep what was built beside what was tested: ELF, map, log, and where all of it came from."""

import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pytest_karatos.artifacts.files import link_or_copy, whole_folder, write_json
from pytest_karatos.artifacts.names import safe_word
from pytest_karatos.firmware import Firmware

#: Raised when a reader of ``provenance.json`` would have to change.
SCHEMA_VERSION = 1


def keep_build(builds: Path, firmware: Firmware) -> Firmware:
    """Put ``firmware`` into a folder of its own below ``builds`` and return it as it is there.

    What is tested is then what is kept, whatever becomes of the shelf or of an ELF of the user's.

    It holds ``firmware.elf``, ``provenance.json`` and, where they are known, ``firmware.map`` and
    ``build.log``. Whoever comes first fills it; the others find it complete.

    :raises OSError: when it cannot be written.
    """
    word = safe_word(f"{firmware.board.name}-{firmware.profile}")
    place = builds / f"{word}-{firmware.key[:8]}"
    if not place.is_dir():
        with whole_folder(place) as new:
            # The shelf never writes a file twice; an ELF of the user's may be built over.
            keep = link_or_copy if firmware.log is not None else shutil.copyfile
            keep(firmware.elf, new / "firmware.elf")
            for source, name in ((firmware.map, "firmware.map"), (firmware.log, "build.log")):
                if source is not None and source.exists():
                    link_or_copy(source, new / name)
            write_json(new / "provenance.json", described(firmware))
    return replace(firmware, elf=place / "firmware.elf")


def described(firmware: Firmware) -> dict[str, Any]:
    """Return all that is known of a firmware as plain values, as ``provenance.json`` has it."""
    return {
        "schema": SCHEMA_VERSION,
        "board": firmware.board.name,
        "arch": firmware.board.arch,
        "profile": firmware.profile,
        "features": list(firmware.features),
        "key": firmware.key,
        "sizes": asdict(firmware.sizes),
        "provenance": asdict(firmware.provenance),
    }
