"""Put the images that a green run has tested together as a release, with what is known of them.

LEDGER is what `pytest --karatos-json=FILE` wrote about this very commit. A run that is red, a part
of one, or of another commit is refused, and so is an image that no passing test has booted. The
folder holds ELF and flat image of each, their sums, provenance, the list of packages, and notes;
made twice, it holds the same bytes.
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from pytest_karatos.artifacts.files import whole_folder
from pytest_karatos.cli.compare import of_ledgers
from pytest_karatos.cli.shell import Shell
from pytest_karatos.elf import flat, read
from pytest_karatos.errors import BadSetting
from pytest_karatos.release.accepted import accepted, commit_of
from pytest_karatos.release.documents import as_bytes, materials, notes, provenance
from pytest_karatos.report.comparison import as_markdown
from pytest_karatos.report.reading import read_ledger
from pytest_karatos.text import printable

HELP = "put together what a green run has tested"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("tag", metavar="TAG", help="what it is called, as v1.2.0")
    parser.add_argument("--ledger", metavar="FILE", default="karatos.json", help="(karatos.json)")
    parser.add_argument("--to", metavar="DIR", help="where to (release/TAG)")
    parser.add_argument("--since", metavar="FILE", help="the last release's karatos.json")


def run(options: Namespace, shell: Shell) -> int:
    """Write the folder; 0 when that is done.

    :raises BadSetting: for what may not be released.
    """
    to = shell.folder / (options.to or Path("release") / options.tag)
    path = shell.folder / options.ledger
    ledger = read_ledger(path)
    commit = commit_of(shell.folder, options.tag)
    images = accepted(ledger, shell.folder, commit)
    if to.exists():
        raise BadSetting(
            f"{printable(str(to))} is there already.", fix="remove it, or write elsewhere by --to"
        )
    files: dict[str, bytes] = {}
    for one in images:
        files[f"{one.name}.elf"] = one.content
        files[f"{one.name}.bin"] = flat(read(one.elf))[1]
    digests = _digests(files)
    changes = as_markdown(of_ledgers(shell.folder / options.since, path)) if options.since else ""
    files["karatos.json"] = path.read_bytes()
    files["provenance.intoto.json"] = as_bytes(provenance(images, digests, commit, ledger))
    files["bom.cdx.json"] = as_bytes(materials(shell.folder, commit, images))
    files["NOTES.md"] = notes(images, commit, ledger, changes).encode()
    sums = "".join(f"{digest}  {name}\n" for name, digest in _digests(files).items())
    with whole_folder(to) as folder:
        for name, data in {**files, "SHA256SUMS": sums.encode()}.items():
            (folder / name).write_bytes(data)
    shell.say(f"{len(images)} images of commit {commit.sha[:12]} released: {to}")
    return 0


def _digests(files: Mapping[str, bytes]) -> dict[str, str]:
    return {name: sha256(data).hexdigest() for name, data in sorted(files.items())}
