"""The list of sabotages: what is broken, where, and which tests are asked first."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).with_name("sabotages.toml")


class Rotten(Exception):
    """A sabotage that does not fit the code any more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sabotage:
    """One way to break a promise: in ``file``, ``old`` becomes ``new``; ``tests`` are asked first.

    ``breaks`` says in words what the plugin then does.
    """

    name: str
    breaks: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def applied(self, text: str) -> str:
        """Return ``text``, that of the file, with the sabotage in it.

        :raises Rotten: when the old text is not there exactly once, or the new one is no Python.

        >>> one = Sabotage(name="x", breaks="", file="a.py", old="<=", new="<", tests=())
        >>> one.applied("ok = a <= b")
        'ok = a < b'
        """
        if (times := text.count(self.old)) != 1:
            raise Rotten(
                f"sabotage '{self.name}': its old text is {times} times in {self.file}, not once; "
                "say in sabotages.toml how to break the same promise in the new code."
            )
        broken = text.replace(self.old, self.new)
        try:
            compile(broken, self.file, "exec")
        except SyntaxError as error:
            raise Rotten(f"sabotage '{self.name}' leaves no valid Python: {error}.") from None
        return broken

    def apply(self, tree: Path) -> None:
        """Break the file below ``tree``.

        :raises Rotten: as :meth:`applied` does.
        """
        path = tree / self.file
        path.write_text(self.applied(path.read_text()))


def sabotages(source: Path = LIST) -> list[Sabotage]:
    """Read the list, in its order."""
    rows = tomllib.loads(source.read_text())["sabotage"]
    return [Sabotage(**{**row, "tests": tuple(row["tests"])}) for row in rows]
