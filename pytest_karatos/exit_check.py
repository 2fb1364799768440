"""The check of how a boot ended: a late panic, a forbidden text, an exit that nobody expects."""

from pytest_karatos.choices import NEVER
from pytest_karatos.console import Console
from pytest_karatos.emulators.protocol import GuestRun, Machine
from pytest_karatos.errors import BadSetting, Faulted, TooLittle, WrongExit
from pytest_karatos.outstanding import excuse_nothing


def judge(
    machine: Machine,
    expected: object = None,
    *,
    console: Console | None = None,
    exit_told: bool = False,
) -> None:
    """Raise when the machine's end is not as it should be.

    ``expected`` is an exit status, ``"never"`` (must still run), or None: then it is what the
    board says (``expect_exit``), and without that an endless run is fine, an exit with 0 is fine,
    and any other exit is not. A test that compares what ``machine.wait()`` returned judges the end
    itself, unless ``expected`` is given. An emulator that died by a signal is never right.
    ``console`` is the one that the machine had when it booted, where that is known; with
    ``exit_told`` nothing is said of the status, which was told before.

    :raises Misbehaved: what the test was told before, and caught.
    :raises Forbidden: for a fault text or a forbidden one that came late.
    :raises UnexpectedReset: for a reset by itself that the test did not ask for.
    :raises Faulted: when the processor is in a fault that nobody printed.
    :raises WrongExit: for the wrong exit status.
    """
    if not (expected is None or expected == NEVER or isinstance(expected, int)):
        raise BadSetting(
            f"expect_exit={expected!r} is neither a status nor 'never'.",
            fix="write @pytest.mark.karatos(expect_exit=0), or expect_exit='never'",
        )
    console = console or machine.console
    with console.outstanding:
        caught = console.outstanding.first()
        if caught is not None:
            raise excuse_nothing(caught)
        told = machine.judged or console.outstanding.tells_the_end
        if expected is None and not told:
            expected = machine.board.expect_exit
        status = _status_after_all(machine, console, waits=isinstance(expected, int))
        if status is not None and not exit_told:
            _judge_status(status, console, expected, told=told)


def _status_after_all(machine: Machine, console: Console, *, waits: bool) -> int | None:
    """Let the machine come to its end, or far enough, and judge all that it says until then."""
    run = machine.settle(machine.board.watch.settle_seconds)
    status = machine.exit_status
    if status is None and waits:
        status = machine.wait()
    # Not by the attribute, which a test may have replaced.
    type(console).check(console, over=not console.outstanding.tells_of_resets)
    if status is None and machine.board.watch.processor_faults:
        _refuse_fault(machine, console)
    if status is None and not (run.enough or run.idle):
        raise _too_little(machine, run, console.exit_reason(None))
    return status


def _judge_status(status: int, console: Console, expected: object, *, told: bool) -> None:
    if status < 0:
        raise _died(-status, console)
    if _wrong(status, expected, told=told):
        raise WrongExit(
            f"the firmware ended with exit status {status}; {_wanted(expected)}.",
            why="a firmware that ends by itself tells how it went by its status.",
            fix=f"the console's transcript is {console.transcript}; a test that wants this end "
            f"says @pytest.mark.karatos(expect_exit={status}), or compares what machine.wait() "
            f"returns with {status}",
        )


def _died(signal: int, console: Console) -> WrongExit:
    reason = console.exit_reason(-signal) or f"the emulator was killed by signal {signal}"
    return WrongExit(
        f"{reason}; that is never right.",
        why="firmware ends its emulator by an exit status; what dies by a signal has not told how "
        "the firmware went.",
        fix=f"the console's transcript is {console.transcript}, and stderr.log beside it has the "
        "emulator's last words",
    )


def _refuse_fault(machine: Machine, console: Console) -> None:
    """Raise when the processor is in a fault that nobody printed, expected or allowed."""
    where = machine.faulted()
    if where is None or console.knows_of_fault:
        return
    if console.excuses(where.headline):
        console.outstanding.look()  # the test names what was found
        return
    headline = where.headline
    word = where.place.function if where.place else headline
    raise Faulted(
        f"{headline[0].upper()}{headline[1:]}; nobody printed a word of it.",
        why="the console is healthy so far, and the processor goes nowhere from there.",
        fix=f"where it is meant: console.allow({word!r}), or "
        "@pytest.mark.karatos(processor_faults=False)",
    )


def _too_little(machine: Machine, run: GuestRun, still: str) -> TooLittle:
    wanted = machine.board.watch.settle_seconds
    if still:
        return TooLittle(
            f"after the test's last line {still}.",
            why=f"what it does in {wanted * 1000:.0f} ms of its own time is part of the verdict.",
        )
    return TooLittle(
        f"after the test's last line the firmware came {run.seconds * 1000:.0f} ms of its own time "
        f"further, not {wanted * 1000:.0f} ms.",
        why="what it does there is part of the verdict, and this machine was too slow to see it.",
        fix="run again on a machine with less load, or with fewer workers",
    )


def _wrong(status: int, expected: object, *, told: bool) -> bool:
    if expected is None:
        return status != 0 and not told
    return status != expected


def _wanted(expected: object) -> str:
    if expected is None:
        return "the test did not expect a failure"
    if expected == NEVER:
        return "the test expects it to run on"
    return f"the test expects {expected}"
