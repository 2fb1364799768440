"""The consoles of a machine, each by the name that its board has for the stream."""

from pytest_karatos.console import Console
from pytest_karatos.settings.suggest import unknown


class Consoles(dict[str, Console]):
    """A console for each stream of a machine: ``machine.consoles["uart1"]``.

    The machine's own console is among them. What is expected and typed on any of them is judged as
    it is there; a text that the machine's console forbids, or allows, is that on all of them.
    """

    def __missing__(self, name: str) -> Console:
        """Raise UnknownName, with the names that there are."""
        raise unknown("console", name, list(self), origin="machine.consoles")
