"""Notice that firmware says the same few lines again and again."""

#: A block of more lines is not looked for.
_MOST_LINES = 32


def endless_block(text: str, *, times: int, within: int) -> str | None:
    r"""Return the block that ``text`` ends with ``times`` times in succession, if there is one.

    ``within`` bounds the block's length in characters. Blocks end with a newline.

    >>> endless_block("boot\n" + "a\nb\n" * 5, times=5, within=100)
    'a\nb\n'
    >>> endless_block("tick 1\ntick 2\ntick 3\n", times=2, within=100) is None
    True
    """
    end = text.rfind("\n") + 1
    start = text.rfind("\n", 0, max(0, end - 1))
    if start < 0 or times < 1:
        return None
    needle, at = text[start:end], start
    for _ in range(_MOST_LINES):
        at = text.rfind(needle, max(0, end - within - len(needle)), at + len(needle) - 1)
        if at < 0:
            return None
        length = start - at
        if _repeats(text, end, length, times):
            return text[end - length : end]
    return None


def _repeats(text: str, end: int, length: int, times: int) -> bool:
    begin = end - length * times
    if begin < 0 or text[end - length : end] != text[end - 2 * length : end - length]:
        return times == 1 and begin >= 0
    return text[begin : end - length] == text[begin + length : end]
