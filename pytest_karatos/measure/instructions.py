"""The instructions that a boot executed."""

from pytest_karatos.emulators.facts import MachineFacts
from pytest_karatos.measure.protocol import Figure


def take(subject: MachineFacts) -> Figure | None:
    """Measure what was counted last; None where nobody counted."""
    count = subject["instructions"]
    return None if count is None else Figure(value=count)
