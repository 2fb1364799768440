"""Folder names that every file system takes, made of test ids and board names."""

import hashlib
import re

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST = 80


def safe_name(test: str) -> str:
    """Turn any text into a folder name that is readable, portable and its own.

    Readable is the part behind the file's folders; a digest of the whole text keeps names apart,
    also where upper and lower case are one, and away from names that Windows keeps for itself.

    >>> safe_name("tests/test_boot.py::test_it[arm]")
    'test_boot.py-test_it-arm-ce109912'
    >>> safe_name("../../etc"), safe_name("")
    ('etc-74ccf3c5', 'e3b0c442')
    """
    digest = hashlib.sha256(test.encode(errors="surrogatepass")).hexdigest()[:8]
    file, colons, rest = test.partition("::")
    words = safe_word(file.rpartition("/")[2] + colons + rest)
    return f"{words}-{digest}".lstrip("-")


def safe_word(text: str) -> str:
    """Keep of ``text`` what is portable in a name, at most 80 characters; it may come out empty.

    >>> safe_word("a b/c")
    'a-b-c'
    """
    return _UNSAFE.sub("-", text).strip("-.")[:_LONGEST].rstrip("-.")
