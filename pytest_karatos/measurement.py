"""The records of measuring: the table of metrics, a figure, a limit on it, and the verdict.

The table is here, below settings and probes, so that both read it: settings make their budget
keys of it, :mod:`pytest_karatos.measure` finds the probe of each metric by its name.
"""

from dataclasses import dataclass
from enum import Enum


class When(Enum):
    """What a metric is taken of."""

    ELF = "the built ELF"
    LIVE = "a machine that runs, or has just ended"
    BOOT = "a boot that is over"
    REPEAT = "a boot of its own with instruments: taken only where somebody asks"


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """A figure that the plugin can take. ``title`` names it in reports; empty: the unit does.

    ``column`` says that each report has a column for it; any other gets one where it was taken.
    """

    name: str
    unit: str
    when: When
    about: str
    title: str = ""
    column: bool = False


#: A metric is a row here and a file of that name in ``measure/``.
METRICS: tuple[Metric, ...] = (
    Metric(
        name="flash",
        unit="B",
        when=When.ELF,
        about="bytes that are programmed; on a board without flash, of the image that is loaded",
        title="flash",
        column=True,
    ),
    Metric(
        name="ram",
        unit="B",
        when=When.ELF,
        about="bytes of RAM that statics take",
        title="RAM",
        column=True,
    ),
    Metric(
        name="reserved",
        unit="B",
        when=When.ELF,
        about="bytes of RAM that the linker script sets aside for heap and stack",
        title="reserved",
    ),
    Metric(
        name="boot_instructions",
        unit="instructions",
        when=When.REPEAT,
        about="instructions until the first console byte, or until 'ready' of a board that has one",
        title="boot",
    ),
    Metric(
        name="console_bytes",
        unit="B",
        when=When.BOOT,
        about="bytes that a boot printed on its console until its test was over",
        title="console",
    ),
    Metric(
        name="instructions",
        unit="instructions",
        when=When.BOOT,
        about="instructions that a boot had executed when its test was over",
    ),
)


def metric(name: str) -> Metric | None:
    """Find a row of the table; None for a figure of a user's own.

    >>> metric("ram").unit, metric("stack")
    ('B', None)
    """
    return next((one for one in METRICS if one.name == name), None)


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """A figure with its unit, of one board and profile (those of its test when left empty).

    ``limit`` is the most that ``value`` may be; None when nobody limits it. ``room`` is the most
    that the board can hold of it, and ``room_name`` says what that is (``region 'ram'``).

    >>> Measurement(name="stack", value=412, unit="B").limit is None
    True
    """

    name: str
    value: float
    unit: str = ""
    board: str = ""
    profile: str = ""
    limit: float | None = None
    room: float | None = None
    room_name: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """A hard limit on the figure ``metric`` for an arch or board, and who set it.

    ``metric`` is a name of :data:`METRICS` or of a figure of a user's hook; ``limit`` is in its
    unit. ``arch`` may name an arch or a board; ``profile`` empty means every profile. ``origin``
    is where the limit was written, as ``karatos.toml:12``.
    """

    metric: str
    limit: float
    arch: str
    profile: str = ""
    origin: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowance:
    """How much more than its baseline the figure ``metric`` may be: in its unit, or in percent.

    >>> Allowance(metric="flash", most=2, percent=True).above(1000)
    20.0
    """

    metric: str
    most: float = 0.0
    percent: bool = False
    origin: str = ""

    def above(self, old: float) -> float:
        """Return how much more than ``old`` is allowed, in the figure's unit."""
        return old * self.most / 100 if self.percent else self.most


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What became of holding ``measurement`` against ``limit``; ``why`` reads as a sentence."""

    measurement: Measurement
    limit: float
    ok: bool
    why: str
    origin: str = ""


def amount(value: float, unit: str) -> str:
    """Write a figure with its unit.

    >>> amount(24_576, "B"), amount(0.5, "")
    ('24,576 B', '0.5')
    """
    return f"{value:,} {unit}".rstrip()
