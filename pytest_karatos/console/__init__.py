"""The serial console: drained always, kept byte-exact, and waited on for what it says.

A byte passes the files in this order: ``transport`` (named pipes; ``descriptor``: a serial port)
-> ``pump`` (a thread that writes the transcript, with ``timestamps``) -> ``stream`` (``decode``
makes it text; faults and forbidden texts are marked) -> ``wait`` (``search`` finds what was asked
for) -> ``console`` (the pexpect object). ``filter`` puts a decoder program between two pumps;
``shell`` tells where the answer to a command ends, ``answers`` is the device at the other end;
``reader`` reads again from the first byte; ``failure`` writes what a wait says when it fails.
``streams`` are all of one machine: what comes on any is life, and ``elsewhere`` judges those that
nobody waits on, and ``resets`` that nobody asked for.
"""

from pytest_karatos.console.console import Console
from pytest_karatos.console.descriptor import DescriptorSource
from pytest_karatos.console.failure import MachineStatus, OtherStream, UnknownMachine
from pytest_karatos.console.filter import pump_for
from pytest_karatos.console.patience import STILL_SECONDS, GuestLook
from pytest_karatos.console.pump import Pump
from pytest_karatos.console.resets import Resets
from pytest_karatos.console.streams import Streams
from pytest_karatos.console.transport import NamedPipes, Source

__all__ = [
    "STILL_SECONDS",
    "Console",
    "DescriptorSource",
    "GuestLook",
    "MachineStatus",
    "NamedPipes",
    "OtherStream",
    "Pump",
    "Resets",
    "Source",
    "Streams",
    "UnknownMachine",
    "pump_for",
]
