"""The ledger as a JSON file, whole or not at all."""

from pathlib import Path

from pytest_karatos.artifacts.files import write_json
from pytest_karatos.errors import BadSetting
from pytest_karatos.report.ledger import Ledger


def write(ledger: Ledger, path: Path) -> None:
    """Put the ledger at ``path``; what was there before stays until the new file is complete.

    :raises BadSetting: when the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(path, ledger.as_json())
    except OSError as error:
        raise BadSetting(
            f"the JSON report {path} cannot be written: {error}.",
            fix="pass --karatos-json=PATH with a path that you can write",
        ) from error
