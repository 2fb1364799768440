"""Sizes and addresses as people write them: ``24 KiB``, ``64 KB``, ``0x2000_0000``."""

import re

_SIZE = re.compile(r"([0-9]{1,19}(?:\.[0-9]{1,6})?) ?([a-z]*)", re.IGNORECASE)
_HEX = re.compile(r"0x[0-9a-f_]+", re.IGNORECASE)
_LONGEST = 40
_ADDRESS = re.compile(r"0x[0-9a-f]+(_[0-9a-f]+)*|0|[1-9][0-9]{0,19}", re.IGNORECASE)
_UNITS = {"": 1, "b": 1}
for _power, _letter in enumerate("kmgt", start=1):
    _UNITS[f"{_letter}b"] = 1000**_power
    # QEMU, linker scripts and docker all mean 1024 by a bare K or M.
    _UNITS[f"{_letter}ib"] = _UNITS[_letter] = 1024**_power


def size(value: object) -> int:
    """Return the number of bytes; KB is 1000, KiB and K are 1024.

    :raises ValueError: when ``value`` is not a size above zero, or not a whole number of bytes.

    >>> size("24 KiB"), size("64 KB"), size(4096), size("0x0004_0000"), size("1.5 MiB")
    (24576, 64000, 4096, 262144, 1572864)
    """
    number = value if isinstance(value, int) and not isinstance(value, bool) else None
    if isinstance(value, str):
        number = address(value) if _HEX.fullmatch(value.strip()) else _in_bytes(value.strip())
    if number is None or not 0 < number < 2**63:
        raise ValueError
    return number


def _in_bytes(text: str) -> int:
    found = _SIZE.fullmatch(text)
    unit = _UNITS.get(found[2].lower()) if found else None
    if found is None or unit is None:
        raise ValueError
    amount = float(found[1]) * unit if "." in found[1] else int(found[1]) * unit
    if amount != int(amount):
        raise ValueError
    return int(amount)


def address(value: object) -> int:
    """Return an address; text is hexadecimal with ``0x``, or decimal.

    :raises ValueError: when ``value`` is none, or negative.

    >>> address("0x2000_0000") == address(0x20000000)
    True
    """
    if isinstance(value, str) and len(value) <= _LONGEST:
        value = int(value, 0) if _ADDRESS.fullmatch(value) else None
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**64:
        raise ValueError
    return value


def format_size(size_bytes: int) -> str:
    """Write a size with the largest binary unit that divides it.

    >>> format_size(24576), format_size(1000), format_size(2**31)
    ('24 KiB', '1000 B', '2 GiB')
    """
    for unit, letter in ((1024**3, "GiB"), (1024**2, "MiB"), (1024, "KiB")):
        if size_bytes and size_bytes % unit == 0:
            return f"{size_bytes // unit} {letter}"
    return f"{size_bytes} B"
