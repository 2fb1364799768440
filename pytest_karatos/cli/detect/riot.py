"""A RIOT application, whose Makefile includes RIOT's own."""

import re
from pathlib import Path

from pytest_karatos.cli.detect.found import Found, because
from pytest_karatos.cli.detect.makefile import Makefile

_OUTSIDE = (
    "where RIOT is: builds happen in a copy of this folder, so write RIOTBASE as an absolute "
    '[build] env = { RIOTBASE = "/path/to/RIOT" }, or source = the folder of RIOT'
)
_SIGN = re.compile(r"^\s*include\s+\$[({]RIOTBASE[)}]/Makefile\.include\b", re.MULTILINE)


def recognise(tree: Path) -> Found | None:
    """Recognise an application by the file that it includes."""
    if not (tree / "Makefile").is_file():
        return None
    made = Makefile(tree=tree, file="Makefile")
    if not _SIGN.search(made.text):
        return None
    name = made.values.get("APPLICATION", "") or tree.resolve().name
    builder, why = because("RIOT's compilers")
    return Found(
        saw=(
            "Makefile: a RIOT application, which includes $(RIOTBASE)/Makefile.include",
            "of RIOT's boards QEMU has the microbit",
            *_saw_base(made),
        ),
        command="make BOARD={board} all",
        elf=f"bin/{{board}}/{name}.elf",
        hint="arm",
        boards=("microbit",),
        builder=builder,
        builder_why=why,
        unsure=_unsure(made, tree),
    )


def _saw_base(made: Makefile) -> tuple[str, ...]:
    base = made.values.get("RIOTBASE", "")
    return (f"RIOTBASE is {base}",) if base else ()


def _unsure(made: Makefile, tree: Path) -> tuple[str, ...]:
    """Say where RIOT itself lies outside: a build happens in a copy of this folder alone."""
    base = made.expand(made.values.get("RIOTBASE", "")).replace("\x01", "")
    if "RIOTBASE" in made.values and (tree / base).resolve().is_relative_to(tree.resolve()):
        return ()
    return (_OUTSIDE,)
