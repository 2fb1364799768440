"""The wait for tests on the target, and the verdict on all of them."""

from collections.abc import Callable, Sequence

from pytest_karatos.deadline import Deadline
from pytest_karatos.dialect import NO_CLOCK, Dialect
from pytest_karatos.errors import CasesFailed, MachineEnded, Misbehaved, TooLittle
from pytest_karatos.scheduler.events import Log, ReplayableConsole
from pytest_karatos.target_tests.cases import Case, Cases

_WHAT = "the tests on the target"
_FIX = (
    "packaged are unity, ztest, tap, rust, defmt-test and embedded-test; teach it another by rules "
    "of the kinds case, case_ok, case_failed, case_skipped, plan and end in [[dialects.NAME.rules]]"
)


class TargetTests:
    """The tests that the firmware runs itself, read in the dialect that knows most of the console.

    ``note`` is told of the cases, whatever became of them.
    """

    def __init__(
        self,
        console: ReplayableConsole,
        dialects: Sequence[Dialect],
        note: Callable[[Sequence[Case]], None],
        *,
        timeout: float = 30.0,
    ) -> None:
        self._console = console
        self._dialects = [one for one in dialects if one.tells_of_cases]
        self._note = note
        self._timeout = timeout
        #: Whether somebody has asked what became of them.
        self.was_run = False

    def run(self, *, timeout: float | None = None) -> Sequence[Case]:
        """Wait until they are over, and return what became of each; ``timeout`` is for one case.

        :raises CasesFailed: one failed, never finished or never came, or the firmware misbehaved.
        :raises TooLittle: no case was told of.
        """
        self.was_run = True
        with self._console.outstanding:
            log = Log(self._console, self._dialects, NO_CLOCK)
            error = self._wait(log, self._timeout if timeout is None else timeout)
            cases = _folded(log)
            self._note(cases.all)
            self._judge(cases, error)
            return cases.all

    def _wait(self, log: Log, seconds: float) -> Misbehaved | None:
        """Take in events until they are over; return what came in between."""
        known, deadline = -1, Deadline(seconds)
        log.begin(_WHAT, deadline)
        try:
            while True:
                for _ in log.rest(last=False):
                    pass
                if len(log.events) != known:
                    known, deadline = len(log.events), Deadline(seconds)
                    if _folded(log).is_complete:
                        return None
                log.more(_WHAT, deadline)
        except Misbehaved as error:
            for _ in log.rest(last=True):
                pass
            return error

    def _judge(self, cases: Cases, error: Misbehaved | None) -> None:
        wrong = list(cases.wrong())
        if error is not None and not wrong:
            if not isinstance(error, MachineEnded):
                raise error
            # The last line was one that the end of the machine completed.
            self._console.outstanding.forget(error)
            error = None
        if not cases.all and error is None:
            raise TooLittle("The target told of no case.", fix=_FIX)
        if not wrong:
            return
        head = "; ".join(wrong) if cases.all else "no case was told of"
        told = CasesFailed(
            f"On the target {head}{f': {error.what}' if error else '.'}",
            fix="" if cases.all else _FIX,
        )
        told.instead_of = error
        raise told from None


def _folded(log: Log) -> Cases:
    cases = Cases()
    for event in log.events:
        cases.take(event)
    return cases
