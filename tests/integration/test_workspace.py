"""The private tree follows the user's, and the user's is never written."""

import os
from pathlib import Path

import pytest

from pytest_karatos.builders.sources import digest_of, survey
from pytest_karatos.builders.workspace import sync
from pytest_karatos.errors import BadSetting, SourcesChanged
from pytest_karatos.settings.keys import NOT_SOURCES


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "main.rs").write_text("fn main() {}")
    (folder / "build.sh").write_text("#!/bin/sh\n")
    (folder / "build.sh").chmod(0o755)
    (folder / "link").symlink_to("build.sh")
    return folder


def test_a_copy_has_contents_modes_and_links(source: Path, tmp_path: Path) -> None:
    sync(source, survey(source), tmp_path / "tree")
    assert survey(tmp_path / "tree") == survey(source)


def test_caches_and_git_are_no_sources(source: Path) -> None:
    before = survey(source)
    for name in (".git", "target"):
        (source / name).mkdir()
        (source / name / "junk").write_text("junk")
    (source / "target" / "CACHEDIR.TAG").write_text("Signature: 8a477f597d28d172789f06886806bc55")
    assert survey(source) == before


def test_only_changed_files_are_touched(source: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    sync(source, survey(source), tree)
    untouched = (tree / "build.sh").stat().st_mtime_ns
    (source / "src" / "main.rs").write_text("fn main() { loop {} }")
    sync(source, survey(source), tree)
    assert (tree / "src" / "main.rs").read_text().endswith("loop {} }")
    assert (tree / "build.sh").stat().st_mtime_ns == untouched


def test_removed_files_go_and_build_products_stay(source: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    sync(source, survey(source), tree)
    (tree / "memory.x").write_text("made by the build")
    (source / "link").unlink()
    sync(source, survey(source), tree)
    assert not (tree / "link").is_symlink()
    assert (tree / "memory.x").exists()


def test_the_digest_sees_content_names_and_modes(source: Path) -> None:
    seen = {digest_of(survey(source))}
    (source / "build.sh").chmod(0o644)
    seen.add(digest_of(survey(source)))
    (source / "build.sh").rename(source / "make.sh")
    seen.add(digest_of(survey(source)))
    assert len(seen) == 3


def test_a_missing_tree_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match="is not a folder"):
        survey(tmp_path / "nowhere")


def test_what_a_build_wrote_over_is_copied_again(source: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    manifest = survey(source)
    sync(source, manifest, tree)
    (tree / "src" / "main.rs").write_text("fn made_by_the_build() {}")
    sync(source, manifest, tree)
    assert survey(tree) == manifest


@pytest.mark.parametrize("change", ["write", "remove", "chmod"])
def test_a_change_between_survey_and_copy_is_an_error(
    source: Path, tmp_path: Path, change: str
) -> None:
    manifest, changed = survey(source), source / "src" / "main.rs"
    if change == "write":
        changed.write_text("fn other() {}")
    elif change == "remove":
        changed.unlink()
    else:
        changed.chmod(0o755)
    with pytest.raises(SourcesChanged, match=r"main\.rs changed while it was copied"):
        sync(source, manifest, tmp_path / "tree")
    sync(source, survey(source), tmp_path / "tree")
    assert survey(tmp_path / "tree") == survey(source)


def test_a_changed_link_is_an_error_too(source: Path, tmp_path: Path) -> None:
    manifest = survey(source)
    (source / "link").unlink()
    (source / "link").symlink_to("src")
    with pytest.raises(SourcesChanged):
        sync(source, manifest, tmp_path / "tree")


def test_an_interrupted_copy_goes_on_where_it_stopped(source: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    sync(source, survey(source), tree)
    untouched = (tree / "build.sh").stat().st_mtime_ns
    manifest = survey(source) | {"src/main.rs": "-:another content"}
    with pytest.raises(SourcesChanged):
        sync(source, manifest, tree)
    sync(source, survey(source), tree)
    assert (tree / "build.sh").stat().st_mtime_ns == untouched


def test_pipes_are_no_sources(source: Path) -> None:
    before = survey(source)
    os.mkfifo(source / "pipe")
    assert survey(source) == before


def test_files_for_the_tests_are_no_sources(tmp_path: Path) -> None:
    source = tmp_path / "s"
    for name in ("main.c", "test_a.py", "t/test_b.py", "t/conftest.py", "doc/a.md", "doc/b/c.md"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("x")
    assert sorted(survey(source, NOT_SOURCES)) == ["doc/a.md", "doc/b/c.md", "main.c"]
    assert sorted(survey(source, ("doc/*", "*.py"))) == ["main.c"]
    assert len(survey(source)) == 6
