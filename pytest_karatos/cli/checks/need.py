"""One need of a run: what it is, whether it is met, what was found, why, and the fix."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pytest_karatos.errors import KaratosError

OK, MISSING, OPTIONAL = "ok", "missing", "optional-missing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Need:
    """One row of the doctor's answer. ``fix`` is one command, empty when there is nothing to do."""

    name: str
    state: str
    found: str
    why: str
    fix: str = ""


def refused(name: str, error: KaratosError, *, why: str, state: str = MISSING) -> Need:
    """Turn an error into a need that is not met; the first command of its fix is kept."""
    return Need(name=name, state=state, found=error.what, why=why, fix=first_command(error.fix))


def first_command(fix: str) -> str:
    """Keep the first of the ways that a fix lists.

    >>> first_command("apt-get install qemu-system-arm, or boot in the container: --x=docker")
    'apt-get install qemu-system-arm'
    >>> first_command("sudo systemctl start docker; or build with the host's tools")
    'sudo systemctl start docker'
    """
    for end in ("; or ", ", or "):
        fix = fix.partition(end)[0]
    return fix


def guarded(name: str, examine: Callable[[], Iterator[Need]]) -> list[Need]:
    """Examine, and let even a crash of the examination be a row: a doctor does not fall ill."""
    found: list[Need] = []
    try:
        found.extend(examine())
    except KaratosError as error:
        found.append(refused(name, error, why="it was examined."))
    except Exception as error:  # noqa: BLE001 - that is the point
        said = f"could not be examined: {type(error).__name__}: {error}"[:300]
        found.append(Need(name=name, state=MISSING, found=said, why="it was examined."))
    return found
