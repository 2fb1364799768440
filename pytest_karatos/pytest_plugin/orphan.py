"""The end of a pytest-xdist worker whose controller is gone.

execnet, below pytest-xdist, gives a worker without a controller five seconds before it interrupts
its test, and ten more for the end; a controller that is interrupted waits for its workers as long.
"""

import os
import signal
import threading

from pytest_karatos.artifacts import Run

#: Seconds until a worker is interrupted: a Ctrl-C in a terminal reaches the workers too, and a
#: second one would disturb what the first one ends.
_PATIENCE = 0.3
#: Seconds for the test's fixtures to end (pytest first draws the traceback of the interrupt, which
#: nobody sees); what they leave then, the guard takes.
_GRACE = 1.5


def end_with(run: Run) -> None:
    """Interrupt this process when the controller that opened ``run`` is gone; kill it soon after.

    Nobody listens to a worker any more then, so nothing is lost with it.
    """
    threading.Thread(target=_watch, args=(run,), name="controller-watch", daemon=True).start()


def _watch(run: Run) -> None:
    if not run.wait_for_end():
        return
    ended = threading.Event()
    ended.wait(_PATIENCE)
    os.kill(os.getpid(), signal.SIGINT)
    ended.wait(_GRACE)
    os.kill(os.getpid(), signal.SIGKILL)
