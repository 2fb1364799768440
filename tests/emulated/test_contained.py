"""Hostile firmware reaches nothing of the host: each attempt, on both archs, by each way."""

import signal
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos.board import Board
from pytest_karatos.containment.ways import Bubblewrap, Containment, Landlock
from pytest_karatos.emulators.host import HostLauncher
from pytest_karatos.emulators.protocol import Boot, Machine
from pytest_karatos.emulators.qemu.emulator import QemuEmulator
from pytest_karatos.errors import BootFailed, MachineEnded, NotContained, WrongExit
from pytest_karatos.exit_check import judge
from tests.emulated.semihosting import (
    HOSTED,
    TO_APPEND,
    TO_READ,
    TO_UPDATE,
    TO_WRITE,
    WRITE0,
    opens,
    removes,
    renames,
    runs,
    writes,
)
from tests.emulated.tiny_guest import Step, image

both = pytest.mark.parametrize("board", HOSTED.values(), ids=HOSTED)
QEMU = QemuEmulator()
#: The QEMU whose sandbox refuses a command and goes on (10.0 was seen to).
FIRST_TO_GO_ON = 10
#: By which our tests talk to QEMU.
PIPES = ("control.in", "control.out", "console.in", "console.out", "clock", "ticks")


class Outlaw:
    """Boots firmware that asks for more than it should get, below ``path``."""

    def __init__(self, path: Path, way: Containment) -> None:
        self.path = path
        self._launcher = HostLauncher((way,))

    def boot(self, board: Board, *steps: Step, **more: object) -> AbstractContextManager[Machine]:
        elf = image(self.path, board.arch, *steps)
        boot = Boot(board=board, elf=elf, folder=self.path / "boot", **more)  # type: ignore[arg-type]
        return QEMU.boot(boot, self._launcher)

    def results(self, board: Board, *calls: Step, **more: object) -> str:
        """Return a letter for what each call returned: 0, + or - (refused)."""
        steps = [step for call in calls for step in (call, ("result",))]
        with self.boot(board, *steps, ("say", b".\n"), ("spin",), **more) as machine:
            machine.console.expect_exact(".\n")
            return machine.console.before or ""

    def file(self, name: str, text: str = "secret") -> Path:
        path = self.path / name
        path.write_text(text)
        return path


def ends_for_a_command(board: Board) -> bool:
    """Tell whether QEMU's sandbox ends QEMU itself, as 7.2 does; that of 10 ends the command."""
    version = QEMU.version(board, HostLauncher())
    return int(version.split("version ")[1].split(".")[0]) < FIRST_TO_GO_ON


@pytest.fixture(params=[Landlock(), Bubblewrap()], ids=lambda way: way.name)
def outlaw(request: pytest.FixtureRequest, tmp_path: Path) -> Outlaw:
    if trouble := request.param.trouble():
        pytest.skip(trouble)
    return Outlaw(tmp_path, request.param)


@both
def test_a_command_ends_the_machine_and_is_told(outlaw: Outlaw, board: Board) -> None:
    ran = outlaw.path / "ran"
    steps = (runs(f"touch {ran}"), ("say", b"survived\n"), ("spin",))
    with outlaw.boot(board, *steps) as machine:
        if not ends_for_a_command(board):
            machine.console.expect("survived")
            assert not ran.exists()
            return
        with pytest.raises(MachineEnded, match="the firmware asked the host to run a command"):
            machine.console.expect("survived")
        with pytest.raises(MachineEnded, match=r"^The firmware asked the host to run a command"):
            machine.wait()
        assert machine.exit_status == -signal.SIGSYS
    assert not ran.exists()


def test_a_command_after_all_was_seen_is_told_too(outlaw: Outlaw) -> None:
    with outlaw.boot(HOSTED["arm"], ("say", b"up\n"), runs("true")) as machine:
        machine.console.expect("up")
        if not ends_for_a_command(HOSTED["arm"]):
            judge(machine)
            return
        with pytest.raises(WrongExit, match=r"^the firmware asked the host to run a command"):
            judge(machine)


@both
def test_what_is_not_on_the_list_is_not_there(outlaw: Outlaw, board: Board) -> None:
    secret, victim = outlaw.file("secret"), outlaw.file("victim")
    (outlaw.path / "boot").mkdir()
    transcript = outlaw.file("boot/earlier.log")
    made, moved = outlaw.path / "made", outlaw.path / "moved"
    refused = outlaw.results(
        board,
        *(opens(path, TO_READ) for path in (secret, "/etc/passwd", "/etc/hostname", transcript)),
        *(opens(path, TO_READ) for path in ("/proc/self/environ", Path.home() / ".profile")),
        *(opens(path, TO_WRITE) for path in (made, secret, "relative")),
        *(opens(f"../pipes/{name}", TO_UPDATE) for name in PIPES),
        *(removes(victim), renames(secret, moved), renames("../logs/memory", made)),
    )
    assert refused == "-" * 18
    assert (secret.read_text(), victim.read_text()) == ("secret", "secret")
    assert not made.exists()
    assert not moved.exists()


@both
def test_what_it_prints_by_a_file_is_only_its_output(outlaw: Outlaw, board: Board) -> None:
    steps = (
        *(opens(":tt", TO_WRITE), writes(b"by stdout\n")),
        *(opens(":tt", TO_APPEND), writes(b"by stderr\x1b[2J\n")),
        *(("call", WRITE0, b"by write0\n"), ("say", b"up\n"), ("spin",)),
    )
    with outlaw.boot(board, *steps) as machine:
        machine.console.expect("up\n")
        assert machine.console.transcript.read_bytes() == b"up\n"
        with pytest.raises(AssertionError) as caught:
            machine.console.expect("never", timeout=0.1)
        assert "stderr of QEMU, where semihosting prints too" in str(caught.value)
        assert "\x1b" not in str(caught.value)


@both
def test_a_private_folder_where_the_board_asks_for_one(outlaw: Outlaw, board: Board) -> None:
    board = replace(board, semihosting_files=True)
    secret = outlaw.file("secret")
    steps = (
        *(opens("data/no-such-folder", TO_WRITE), ("result",)),
        *(opens("coverage", TO_WRITE), ("result",), writes(b"0123"), ("result",)),
        *(opens("gone", TO_WRITE), removes("gone"), ("result",)),
        *(opens(secret, TO_READ), ("result",), ("say", b".\n"), ("spin",)),
    )
    with outlaw.boot(board, *steps) as machine:
        machine.console.expect_exact("-+00-.")
    assert (outlaw.path / "boot" / "files" / "coverage").read_bytes() == b"0123"
    assert len(list((outlaw.path / "boot" / "files").iterdir())) == 1


@both
def test_a_comma_in_the_path_of_an_elf_is_only_a_comma(outlaw: Outlaw, board: Board) -> None:
    secret = outlaw.file("secret")
    folder = outlaw.path / f"a,b,file={secret}".replace("/", "_") / "readonly=off,c"
    folder.mkdir(parents=True)
    elf = image(folder, board.arch, ("say", b"up\n"))
    for loader in ("kernel", "device"):
        boot = Boot(board=replace(board, loader=loader), elf=elf, folder=folder / loader)
        with QEMU.boot(boot, HostLauncher()) as machine:
            machine.console.expect("up")


def test_files_that_arguments_name_can_be_used(outlaw: Outlaw) -> None:
    board, data = HOSTED["arm"], outlaw.file("data.bin")
    log = outlaw.path / "absolute.log"
    named = ("-device", f"loader,file={data},addr=0x20001000,force-raw=on")
    steps = (("say", b"up\n"), ("spin",))
    for where in (str(log), "relative.log"):
        arguments = (*named, "-d", "exec", "-D", where)
        with outlaw.boot(board, *steps, arguments=arguments) as machine:
            machine.console.expect("up")
            assert machine.read_memory(0x2000_1000, 6) == b"secret"
    assert "Trace" in log.read_text()
    assert "Trace" in (outlaw.path / "boot" / "files" / "relative.log").read_text()


@both
def test_what_it_is_made_of_it_cannot_change(outlaw: Outlaw, board: Board) -> None:
    data = outlaw.file("data.bin")
    more = ("-device", f"loader,file={data},addr={board.regions[0].start + 0x4000:#x},force-raw=on")
    own = outlaw.path / f"{board.arch}.elf"
    calls = [opens(path, mode) for path in (own, data) for mode in (TO_READ, TO_UPDATE, TO_WRITE)]
    assert outlaw.results(board, *calls, removes(own), arguments=more) == "+--+---"
    assert data.read_text() == "secret"


def test_what_settings_allow_and_only_that(outlaw: Outlaw) -> None:
    for name in ("in", "out"):
        (outlaw.path / name).mkdir()
    inside = outlaw.file("in/data")
    paths = {"readable": (outlaw.path / "in",), "writable": (outlaw.path / "out",)}
    calls = (
        *(opens(inside, TO_READ), opens(inside, TO_WRITE)),
        *(opens(outlaw.path / "out/new", TO_WRITE), opens(outlaw.path / "new", TO_WRITE)),
    )
    assert outlaw.results(replace(HOSTED["arm"], **paths), *calls) == "+-+-"  # type: ignore[arg-type]
    assert inside.read_text() == "secret"


def test_a_refusal_that_hits_qemu_itself_says_what_to_do(outlaw: Outlaw) -> None:
    arguments = ("-drive", f"if=none,file={outlaw.path}/none/disk.img")
    with (
        pytest.raises(BootFailed, match=r"allow more with .emulator. readable or writable"),
        outlaw.boot(HOSTED["arm"], arguments=arguments),
    ):
        pass


def test_a_trusted_firmware_may_do_as_it_likes(tmp_path: Path) -> None:
    board = replace(HOSTED["arm"], contained=False)
    elf = image(tmp_path, "arm", runs(f"touch {tmp_path}/ran"), ("say", b"up\n"))
    with QEMU.boot(Boot(board=board, elf=elf, folder=tmp_path / "boot"), HostLauncher(())) as one:
        one.console.expect("up")
    assert (tmp_path / "ran").exists()


def test_without_any_way_semihosting_does_not_boot() -> None:
    with pytest.raises(NotContained) as caught:
        QEMU.require(HOSTED["arm"], HostLauncher(()))
    assert "contained = false in [boards.lm3s6965evb]" in str(caught.value)
    QEMU.require(replace(HOSTED["riscv"], semihosting=False), HostLauncher(()))


def test_a_contained_program_leaves_us_as_free_as_we_were(outlaw: Outlaw) -> None:
    with outlaw.boot(HOSTED["arm"], ("say", b"up\n"), ("spin",)) as machine:
        machine.console.expect("up")
        outlaw.file("ours").unlink()
        assert "NoNewPrivs:\t0" in Path("/proc/self/status").read_text()
