"""Hold a figure, hold it against a limit, and say the verdict in one sentence."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Measurement:
    """A figure with its unit, of one board and profile (those of its test when left empty).

    ``limit`` is the most that ``value`` may be; None when nobody limits it.

    >>> Measurement(name="stack", value=412, unit="B").limit is None
    True
    """

    name: str
    value: float
    unit: str = ""
    board: str = ""
    profile: str = ""
    limit: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """A hard limit on ``metric`` (``flash`` or ``ram``) for an arch or board, and who set it.

    ``arch`` may name an arch or a board; ``profile`` empty means every profile. ``origin`` is
    where the limit was written, as ``karatos.toml:12``.
    """

    metric: str
    limit_bytes: int
    arch: str
    profile: str = ""
    origin: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What became of holding ``measurement`` against ``limit``; ``why`` reads as a sentence."""

    measurement: Measurement
    limit: int
    ok: bool
    why: str
