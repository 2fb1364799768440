"""Write the ledger as JSON, whole or not at all."""

import json
import tempfile
from pathlib import Path

from pytest_karatos.errors import BadSetting
from pytest_karatos.report.ledger import Ledger


def write(ledger: Ledger, path: Path) -> None:
    """Put the ledger at ``path``; what was there before stays until the new file is complete.

    :raises BadSetting: when the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            "w", dir=path.parent, prefix=".karatos-", suffix=".json", delete=False
        ) as file:
            json.dump(ledger.as_json(), file, indent=1)
        Path(file.name).replace(path)
        path.chmod(0o644)
    except OSError as error:
        raise BadSetting(
            f"the JSON report {path} cannot be written: {error}.",
            cure="pass --karatos-json=PATH with a path that you can write",
        ) from error
