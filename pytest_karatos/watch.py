"""Say what a console is watched for besides the text that a test waits for."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchRules:
    """The limits of a healthy console.

    ``faults`` are texts that mean a crash wherever they appear (a panic's first words).
    ``silence_seconds`` is how long a wait lets the console say nothing before it calls the
    firmware silent. ``repeats`` is how often the same block of up to 32 lines may come in
    succession, while a wait is going on, before it is called endless repetition; ``restarts`` how
    often the boot text (``boot_text``, the first line when empty) may come again.
    ``total_bytes`` bounds one boot's output, ``line_bytes`` one line's length.
    ``newline`` is what ``sendline`` ends a line with. ``ready`` is what the firmware prints when it
    takes input (empty: always). ``filter`` is a program with its arguments that turns the
    console's bytes into the text that is watched; empty when the bytes are text.
    """

    faults: tuple[str, ...] = ()
    silence_seconds: float = 5.0
    repeats: int = 200
    restarts: int = 3
    boot_text: str = ""
    total_bytes: int = 64 * MIB
    line_bytes: int = 64 * KIB
    newline: str = "\n"
    ready: str = ""
    filter: tuple[str, ...] = ()
