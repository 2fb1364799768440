"""The documents of a release, each reproducible: where it comes from, and what is in it."""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_karatos.release.accepted import Accepted, Commit
from pytest_karatos.report.markdown import code, table
from pytest_karatos.report.shape import LedgerFacts
from pytest_karatos.settings.toml import parse

_STATEMENT = "https://in-toto.io/Statement/v1"
_PROVENANCE = "https://slsa.dev/provenance/v1"
_BUILD = "urn:pytest-karatos:build:1"
#: Longest list of packages that is read.
_LONGEST = 16 * 1024 * 1024


def as_bytes(value: object) -> bytes:
    """Return a document as bytes that are the same whenever its content is."""
    return json.dumps(value, indent=1, sort_keys=True).encode() + b"\n"


def provenance(
    images: Sequence[Accepted], digests: Mapping[str, str], commit: Commit, ledger: LedgerFacts
) -> Mapping[str, Any]:
    """Return an in-toto statement with SLSA's predicate: which build of which commit made it.

    ``digests`` are those of the release's files, by their names.
    """
    return {
        "_type": _STATEMENT,
        "subject": [{"name": name, "digest": {"sha256": one}} for name, one in digests.items()],
        "predicateType": _PROVENANCE,
        "predicate": {
            "buildDefinition": {
                "buildType": _BUILD,
                "externalParameters": {
                    one.name: {
                        "command": one.firmware["command"],
                        "board": one.firmware["board"],
                        "profile": one.firmware["profile"],
                        "features": one.firmware["features"],
                    }
                    for one in images
                },
                "internalParameters": {
                    one.name: {
                        "toolchain": one.firmware["toolchain"],
                        "image": one.firmware["image"],
                        "key": one.firmware["key"],
                    }
                    for one in images
                },
                "resolvedDependencies": [
                    {"uri": "git+.", "digest": {"gitCommit": commit.sha}, "name": commit.tag}
                ],
            },
            "runDetails": {
                "builder": {"id": f"urn:pytest-karatos:builder:{images[0].firmware['builder']}"},
                "metadata": {"invocationId": ledger["run"]["id"]},
            },
        },
    }


def materials(folder: Path, commit: Commit, images: Sequence[Accepted]) -> Mapping[str, Any]:
    """Return a CycloneDX list of what is in it: the packages of ``Cargo.lock``, and compilers.

    :raises BadSetting: for a lock file that cannot be read.
    """
    lock = folder / "Cargo.lock"
    components = list(_crates(lock)) if lock.is_file() else []
    compilers = sorted({one.firmware["toolchain"] for one in images} - {""})
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, commit.sha + commit.tag)}",
        "version": 1,
        "metadata": {
            "component": {"type": "firmware", "name": folder.resolve().name, "version": commit.tag},
            "tools": {"components": [{"type": "application", "name": one} for one in compilers]},
        },
        "components": components,
    }


def _crates(lock: Path) -> Iterator[Mapping[str, Any]]:
    with lock.open("rb") as file:
        packages = parse(file.read(_LONGEST), lock.name).data.get("package", ())
    for one in packages if isinstance(packages, list) else ():
        name, version = str(one.get("name", "")), str(one.get("version", ""))
        found: dict[str, Any] = {"type": "library", "name": name, "version": version}
        if "source" in one:  # what has none is the tree's own
            found["purl"] = f"pkg:cargo/{name}@{version}"
        if "checksum" in one:
            found["hashes"] = [{"alg": "SHA-256", "content": str(one["checksum"])}]
        yield found


def notes(images: Sequence[Accepted], commit: Commit, ledger: LedgerFacts, changes: str) -> str:
    """Return what people read: what was tested, how large it is, and what changed."""
    rows = [
        [
            code(one.name),
            one.firmware["board"],
            "; ".join(
                f"{figure['name']} {figure['value']:,g} {figure['unit']}".rstrip()
                for figure in one.firmware["measurements"]
            ),
            code(one.sha256),
        ]
        for one in images
    ]
    tests = ledger["tests"]
    passed = sum(one["outcome"] == "passed" for one in tests)
    lines = [
        f"# {commit.tag}",
        "",
        f"Commit {code(commit.sha)}; {passed} of {len(tests)} tests passed on it.",
        "",
        *table(("image", "board", "figures", "SHA-256"), rows),
    ]
    if changes:
        lines += ["", "## Changed", "", changes]
    return "\n".join(lines) + "\n"
