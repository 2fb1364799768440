"""A release is what a green run of this very commit has tested: everything else is refused."""

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.unit.elf_builder import build_elf
from tests.unit.hand_made import boot, failed, ledger, record
from tests.unit.test_commands import asked
from tests.unit.test_size import BSS, DATA, TEXT, VECTORS

LOCK = """
[[package]]
name = "cortex-m"
version = "0.7.7"
source = "registry+https://github.com/rust-lang/crates.io-index"
checksum = "8ec610d8f49840a5b376c69663b6369e71f4b34484b9b2eb29fb918d92516cb9"

[[package]]
name = "kernel"
version = "0.1.0"
"""
Spoil = Callable[[Path, dict[str, Any]], None]


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=n", "-c", "user.email=n@example.org")
    done = subprocess.run(
        ["/usr/bin/env", "git", *who, *words],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.strip()


@pytest.fixture
def made(tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """Make a repository with a commit, an ELF that a run tested, and the run's ledger."""
    folder = tmp_path / "blinky"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / "Cargo.lock").write_text(LOCK)
    (folder / ".gitignore").write_text("/out/\n/release/\n/karatos.json\n")
    git(folder, "add", "-A")
    git(folder, "commit", "-qm", "one")
    revision = git(folder, "describe", "--always")
    elf = folder / "out" / "kernel"
    elf.parent.mkdir()
    elf.write_bytes(build_elf(VECTORS, TEXT, DATA, BSS))
    digest = hashlib.sha256(elf.read_bytes()).hexdigest()
    whole = ledger(record("t.py::a", boots=[{**boot("up"), "elf_sha256": digest}]))
    whole["run"]["revision"] = revision
    whole["firmwares"]["k1"] |= {"elf": str(elf), "revision": revision, "builder": "local"}
    return folder, dict(whole)


def release(folder: Path, facts: dict[str, Any], *more: str, tag: str = "v1") -> tuple[int, str]:
    (folder / "karatos.json").write_text(json.dumps(facts))
    status, said, remarks = asked(folder, "release", tag, *more)
    return status, said + remarks


def test_all_of_it_is_there_and_the_same_twice(made: tuple[Path, dict[str, Any]]) -> None:
    folder, facts = made
    assert release(folder, facts)[0] == 0
    assert release(folder, facts, "--to=again")[0] == 0
    first, again = folder / "release" / "v1", folder / "again"
    names = {one.name for one in first.iterdir()}
    stem = "firmware-lm3s6965evb-debug"
    assert names == {
        *(f"{stem}.elf", f"{stem}.bin", "karatos.json", "provenance.intoto.json"),
        *("bom.cdx.json", "NOTES.md", "SHA256SUMS"),
    }
    for name in names:
        assert (first / name).read_bytes() == (again / name).read_bytes()
    subprocess.run(
        ["/usr/bin/sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"],
        cwd=first,
        check=True,
    )


def test_the_documents_say_where_it_comes_from(made: tuple[Path, dict[str, Any]]) -> None:
    folder, facts = made
    (folder / "before.json").write_text(json.dumps(facts))
    facts["firmwares"]["k1"]["measurements"][0]["value"] += 24
    release(folder, facts, "--since=before.json")
    place, head = folder / "release" / "v1", git(folder, "rev-parse", "HEAD")
    told = json.loads((place / "provenance.intoto.json").read_text())
    subjects = {one["name"]: one["digest"]["sha256"] for one in told["subject"]}
    for name, digest in subjects.items():
        assert hashlib.sha256((place / name).read_bytes()).hexdigest() == digest
    assert len(subjects) == 2
    depends = told["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert depends[0]["digest"] == {"gitCommit": head}
    packages = json.loads((place / "bom.cdx.json").read_text())["components"]
    assert packages[0]["purl"] == "pkg:cargo/cortex-m@0.7.7"
    assert "purl" not in packages[1]
    notes = (place / "NOTES.md").read_text()
    assert f"Commit <code>{head}</code>; 1 of 1 tests passed on it." in notes
    assert "+24" in notes


def red(_folder: Path, facts: dict[str, Any]) -> None:
    facts["tests"].append(failed("t.py::b", "boom"))
    facts["run"]["exit_status"] = 1


def part(_folder: Path, facts: dict[str, Any]) -> None:
    plan = {"number": 1, "of": 2, "tests": [], "all": 1, "with_board": 1, "timed": 0, "plan": "x"}
    facts["run"]["shard"] = plan


def picked(_folder: Path, facts: dict[str, Any]) -> None:
    facts["run"]["picked"] = True


def altered(folder: Path, _facts: dict[str, Any]) -> None:
    with (folder / "out" / "kernel").open("ab") as file:
        file.write(b"x")


def never_booted(_folder: Path, facts: dict[str, Any]) -> None:
    facts["tests"][0]["boots"] = []


def booted_by_a_failure(_folder: Path, facts: dict[str, Any]) -> None:
    facts["tests"][0]["outcome"] = "xfailed"


def gone(folder: Path, _facts: dict[str, Any]) -> None:
    (folder / "out" / "kernel").unlink()


def other_commit(folder: Path, _facts: dict[str, Any]) -> None:
    git(folder, "commit", "-qm", "two", "--allow-empty")


def dirty_run(_folder: Path, facts: dict[str, Any]) -> None:
    facts["firmwares"]["k1"]["revision"] += "+changes"


def unknown_run(_folder: Path, facts: dict[str, Any]) -> None:
    facts["firmwares"]["k1"]["revision"] = ""


def dirty_tree(folder: Path, _facts: dict[str, Any]) -> None:
    (folder / "Cargo.lock").write_text("")


def tag_of_another(folder: Path, _facts: dict[str, Any]) -> None:
    git(folder, "commit", "-qm", "two", "--allow-empty")
    git(folder, "tag", "v1")
    git(folder, "reset", "-q", "--hard", "HEAD~")


def there_already(folder: Path, _facts: dict[str, Any]) -> None:
    (folder / "release" / "v1").mkdir(parents=True)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (red, "is red: it ended with status 1, 1 of 2 tests did not pass"),
        (part, "the run was a part of one"),
        (picked, "tests were picked by hand in that run"),
        (altered, "is not what a passing test booted"),
        (never_booted, "none booted it"),
        (booted_by_a_failure, "none booted it"),
        (gone, "is not there any more"),
        (other_commit, "is to be released"),
        (dirty_run, "+changes, and commit"),
        (unknown_run, "an unknown revision"),
        (dirty_tree, "1 files differ from the commit, as Cargo.lock"),
        (tag_of_another, "tag v1 is of commit"),
        (there_already, "is there already"),
    ],
)
def test_nothing_else_is_released(
    made: tuple[Path, dict[str, Any]], spoil: Spoil, words: str
) -> None:
    folder, facts = made
    spoil(folder, facts)
    status, said = release(folder, facts)
    assert status == 2
    assert words in said
    assert not list(folder.glob("release/v1/*"))


@pytest.mark.parametrize("tag", ["../../x", "-x", "a b", "x..y", ""])
def test_a_tag_is_a_name_that_git_takes(made: tuple[Path, dict[str, Any]], tag: str) -> None:
    folder, facts = made
    (folder / "karatos.json").write_text(json.dumps(facts))
    status, _, said = asked(folder, "release", "--", tag)
    assert (status, "is not a name that a tag can have" in said) == (2, True)
