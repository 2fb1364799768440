"""What a build leaves in its copy cannot make us read or write a file of the host."""

import os
from pathlib import Path

import pytest

from pytest_karatos.board import Board
from pytest_karatos.builders.cache import BuildCache, CachedBuild
from pytest_karatos.builders.caching import CachingBuilder
from pytest_karatos.builders.host import HostRunner
from pytest_karatos.builders.locks import JobSlots
from pytest_karatos.builders.tree import Trees
from pytest_karatos.errors import BuildFailed
from pytest_karatos.firmware import BuildRequest
from pytest_karatos.progress import Journal


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "main").write_text("one")
    (folder / "memory-all.x").write_text("template")
    return folder


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_text("secret")
    return folder


def built(source: Path, command: str, linker_map: str = "") -> CachedBuild:
    """Build in a run of its own, as the next ``pytest`` would."""
    root = source.parent
    run = root / f"run-{len(list(root.glob('run-*')))}"
    run.mkdir()
    builder = CachingBuilder(
        trees=Trees(folder=root / "trees", runner=HostRunner({"PATH": os.defpath})),
        cache=BuildCache(root / "cache", 10**9),
        slots=JobSlots(folder=root / "slots", count=1),
        journal=Journal(path=run / "journal.jsonl"),
        logs=run / "builds",
    )
    request = BuildRequest(
        board=Board(name="b", arch="arm"),
        profile="debug",
        source=source,
        command=command.format(outside=root / "outside"),
        elf="out/fw.elf",
        map=linker_map,
    )
    return builder.obtain(request)


@pytest.mark.parametrize(
    ("command", "link"),
    [
        ("mkdir -p out; ln -s {outside}/secret out/fw.elf", r"ELF.*: fw\.elf -> /.*/secret\."),
        ("mkdir -p out; ln -s ../../../outside/secret out/fw.elf", r"ELF.*: fw\.elf -> \.\./"),
        ("mv {outside}/secret {outside}/fw.elf; ln -s {outside} out", r"ELF.*: out -> /.*outside"),
        ("mkdir out; cp src/main out/fw.elf; ln -s {outside}/secret map", r"map.*: map -> /.*/sec"),
    ],
    ids=["elf", "relative", "folder", "map"],
)
@pytest.mark.usefixtures("outside")
def test_a_link_as_an_output_is_named_and_not_read(source: Path, command: str, link: str) -> None:
    with pytest.raises(BuildFailed, match="leads out of the tree") as caught:
        built(source, command, linker_map="map")
    assert caught.match(link)
    assert not list((source.parent / "cache").rglob("firmware.*"))


@pytest.mark.usefixtures("outside")
def test_a_tree_with_such_a_link_is_of_use_again(source: Path) -> None:
    with pytest.raises(BuildFailed):
        built(source, "ln -s {outside} out")
    good = built(source, "mkdir -p out && cp src/main out/fw.elf")
    assert good.elf.read_text() == "one"


@pytest.mark.parametrize("target", ["fw-1.2.elf", "$PWD/out/fw-1.2.elf"])
def test_a_link_to_another_file_of_the_tree_is_an_output(source: Path, target: str) -> None:
    made = built(source, f"mkdir -p out; cp src/main out/fw-1.2.elf; ln -sf {target} out/fw.elf")
    assert made.elf.read_text() == "one"
    assert not made.elf.is_symlink()


@pytest.mark.parametrize(
    ("attack", "edited"),
    [
        ("rm -r src; ln -s {outside} src", "src/main"),
        ("rm -r src; ln -s {outside} src", "src/new"),
        ("ln -sf {outside}/main src/main", "src/main"),
        ("ln -sf {outside}/new src/new", "src/new"),
        ("ln -f {outside}/main src/main", "src/main"),
        ("ln -sf {outside}/memory-all.x memory-all.x", "memory-all.x"),
    ],
    ids=["folder", "file in folder", "file", "new file", "hard link", "template"],
)
def test_sources_are_not_copied_through_a_link(
    source: Path, outside: Path, attack: str, edited: str
) -> None:
    for name in ("main", "memory-all.x"):
        (outside / name).write_text("the host's")
    before = {path.name: path.read_text() for path in outside.iterdir()}
    make = "mkdir -p out; cat src/* memory-all.x > out/fw.elf"
    assert built(source, f"{make}; {attack}").elf.read_text() == "onetemplate"
    (source / edited).write_text("edited")
    assert "edited" in built(source, f"{make}; {attack}").elf.read_text()
    assert {path.name: path.read_text() for path in outside.iterdir()} == before


def test_removed_sources_and_stale_outputs_are_not_removed_through_a_link(
    source: Path, outside: Path
) -> None:
    for name in ("main", "fw.elf"):
        (outside / name).write_text("the host's")
    make = "mkdir -p out; cp memory-all.x out/fw.elf"
    built(source, f"{make}; mkdir t")
    built(source, f"{make}; rm -r src; ln -s {{outside}} src; true 2")
    (source / "src" / "main").unlink()
    (source / "src" / "other").write_text("so that there is a folder")
    with pytest.raises(BuildFailed):
        built(source, "rm -r out; ln -s {outside} out")
    built(source, make)
    assert sorted(path.name for path in outside.iterdir()) == ["fw.elf", "main", "secret"]
