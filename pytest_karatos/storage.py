"""Object storage that several machines share: a folder, S3 or any other that fsspec knows.

An object appears whole or not at all: it is written under a name of its own, and moved. Names have
one slash; what is in an object is nobody's promise, so who fetches one checks it.
"""

import re
import uuid
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

from pytest_karatos.errors import BadSetting, CacheError
from pytest_karatos.text import printable

_T = TypeVar("_T")
#: What a storage is told beside its address, by its protocol: a host that is gone must not cost
#: minutes, and what others write must be seen.
_OPTIONS: Mapping[str, Mapping[str, object]] = {
    "s3": {
        "config_kwargs": {"connect_timeout": 5, "read_timeout": 30, "retries": {"max_attempts": 2}},
        "use_listings_cache": False,
    }
}
#: Storages with folders of their own; in the others "making" one would make a bucket.
_WITH_FOLDERS = ("file", "sftp", "smb", "ftp", "hdfs")
_SECRET = re.compile(r"//[^/@]*:[^/@]*@")


class Storage:
    """The objects below ``url``, as ``s3://bucket/prefix`` or ``file:///folder``.

    :raises BadSetting: when there is nothing installed for it, or it holds a password.
    """

    def __init__(self, url: str, *, origin: str = "cache.remote") -> None:
        self.url = printable(url)
        protocol, separator, _ = url.partition("://")
        if _SECRET.search(url):
            raise BadSetting(
                f"{origin}: the address of the shared cache holds a password.",
                why="it is printed in reports and logs.",
                fix="leave it out, and set what the storage reads itself, as AWS_ACCESS_KEY_ID",
            )
        try:
            core = import_module("fsspec.core")
            self._files, self._root = core.url_to_fs(url, **_OPTIONS.get(protocol, {}))
        except ImportError as error:
            raise BadSetting(
                f"{origin}: for the shared cache {self.url} there is no module '{error.name}': "
                f"{printable(str(error))}.",
                why="built firmware is to be shared there.",
                fix="pip install 'pytest-karatos[remote]', for s3:// 'pytest-karatos[s3]'",
            ) from None
        except ValueError as error:
            raise self._no_address(origin, f": {printable(str(error))}") from None
        self._has_folders = protocol in _WITH_FOLDERS
        if not separator:
            raise self._no_address(origin)

    def _no_address(self, origin: str, why: str = "") -> BadSetting:
        return BadSetting(
            f"{origin}: {self.url} is no address of a storage{why}.",
            fix="write it as s3://bucket/prefix or file:///folder",
        )

    def sizes(self, folder: str) -> dict[str, int]:
        """Return the names in ``folder`` with their sizes in bytes; none where there is no folder.

        :raises CacheError: when it cannot be asked.
        """
        return self._asked(lambda: self._sizes(folder))

    def _sizes(self, folder: str) -> dict[str, int]:
        try:
            found: list[dict[str, Any]] = self._files.ls(self._place(folder), detail=True)
        except FileNotFoundError:
            return {}
        files = (one for one in found if one["type"] == "file")
        return {str(one["name"]).rpartition("/")[2]: int(one["size"] or 0) for one in files}

    def fetch(self, name: str, to: Path) -> None:
        """Copy the object ``name`` into the file ``to``.

        :raises CacheError: when it cannot be.
        """
        self._asked(lambda: self._files.get_file(self._place(name), str(to)))

    def store(self, name: str, source: Path) -> None:
        """Make the file ``source`` the object ``name``; one that is there is the same already.

        :raises CacheError: when it cannot be.
        """
        self._asked(lambda: self._store(name, source))

    def _store(self, name: str, source: Path) -> None:
        new = self._place(f".new/{uuid.uuid4().hex}")
        if self._has_folders:
            for one in (self._place(name), new):
                self._files.makedirs(one.rpartition("/")[0], exist_ok=True)
        self._files.put_file(str(source), new)
        self._files.mv(new, self._place(name))

    def _place(self, name: str) -> str:
        return f"{self._root.rstrip('/')}/{name}"

    def _asked(self, ask: Callable[[], _T]) -> _T:
        try:
            return ask()
        except Exception as error:  # each storage raises errors of its own
            said = printable(str(error)).partition("\n")[0][:200]
            raise CacheError(
                f"the shared cache {self.url} cannot be used: {type(error).__name__}: {said}.",
                why="built firmware is shared there; it is built here instead.",
                fix="look whether it is there and may be read and written, or unset cache.remote",
            ) from error
