"""The facts of a boot as plain values: under these names from the machine to every report."""

from typing import TypedDict

from pytest_karatos.debug.facts import WhereFacts


class MachineFacts(TypedDict):
    """What is known of a boot.

    ``state`` is ``running``, ``ended`` (by itself), ``stopped`` (by us) or ``failed`` (it did not
    start); ``exit_status`` None while it ran until we stopped it; ``emulator`` its name and
    version; ``command`` the boot as people type it; ``started`` UTC in ISO 8601; ``seconds`` of
    the host since the guest was let go; ``bytes`` and ``dropped_bytes`` of the console;
    ``instructions`` None when unknown; ``pauses`` and ``resets`` that were asked for;
    ``own_resets`` of the firmware by itself, of which ``unasked_resets`` answered nothing;
    ``variation`` names what was different from other boots of the ELF; ``where`` is where the
    firmware was when its test failed, None when nobody looked; ``lost`` sentences about files that
    the disk did not take.
    """

    board: str
    arch: str
    elf: str
    elf_sha256: str
    emulator: str
    argv: list[str]
    command: str
    folder: str
    state: str
    exit_status: int | None
    started: str
    seconds: float
    bytes: int
    dropped_bytes: int
    instructions: int | None
    pauses: int
    resets: int
    own_resets: int
    unasked_resets: int
    variation: str
    where: WhereFacts | None
    lost: list[str]


def unknown_boot(folder: str) -> MachineFacts:
    """Return the facts of a boot of which nobody told any."""
    return MachineFacts(
        board="",
        arch="",
        elf="",
        elf_sha256="",
        emulator="",
        argv=[],
        command="",
        folder=folder,
        state="",
        exit_status=None,
        started="",
        seconds=0.0,
        bytes=0,
        dropped_bytes=0,
        instructions=None,
        pauses=0,
        resets=0,
        own_resets=0,
        unasked_resets=0,
        variation="",
        where=None,
        lost=[],
    )
