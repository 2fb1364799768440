"""A tree of which nothing is known but the ELFs that lie there."""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from pytest_karatos.board import Board
from pytest_karatos.choices import PREBUILT
from pytest_karatos.cli.detect.found import Family, Found, Question
from pytest_karatos.cli.detect.text import files_of
from pytest_karatos.elf import check, read
from pytest_karatos.errors import KaratosError

_SUFFIXES = frozenset((".elf", ".axf", ".out", ""))
_MAGIC = b"\x7fELF"
_WHY = "nothing tells how it is built; give [build] command and elf instead"


def recognise(tree: Path, boards: tuple[Board, ...]) -> Found | None:
    """Take the ELFs that a board can boot: one for an arch, or many of one folder."""
    ordered = sorted(boards, key=lambda one: not one.default)
    elves = list(_elves(tree))
    fitting = dict(_fitting(tree, elves, ordered))
    if not fitting:
        return _refused(tree, elves, ordered) if elves else None
    by_arch: dict[str, list[str]] = {}
    for elf, board in fitting.items():
        by_arch.setdefault(board.arch, []).append(elf)
    single = all(len(elves) == 1 for elves in by_arch.values())
    families = () if single else tuple(_families(by_arch))
    return Found(
        saw=tuple(_saw(by_arch)),
        prebuilt=tuple((arch, elves[0]) for arch, elves in by_arch.items()) if single else (),
        families=families,
        boards=tuple(dict.fromkeys(one.name for one in fitting.values())),
        builder=PREBUILT,
        builder_why=_WHY,
    )


def _saw(by_arch: Mapping[str, list[str]]) -> Iterator[str]:
    for arch, elves in by_arch.items():
        more = len(elves) - len(elves[:3])
        many = f" and {more} more" if more else ""
        yield f"{', '.join(elves[:3])}{many}: firmware for {arch} that is built already"


def _families(by_arch: Mapping[str, list[str]]) -> Iterator[Family]:
    """Yield a table for the ELFs of each arch and folder."""
    for arch, elves in by_arch.items():
        name = arch if len(by_arch) > 1 else "images"
        groups: dict[tuple[str, str], list[str]] = {}
        for elf in map(PurePosixPath, elves):
            groups.setdefault((elf.parent.as_posix(), elf.suffix), []).append(elf.stem)
        for at, ((folder, suffix), names) in enumerate(groups.items()):
            place = "" if folder == "." else f"{folder}/"
            yield Family(
                name=f"{name}{at + 1 if len(groups) > 1 else ''}",
                archs=(arch,),
                prebuilt=f"{place}{{binary}}{suffix}",
                binaries=tuple(names),
            )


def _refused(tree: Path, elves: list[Path], boards: list[Board]) -> Found | None:
    """Say why no board can boot what lies there; None where it is for other machines than ours."""
    path = elves[0]
    reasons = [why for one in boards if (why := _refusal(path, one))]
    machine = _machine(path)
    fitting = [one.arch for one in boards if one.elf_machine == machine]
    if not fitting:
        return None
    name = path.relative_to(tree).as_posix()
    return Found(
        saw=(f"{name}: an ELF that no known board can boot: {reasons[0]}",),
        builder=PREBUILT,
        builder_why=_WHY,
        questions=(
            Question(
                text="which QEMU machine boots it? (qemu-system-... -machine help)",
                lines=(
                    *(f'prebuilt.{fitting[0]} = "{name}"', "[boards.myboard]"),
                    *(f'arch = "{fitting[0]}"', 'qemu = ["-machine", "MACHINE"]'),
                ),
            ),
        ),
    )


def _elves(tree: Path) -> Iterator[Path]:
    # Two folders that are usually left out may hold nothing but what was built.
    places = [tree, *(tree / name for name in ("build", "out") if (tree / name).is_dir())]
    return (path for place in places for path in files_of(place) if _is_elf(path))


def _fitting(tree: Path, elves: list[Path], boards: list[Board]) -> Iterator[tuple[str, Board]]:
    """Yield each ELF that a board can boot, with the first such board."""
    for path in elves:
        board = next((one for one in boards if not _refusal(path, one)), None)
        if board:
            yield path.relative_to(tree).as_posix(), board


def _is_elf(path: Path) -> bool:
    if path.suffix not in _SUFFIXES:
        return False
    try:
        with path.open("rb") as file:
            return file.read(4) == _MAGIC
    except OSError:
        return False


def _machine(path: Path) -> str:
    try:
        return read(path).machine
    except KaratosError:
        return ""


def _refusal(path: Path, board: Board) -> str:
    """Return why ``board`` cannot boot an ELF; '' where it can."""
    try:
        check(read(path), board)
    except KaratosError as error:
        return error.what
    return ""
