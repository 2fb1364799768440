"""What may be released: images of a run that was green, whole, and of the very commit at hand."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pytest_karatos.builders.repository import git
from pytest_karatos.errors import BadSetting
from pytest_karatos.report.shape import FirmwareFacts, LedgerFacts
from pytest_karatos.text import printable

#: What ends a revision of a tree that is not as in its commit.
_DIRTY = "+changes"
_WHY = "what is released is what a green run has tested, and nothing else."
_UNFIT = re.compile(r"[^A-Za-z0-9._+-]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Accepted:
    """An image that was booted by a test that passed; ``name`` is what its files are called."""

    name: str
    elf: Path
    content: bytes
    sha256: str
    firmware: FirmwareFacts


@dataclass(frozen=True, kw_only=True, slots=True)
class Commit:
    """What a tag means: its ``sha``, and ``seconds`` since 1970 when it was made."""

    tag: str
    sha: str
    seconds: int


def commit_of(folder: Path, tag: str) -> Commit:
    """Return the commit that is checked out in ``folder``, to be called ``tag``.

    :raises BadSetting: where there is none, it has changes, or the tag is of another one.
    """
    head = _asked(folder, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    if not head:
        raise BadSetting(f"{folder} is not in a repository of git with a commit.", why=_WHY)
    if git(folder, "check-ref-format", f"refs/tags/{tag}").status or tag.startswith("-"):
        raise BadSetting(f"{printable(tag)!r} is not a name that a tag can have.")
    differs = git(folder, "status", "--porcelain", "--untracked-files=no").stdout.splitlines()
    if differs:
        raise BadSetting(
            f"{len(differs)} files differ from the commit, as {printable(differs[0][3:])}.",
            why=_WHY,
            fix="commit them and run the tests again, or git stash",
        )
    tagged = _asked(folder, "rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}")
    if tagged and tagged != head:
        raise BadSetting(
            f"tag {printable(tag)} is of commit {tagged[:12]}, and {head[:12]} is checked out.",
            fix=f"git checkout {tag}",
        )
    return Commit(tag=tag, sha=head, seconds=int(_asked(folder, "log", "-1", "--format=%ct")))


def _asked(folder: Path, *words: str) -> str:
    return git(folder, *words).stdout.strip()


def accepted(ledger: LedgerFacts, folder: Path, commit: Commit) -> list[Accepted]:
    """Return the images that the run of ``ledger`` has accepted, by name.

    :raises BadSetting: for a run that is red, a part of one, of another commit, and for an image
        that no passing test has booted, or that is not what it was then.
    """
    _require_green(ledger)
    _require_commit(ledger, folder, commit)
    booted = set(_booted(ledger))
    found = [_image(key, one, booted) for key, one in ledger["firmwares"].items()]
    names = [one.name for one in found]
    twice = {one for one in names if names.count(one) > 1}
    if twice:
        raise BadSetting(f"two images would be called {min(twice)}.", why=_WHY)
    return sorted(found, key=lambda one: one.name)


def _require_green(ledger: LedgerFacts) -> None:
    run = ledger["run"]
    status = run.get("exit_status")
    if status != 0:
        failed = sum(one["outcome"] != "passed" for one in ledger["tests"])
        raise BadSetting(
            f"the run {printable(run.get('id', ''))} is red: it ended with status {status}, "
            f"{failed} of {len(ledger['tests'])} tests did not pass.",
            why=_WHY,
            fix="mend it, and run the tests again",
        )
    if run.get("shard"):
        raise BadSetting(
            "the run was a part of one: other machines have the other tests.",
            why=_WHY,
            fix="python -m pytest_karatos merge puts the parts together; name what it writes",
        )
    if run.get("picked"):
        raise BadSetting(
            "tests were picked by hand in that run, so that others were left out.",
            why=_WHY,
            fix="run all of them: without -k, -m, --lf, --deselect and ids of tests",
        )
    if not ledger["firmwares"]:
        raise BadSetting("the run used no firmware.", why=_WHY)


def _require_commit(ledger: LedgerFacts, folder: Path, commit: Commit) -> None:
    said = [one["revision"] for one in ledger["firmwares"].values()]
    for text in {ledger["run"].get("revision", ""), *said}:
        sha = _asked(folder, "rev-parse", "--verify", "--quiet", f"{text}^{{commit}}")
        if text.endswith(_DIRTY) or not text or text.startswith("-") or sha != commit.sha:
            raise BadSetting(
                f"the run tested {printable(text) or 'an unknown revision'}, and commit "
                f"{commit.sha[:12]} is to be released.",
                why=_WHY,
                fix="run the tests of this commit, with --karatos-json=FILE",
            )


def _booted(ledger: LedgerFacts) -> Iterator[tuple[str, str]]:
    """Give the firmware and the digest of each image that a passing test booted."""
    for test in ledger["tests"]:
        if test["outcome"] == "passed":
            yield from ((test["firmware"], boot["elf_sha256"]) for boot in test["boots"])


def _image(key: str, firmware: FirmwareFacts, booted: set[tuple[str, str]]) -> Accepted:
    elf = Path(firmware["elf"])
    if not elf.is_file():
        raise BadSetting(
            f"{printable(str(elf))} is not there any more.",
            why=_WHY,
            fix="run the tests again, and release before their files go",
        )
    content = elf.read_bytes()
    sha256 = hashlib.sha256(content).hexdigest()
    if (key, sha256) not in booted:
        was = sorted(digest[:12] for one, digest in booted if one == key)
        raise BadSetting(
            f"{printable(str(elf))} ({sha256[:12]}) is not what a passing test booted: "
            f"{', '.join(was) or 'none booted it'}.",
            why=_WHY,
            fix="run the tests again; an image that no test boots cannot be released",
        )
    return Accepted(
        name=_name(firmware), elf=elf, content=content, sha256=sha256, firmware=firmware
    )


def _name(firmware: FirmwareFacts) -> str:
    words: Sequence[str] = (
        *(firmware["name"] or "firmware", firmware["binary"]),
        *(*firmware["features"], firmware["board"], firmware["profile"]),
    )
    return "-".join(_UNFIT.sub("_", one).strip(".") for one in words if one)
