"""What a command needs of the terminal that it was called from."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO


@dataclass(frozen=True, kw_only=True, slots=True)
class Shell:
    """The environment and folder of the call, and where answers (out) and remarks (err) go."""

    environ: Mapping[str, str]
    folder: Path
    out: TextIO
    err: TextIO
    #: The file descriptor of standard input.
    stdin: int = 0

    def say(self, text: str = "") -> None:
        """Answer with one line; characters that the stream cannot write are escaped."""
        print(_writable(text, self.out), file=self.out)

    def remark(self, text: str) -> None:
        """Say one line that is not part of the answer, at once."""
        print(_writable(text, self.err), file=self.err, flush=True)


def _writable(text: str, stream: TextIO) -> str:
    encoding = getattr(stream, "encoding", None) or "utf-8"
    return text.encode(encoding, errors="backslashreplace").decode(encoding)
