"""The rules of the baseline, made of merged settings: its file, and what each figure may grow."""

from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.errors import BadSetting
from pytest_karatos.measurement import METRICS, Allowance, When
from pytest_karatos.settings.budgets import require_no_slip
from pytest_karatos.settings.layers import Layer, at

#: What is told of an ELF is the same on every host, so it is tracked without being named; how far
#: a boot came when its test was over is not.
_TRACKED = tuple(one.name for one in METRICS if one.when in {When.ELF, When.REPEAT})
#: The keys of the table that are no figures.
_OWN = ("file", "symbols", "update", "reason")


@dataclass(frozen=True, kw_only=True, slots=True)
class BaselineRules:
    """Where the baseline is, whether it counts, and what may become of it in this run."""

    path: Path = Path("karatos-baseline.json")
    #: Whether somebody wants one: it is there, or the settings speak of it.
    active: bool = False
    #: Whether the bytes of symbols are kept beside it.
    symbols: bool = True
    #: Whether this run pins figures anew, and why those that are worse may be.
    update: bool = False
    reason: str = ""
    allowances: tuple[Allowance, ...] = ()

    @property
    def symbols_path(self) -> Path:
        """Where the bytes of symbols are.

        >>> BaselineRules().symbols_path.name
        'karatos-baseline.symbols.json'
        """
        return self.path.with_name(f"{self.path.stem}.symbols.json")

    def tracks(self, name: str) -> bool:
        """Tell whether a figure is held against the baseline."""
        return self.active and (name in _TRACKED or self.names(name))

    def names(self, name: str) -> bool:
        """Tell whether the settings name a figure."""
        return self.active and any(one.metric == name for one in self.allowances)

    def allowance(self, name: str) -> Allowance:
        """Return how much worse a figure may be; nothing where nobody says so."""
        fitting = (one for one in self.allowances if one.metric == name)
        return next(fitting, Allowance(metric=name))


def baseline_of(values: Layer, root: Path) -> BaselineRules:
    """Make the rules.

    :raises BadSetting: for a name that is nearly that of a metric, and a reason for nothing.
    """
    path = root / at(values, "baseline.file").value
    reason = values.get(("baseline", "reason"))
    update = bool(at(values, "baseline.update").value)
    if reason and not update:
        raise BadSetting(
            f"{reason.origin}: a reason without --karatos-update-baseline changes nothing.",
            why="figures that are worse are only accepted where the baseline is to be updated.",
            fix="give both, or neither",
        )
    said = [one for key, one in values.items() if key[0] == "baseline"]
    named = {
        key[1]: one for key, one in values.items() if key[0] == "baseline" and key[1] not in _OWN
    }
    for name, one in named.items():
        require_no_slip(("baseline", name), one)
    return BaselineRules(
        path=path,
        active=path.is_file() or any(one.origin != "default" for one in said),
        symbols=at(values, "baseline.symbols").value,
        update=update,
        reason=str(reason.value) if reason else "",
        allowances=tuple(_allowance(name, one.value, one.origin) for name, one in named.items()),
    )


def _allowance(name: str, value: float | str, origin: str) -> Allowance:
    percent = isinstance(value, str)
    most = float(value.removesuffix("%")) if isinstance(value, str) else value
    return Allowance(metric=name, most=most, percent=percent, origin=origin)
