"""The bytes that a boot printed on its console."""

from pytest_karatos.emulators.facts import MachineFacts
from pytest_karatos.measure.protocol import Figure


def take(subject: MachineFacts) -> Figure:
    """Measure what the console counted, the bytes that were dropped included."""
    return Figure(value=subject["bytes"])
