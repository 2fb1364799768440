"""A ledger whose run's files were carried elsewhere: its paths lead to where they are now."""

import re
from pathlib import Path
from typing import Any, cast

from pytest_karatos.report.shape import LedgerFacts

_NAME = re.compile(r"run-[0-9-]{1,40}")
#: Folders below the ledger's that are looked through for that of the run, as CI keeps them.
_PLACES = (".", ".karatos", "artifacts", "*/.karatos", "*")


def moved(ledger: LedgerFacts, beside: Path) -> LedgerFacts:
    """Return ``ledger`` with the paths of its run as they are ``beside`` it, if they are there.

    >>> moved({"run": {"id": "run-1"}, "tests": ["/gone/run-1/x"]}, Path("/nowhere"))["tests"]
    ['/gone/run-1/x']
    """
    name = ledger["run"].get("id", "")
    # A run's folder, never a pattern or a way out of here.
    if not _NAME.fullmatch(name):
        return ledger
    found = next((one for place in _PLACES for one in beside.glob(f"{place}/{name}")), None)
    if found is None:
        return ledger
    return cast("LedgerFacts", _with(ledger, f"/{name}/", f"{found}/"))


def _with(value: Any, old: str, new: str) -> Any:  # noqa: ANN401 - any plain value
    if isinstance(value, str):
        head, middle, rest = value.partition(old)
        is_path = middle and value.startswith("/") and ".." not in rest.split("/")
        return f"{new}{rest}" if is_path and not set(head) & {" ", "\n"} else value
    if isinstance(value, list):
        return [_with(one, old, new) for one in value]
    if isinstance(value, dict):
        return {key: _with(one, old, new) for key, one in value.items()}
    return value
