"""The names of the binaries that one build made, by where their ELFs are."""

import re
from collections.abc import Iterable

#: Stands for the name of a binary, in the place of its ELF.
BINARY = "{binary}"

#: What cargo puts behind a name, of which it keeps a plain copy beside it.
_HASHED = re.compile(r"(.+)-[0-9a-f]{16}")


def pattern_of(elf: str) -> str:
    """Return the glob for an ELF's place.

    >>> pattern_of("target/debug/examples/{binary}")
    'target/debug/examples/*'
    """
    return elf.replace(BINARY, "*")


def binaries_in(elf: str, files: Iterable[str]) -> dict[str, str]:
    """Map the name of each binary to its file, by the place ``elf`` with ``{binary}`` in it.

    A name that stands twice in the place is the same in both.

    >>> binaries_in("out/{binary}/{binary}.elf", ["out/a/a.elf", "out/b/c.elf"])
    {'a': 'out/a/a.elf'}
    >>> binaries_in("x/{binary}", ["x/idle", "x/idle-0123456789abcdef"])
    {'idle': 'x/idle'}
    """
    wanted = re.compile(_regex(elf))
    found = {hit["binary"]: name for name in sorted(files) if (hit := wanted.fullmatch(name))}
    twins = {name for name in found if (hit := _HASHED.fullmatch(name)) and hit[1] in found}
    return {name: file for name, file in found.items() if name not in twins}


def _regex(place: str) -> str:
    """Return the regular expression of a place: as a shell reads it, and what names a binary."""
    done, seen = "", False
    for part in re.split(r"(\{binary\}|\*\*/?|\*|\?)", place):
        if part == BINARY:
            done += "(?P=binary)" if seen else "(?P<binary>[^/]+)"
            seen = True
        else:
            done += {"**": ".*", "**/": "(?:.*/)?", "*": "[^/]*", "?": "[^/]"}.get(
                part, re.escape(part)
            )
    return done
