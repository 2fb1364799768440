"""The judge of a process: holds what was measured against the baseline that the run began with."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypedDict

from pytest_karatos.baseline import symbols
from pytest_karatos.baseline.file import Baseline
from pytest_karatos.baseline.row import Place, Row, firmware_word
from pytest_karatos.errors import KaratosError
from pytest_karatos.firmware import Firmware
from pytest_karatos.measurement import Measurement, Verdict, When, amount, metric
from pytest_karatos.settings import BaselineRules


class FigureFacts(TypedDict):
    """A figure that has a place in the baseline, as plain values for the controller.

    ``judged`` is whether a test of this process held it against its row, ``elf`` where the ELF is.
    """

    firmware: str
    board: str
    profile: str
    test: str
    measure: str
    value: float
    unit: str
    judged: bool
    build: dict[str, str]
    elf: str


def place_of(figure: FigureFacts) -> Place:
    """Return the place of a figure."""
    return Place(
        firmware=figure["firmware"],
        board=figure["board"],
        profile=figure["profile"],
        test=figure["test"],
        measure=figure["measure"],
    )


def held(row: Row, value: float, unit: str, rules: BaselineRules) -> tuple[bool, float, str]:
    """Hold a figure against its row: whether it is right, the most it may be, and a sentence."""
    most = row.value + rules.allowance(row.place.measure).above(row.value)
    delta = value - row.value
    share = f" ({delta / row.value:+.1%})".replace("%", " %") if row.value else ""
    change = f"{amount(row.value, row.unit)} in the baseline, {amount(value, unit)} now"
    if row.unit != unit:
        return False, most, f"{called(row.place)} has another unit than its baseline: {change}"
    # Not "delta > allowed": what is no number at all must not pass.
    if value <= most:
        word = "as in the baseline" if not delta else f"{amount_of(delta, unit)}{share}"
        return True, most, f"{called(row.place)}: {word}; {change}"
    allowed = rules.allowance(row.place.measure)
    told = f"{allowed.most:g} %" if allowed.percent else amount(allowed.most, unit)
    said = f"{called(row.place)} is worse than its baseline by {amount_of(delta, unit)}{share}: "
    origin = f" ({allowed.origin})" if allowed.origin else ""
    return False, most, f"{said}{change}; {told} more is allowed{origin}"


def amount_of(delta: float, unit: str) -> str:
    """Write a difference with its sign.

    >>> amount_of(-64, "B")
    '-64 B'
    """
    return f"{delta:+,} {unit}".rstrip()


def called(place: Place) -> str:
    """Return the name of a figure in a sentence."""
    where = " ".join(filter(None, (place.board, place.profile, place.firmware)))
    test = f" in {place.test}" if place.test else ""
    return f"{place.measure} of '{where}'{test}"


@dataclass(kw_only=True, slots=False)
class Judge:
    """Judges by ``known``, the baseline of the run's beginning; ``figures`` is what it saw.

    ``is_plain`` tells whether a firmware is built as the settings say: one whose ELF a marker named
    has no place of its own.
    """

    rules: BaselineRules
    known: Baseline
    is_plain: Callable[[Firmware], bool] = lambda _: True
    figures: list[FigureFacts] = field(default_factory=list)

    def wants(self, name: str) -> bool:
        """Tell whether a figure that needs a boot of its own has to be taken."""
        return self.rules.names(name)

    def judge(
        self, measured: Iterable[Measurement], firmware: Firmware, test: str = ""
    ) -> list[Verdict]:
        """Hold each figure that is tracked against its row; what has none is for the controller."""
        return list(self._judged(measured, firmware, test))

    def see(self, firmware: Firmware) -> None:
        """Note the figures of an ELF that a test has used, whether or not it judges them."""
        for one in firmware.measurements:
            self._noted(one, firmware, "", judged=False)

    def _judged(
        self, measured: Iterable[Measurement], firmware: Firmware, test: str
    ) -> Iterator[Verdict]:
        for one in measured:
            known = metric(one.name)
            of_elf = known is not None and known.when in {When.ELF, When.REPEAT}
            place = self._noted(one, firmware, "" if of_elf else test, judged=True)
            row = self.known.rows.get(place) if place else None
            if row is not None:
                ok, most, why = held(row, one.value, one.unit, self.rules)
                if not ok and self.rules.update and self.rules.reason and row.unit == one.unit:
                    ok, why = True, f"{why}; accepted: {self.rules.reason}"
                yield Verdict(
                    measurement=one, limit=most, ok=ok, why=why, origin=self.rules.path.name
                )

    def _noted(
        self, one: Measurement, firmware: Firmware, test: str, *, judged: bool
    ) -> Place | None:
        if not (self.rules.tracks(one.name) and self.is_plain(firmware)):
            return None
        made = firmware.provenance
        facts = FigureFacts(
            firmware=firmware_word(firmware.name, firmware.binary, firmware.features),
            board=one.board or firmware.board.name,
            profile=one.profile or firmware.profile,
            test=test,
            measure=one.name,
            value=one.value,
            unit=one.unit,
            judged=judged,
            build={
                "toolchain": made.toolchain,
                "image": made.image,
                "builder": made.builder,
                "revision": made.source_revision,
                "elf_sha256": made.elf_sha256,
            },
            elf=str(firmware.elf),
        )
        self.figures.append(facts)
        return place_of(facts)

    def explain(self, broken: Sequence[Verdict], firmware: Firmware) -> str:
        """Say what grew of ``firmware``, and by which tools it was and is built."""
        figures = [one for one in self.figures if one["elf"] == str(firmware.elf)]
        names = dict.fromkeys(one.measurement.name for one in broken)
        memories = dict.fromkeys(filter(None, (_memory_of(one.measurement) for one in broken)))
        lines = [line for one in memories for line in self._grown(one, figures, firmware)]
        return "\n".join((*lines, *self._tools(names, figures)))

    def _grown(self, name: str, figures: list[FigureFacts], firmware: Firmware) -> Iterator[str]:
        whose = next((place_of(one).whose for one in figures), ("", "", ""))
        if whose not in self._symbols:
            yield f"what grew in {name} is not known: {self.rules.symbols_path.name} has no symbols"
            return
        try:
            new = symbols.measured(firmware.elf, firmware.board)
        except KaratosError as error:
            yield f"what grew in {name} is not known: {error.what}"
            return
        grown = list(symbols.grown(self._symbols[whose], new, name))
        yield f"what changed its size in {name}:" if grown else f"no symbol has grown in {name}"
        yield from (f"  {line}" for line in grown)

    @cached_property
    def _symbols(self) -> dict[symbols.Whose, dict[str, tuple[int, int, int]]]:
        return symbols.read(self.rules.symbols_path)

    def _tools(self, names: Iterable[str], figures: list[FigureFacts]) -> Iterator[str]:
        """Yield the tools of then and now, where they are others."""
        seen = set[tuple[str, str]]()
        for one in figures:
            row = self.known.rows.get(place_of(one))
            before = self.known.builds.get(row.build, {}) if row else {}
            pair = (_tools_of(before), _tools_of(one["build"]))
            if one["measure"] in names and before and pair[0] != pair[1] and pair not in seen:
                seen.add(pair)
                yield f"the baseline was built by: {pair[0]}"
                yield f"this one was built by: {pair[1]}"


def _memory_of(one: Measurement) -> str:
    """Return the memory in which a figure's growth shows; code that does more takes more flash."""
    return one.name if one.name in symbols.MEMORIES else "flash" * (one.unit == "instructions")


def _tools_of(build: dict[str, str] | object) -> str:
    facts = build if isinstance(build, dict) else {}
    return ", ".join(filter(None, (facts.get("toolchain"), facts.get("image")))) or "unknown"
