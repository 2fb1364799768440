"""Ask something of the machine at the other end of the line: to take input, to come to its end."""

from pytest_karatos.console.life import Life
from pytest_karatos.console.pump import Pump
from pytest_karatos.console.search import Wanted
from pytest_karatos.console.stream import Stream
from pytest_karatos.console.tell import how_it_ended
from pytest_karatos.console.wait import Ended, Late, Wait, evidence
from pytest_karatos.errors import MachineEnded, Stuck, WrongExit


def type_into(pump: Pump, stream: Stream, life: Life, data: bytes, seconds: float) -> int:
    """Send ``data`` within ``seconds`` and return its length.

    :raises MachineEnded: nobody is there. :raises Stuck: the guest does not take it.
    """
    if pump.ended:
        sentence = f"Could not send {data!r}: {how_it_ended(life)}."
        raise MachineEnded(evidence(stream, life).below(sentence))
    sent = pump.line.send(data, seconds)
    if sent < len(data):
        sentence = f"The guest took {sent} of {len(data)} bytes that were sent, and no more."
        raise Stuck(evidence(stream, life).below(sentence))
    return sent


def await_end(stream: Stream, life: Life, seconds: float) -> None:
    """Wait until the line ends, consuming nothing.

    :raises WrongExit: when the machine still runs after ``seconds``.
    """
    wait = Wait(stream, life, Wanted(), patient=False)
    try:
        wait.run(seconds)
    except Ended:
        return
    except Late:
        sentence = f"The machine still runs after {seconds:g} s; it was to end by itself."
        raise WrongExit(evidence(stream, life).below(sentence)) from None
