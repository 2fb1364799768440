"""The baseline of a run: read once by each process, judged there, written by the controller."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from pytest_karatos.baseline import file, pinning
from pytest_karatos.baseline.judge import FigureFacts, Judge
from pytest_karatos.errors import KaratosError
from pytest_karatos.firmware import Firmware
from pytest_karatos.measurement import Allowance, metric
from pytest_karatos.report.ledger import Ledger
from pytest_karatos.settings import Settings, firmware_named


def open_judge(settings: Settings) -> Judge | None:
    """Return the judge of this process; None where nobody wants a baseline.

    :raises BadSetting: for a file that is no baseline.
    """
    rules = settings.baseline
    if not rules.active:
        return None
    return Judge(rules=rules, known=file.read(rules.path), is_plain=_is_plain(settings))


def _is_plain(settings: Settings) -> Callable[[Firmware], bool]:
    """Return whether a firmware's ELF is where the settings say, and no marker says otherwise."""

    def is_plain(firmware: Firmware) -> bool:
        spec = firmware_named(settings.firmwares, firmware.name, "baseline")
        own = spec.board(firmware.board.name)
        return own is None or own.build.elf == firmware.board.build.elf

    return is_plain


@dataclass(kw_only=True, slots=True)
class Gathered:
    """The figures of all processes, as their reports bring them."""

    _by_test: dict[tuple[str, str], list[FigureFacts]] = field(default_factory=dict)

    def take(self, report: Any, worker: str) -> None:  # noqa: ANN401 - a report of pytest's
        """Take what a report brings; a test that begins once more begins with none."""
        facts = getattr(report, "karatos", None) or {}
        place = (report.nodeid, worker)
        if report.when == "setup":
            self._by_test[place] = []
        figures = cast("list[FigureFacts]", facts.get("figures", []))
        self._by_test.setdefault(place, []).extend(figures)

    def with_outcomes(self, ledger: Ledger) -> list[tuple[FigureFacts, str, str]]:
        """Return each figure with its test's id and how that ended."""
        found = []
        for (nodeid, worker), figures in self._by_test.items():
            test = ledger.test(nodeid, worker)
            outcome = test["outcome"] if test else ""
            found += [(one, nodeid, outcome) for one in figures]
        return found


def end(settings: Settings, ledger: Ledger, gathered: Gathered, *, part: bool) -> pinning.Ending:
    """Record, pin and refuse at the end of a run; ``part`` is whether tests were picked by hand."""
    rules = settings.baseline
    if not rules.active:
        return pinning.Ending()
    seen = pinning.gather(gathered.with_outcomes(ledger))
    try:
        known = file.read(rules.path)
        ending = pinning.conclude(seen, known, rules)
        if not part:
            passed = [one for one in ledger.tests if one["outcome"] == "passed"]
            tests = [(one["test"], one["board"]) for one in passed]
            ending.red += pinning.missing(seen, known, rules, tests)
        boards = {board.name: board for board in settings.boards}
        settings.artifacts.mkdir(parents=True, exist_ok=True)
        pinning.write(ending, seen, rules, boards, settings.artifacts / "baseline.lock")
    except KaratosError as error:
        return pinning.Ending(red=[str(error)])
    except OSError as error:
        return pinning.Ending(red=[f"the baseline {rules.path} cannot be written: {error}."])
    for one in [] if part else _unmeasured(settings, ledger, seen):
        # A figure that only some tests ask for need not be measured by each choice of files.
        (ending.lines if metric(one.metric) else ending.red).append(
            f"{one.origin}: baseline.{one.metric} judged nothing: nobody measured such a figure."
        )
    return ending


def _unmeasured(settings: Settings, ledger: Ledger, seen: list[pinning.Seen]) -> list[Allowance]:
    """Return which figures that the settings name nobody measured, where a firmware was tested."""
    names = {one.figure["measure"] for one in seen}
    tested = any(test["firmware"] and test["outcome"] == "passed" for test in ledger.tests)
    named = settings.baseline.allowances if tested else ()
    return [one for one in named if one.metric not in names]
