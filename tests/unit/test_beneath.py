"""A folder that a hostile program wrote in: no link leads us out, neither to read nor to write."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_karatos.artifacts.beneath import Beneath
from pytest_karatos.errors import LinkEscapes


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret").write_text("secret")
    return folder


@pytest.fixture
def folder(tmp_path: Path, outside: Path) -> Path:
    folder = tmp_path / "folder"
    (folder / "out-1.2" / "deep").mkdir(parents=True)
    (folder / "out-1.2" / "fw-1.2.elf").write_text("firmware")
    assert outside.is_dir()
    return folder


@pytest.fixture
def opened(folder: Path) -> Iterator[Beneath]:
    with Beneath(folder, seen_as="/src") as opened:
        yield opened


#: Links that a build may well leave: versions, folders, absolute ones as the container sees them.
STAYING = {
    "beside": {"out-1.2/fw.elf": "fw-1.2.elf"},
    "folder": {"out": "out-1.2", "out-1.2/fw.elf": "fw-1.2.elf"},
    "up and down": {"out-1.2/deep/up": "../../out-1.2", "out-1.2/fw.elf": "deep/up/fw-1.2.elf"},
    "absolute": {"out-1.2/fw.elf": "/src/out-1.2/fw-1.2.elf"},
    # As text it climbs out of the folder; as a path it does not.
    "through a link": {"short": "out-1.2/deep", "out-1.2/fw.elf": "../short/../fw-1.2.elf"},
}
ESCAPING = {
    "file": {"out-1.2/fw.elf": "../../outside/secret"},
    "absolute": {"out-1.2/fw.elf": "{outside}/secret"},
    "folder": {"out": "{outside}", "{outside}/fw.elf": ""},
    "in a chain": {"out-1.2/fw.elf": "deep/next", "out-1.2/deep/next": "../../../outside/secret"},
    "beside the mount": {"out-1.2/fw.elf": "/srcs/secret"},
    "by way of the mount": {"out-1.2/fw.elf": "/src/../outside/secret"},
    "to the root": {"out": "/"},
}


def laid(folder: Path, links: dict[str, str], outside: Path) -> None:
    for name, target in links.items():
        path = folder / name.format(outside=outside)
        if target:
            path.symlink_to(target.format(outside=outside))
        else:
            path.write_text("secret")


@pytest.mark.parametrize("links", STAYING.values(), ids=STAYING)
@pytest.mark.parametrize("pattern", ["out*/fw.elf", "**/fw.elf", "out-1.2/fw.elf"])
def test_a_link_that_stays_below_is_followed(
    folder: Path, outside: Path, opened: Beneath, links: dict[str, str], pattern: str
) -> None:
    laid(folder, links, outside)
    found = opened.find(pattern)
    assert "out-1.2/fw.elf" in found.files
    assert not found.escaping
    for name in found.files:
        with opened.open(name) as file:
            assert file.read() == b"firmware"


@pytest.mark.parametrize("links", ESCAPING.values(), ids=ESCAPING)
@pytest.mark.parametrize("pattern", ["{}/fw.elf", "{}*/fw.elf"])
def test_a_link_that_leads_out_is_not_followed_but_named(
    folder: Path, outside: Path, opened: Beneath, links: dict[str, str], pattern: str
) -> None:
    laid(folder, links, outside)
    first = next(iter(links)).partition("/")[0]
    found = opened.find(pattern.format(first))
    assert found.files == ()
    assert [" -> " in link for link in found.escaping] == [True]
    with pytest.raises(LinkEscapes, match="->"):
        opened.open(f"{first}/fw.elf")


def test_links_in_a_circle_pipes_and_folders_are_no_files(folder: Path, opened: Beneath) -> None:
    (folder / "a.elf").symlink_to("b.elf")
    (folder / "b.elf").symlink_to("a.elf")
    os.mkfifo(folder / "c.elf")
    (folder / "d.elf").mkdir()
    (folder / "up").symlink_to(".")
    assert opened.find("*.elf").files == ()
    assert opened.find("**/*.elf").files == ("out-1.2/fw-1.2.elf",)


def test_a_folder_that_is_itself_a_link_is_refused(tmp_path: Path, outside: Path) -> None:
    (tmp_path / "tree").symlink_to(outside)
    with pytest.raises(OSError, match="Not a directory"):
        Beneath(tmp_path / "tree")


def test_a_hole_of_terabytes_is_not_read(folder: Path, opened: Beneath) -> None:
    with (folder / "big").open("wb") as file:
        file.truncate(1 << 42)
    assert not opened.holds("big", b"small")


@pytest.mark.parametrize("in_the_way", ["../outside", "out-1.2/fw-1.2.elf", "nowhere"])
def test_what_is_written_never_goes_through_a_link(
    folder: Path, outside: Path, opened: Beneath, in_the_way: str
) -> None:
    (folder / "src").symlink_to(in_the_way)
    (folder / "main").symlink_to("../outside/secret")
    assert opened.stat("src/secret") is None
    assert not opened.holds("src/secret", b"secret")
    assert not opened.holds("main", b"secret")
    opened.remove("src/secret")
    opened.write("src/secret", b"source", 0o644)
    opened.write("main", b"source", 0o644)
    opened.link("src/link", "secret")
    assert (folder / "src" / "link").read_text() == "source"
    assert list(outside.iterdir()) == [outside / "secret"]
    assert (outside / "secret").read_text() == "secret"


def test_what_is_removed_is_the_link(folder: Path, outside: Path, opened: Beneath) -> None:
    (folder / "full").mkdir()
    (folder / "full" / "link").symlink_to(outside)
    (folder / "link").symlink_to(outside)
    opened.remove("full")
    opened.remove("link")
    opened.clear()
    assert not list(folder.iterdir())
    assert (outside / "secret").exists()


def test_a_second_name_of_a_file_elsewhere_is_not_written_through(
    folder: Path, outside: Path, opened: Beneath
) -> None:
    os.link(outside / "secret", folder / "main")
    opened.write("main", b"source", 0o644)
    assert (outside / "secret").read_text() == "secret"


def test_a_folder_of_any_depth_is_removed(folder: Path, opened: Beneath) -> None:
    here = os.open(folder, os.O_RDONLY)
    for _ in range(1500):  # more than there are descriptors, or calls within calls
        os.mkdir("deep", dir_fd=here)
        below = os.open("deep", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    assert opened.find("**/*.elf").files == ("out-1.2/fw-1.2.elf",)
    opened.write("deep", b"source", 0o644)
    assert sorted(path.name for path in folder.iterdir()) == ["deep", "out-1.2"]
