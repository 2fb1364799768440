"""What a build learns of git where it may ask: as in the user's tree, which stays untouched."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos.errors import BadSetting
from pytest_karatos.firmware import BuildRequest
from tests.integration.test_true_key import build, request

ASK = "git describe {} > out"


def git(folder: Path, *words: str) -> str:
    own = (
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@example.org",
        "-c",
        "protocol.file.allow=always",
    )
    argv = ["git", "-C", str(folder), *own, *words]
    return subprocess.run(argv, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A tree with a tag and two commits behind it."""
    folder = tmp_path / "source"
    (folder / "fw").mkdir(parents=True)
    (folder / "main").write_text("one")
    (folder / "fw" / "part").write_text("one")
    (folder / "test_it.py").write_text("")
    for words in ("init -q -b main", "add .", "commit -qm one", "tag -am first v1.0"):
        git(folder, *words.split())
    for word in ("two", "three"):
        (folder / "main").write_text(word)
        git(folder, "commit", "-qam", word)
    return folder


def asking(source: Path, words: str = "--tags --dirty", *, asks: str = ASK) -> BuildRequest:
    wanted = request(source, asks.format(words))
    return replace(wanted, git=True, exclude=("test_*.py",))


def snapshot(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("words", ["", "--tags --dirty --always", "--long", "--tags --abbrev=12"])
def test_a_description_is_that_of_the_users_tree(source: Path, words: str) -> None:
    before = snapshot(source)
    said = git(source, "describe", *words.split())
    before |= {source / ".git/index": (source / ".git/index").read_bytes()}
    assert said.startswith("v1.0-2-g")
    assert build(asking(source, words)) == (said, True)
    assert snapshot(source) == before


@pytest.mark.parametrize(
    ("asks", "said"),
    [("git log -1 --format=%s > out", "three"), ("git status --porcelain -uno > out", "")],
)
def test_other_questions(source: Path, asks: str, said: str) -> None:
    assert build(asking(source, asks=asks))[0] == said


def test_a_source_that_differs_is_dirty_and_a_test_is_not(source: Path) -> None:
    clean = build(asking(source))
    (source / "test_it.py").write_text("def test(): ...")
    assert build(asking(source)) == (clean[0], False)
    (source / "main").write_text("four")
    assert build(asking(source)) == (f"{clean[0]}-dirty", True)
    git(source, "checkout", "-q", "main", "--", "main")
    (source / "fw" / "part").unlink()
    assert build(asking(source))[0] == f"{clean[0]}-dirty"


def test_a_new_tag_or_commit_is_another_build(source: Path) -> None:
    first = build(asking(source))
    git(source, "tag", "v2.0-rc1")
    assert build(asking(source)) == ("v2.0-rc1", True)
    git(source, "commit", "-q", "--allow-empty", "-m", "four")
    second = build(asking(source))
    assert second[0].startswith("v2.0-rc1-1-g")
    assert len({first, second}) == 2


def test_a_worktree_and_its_origin_share_a_build(source: Path) -> None:
    git(source, "worktree", "add", "-q", str(source.parent / "beside"))
    first = build(asking(source))
    assert build(asking(source.parent / "beside")) == (first[0], False)


def test_a_folder_of_a_repository(source: Path) -> None:
    said = git(source, "describe", "--tags")
    assert build(asking(source / "fw"))[0] == said
    (source / "main").write_text("elsewhere")
    assert build(asking(source / "fw"))[0] == said
    (source / "fw" / "part").write_text("two")
    assert build(asking(source / "fw"))[0] == f"{said}-dirty"


def test_a_submodule_tells_of_itself(source: Path, tmp_path: Path) -> None:
    kit = tmp_path / "kit"
    kit.mkdir()
    (kit / "header").write_text("")
    for words in ("init -q", "add .", "commit -qm one", "tag k7"):
        git(kit, *words.split())
    git(source, "submodule", "add", "-q", str(kit), "kit")
    assert (source / "kit" / ".git").is_file()
    asks = "git -C kit describe --tags {}> out"
    assert build(asking(source, "", asks=asks))[0] == "k7"


def test_without_being_asked_for_there_is_none(source: Path) -> None:
    assert build(asking(source))[1]
    plain = replace(asking(source, asks="git describe --tags > out || echo none > out"), git=False)
    outer = source.parent.parent  # git must not find one further up
    assert not any((one / ".git").exists() for one in (outer, *outer.parents))
    assert build(plain)[0] == "none"


def test_what_a_build_did_to_its_repository_is_undone(source: Path) -> None:
    marked = source.parent / "ran"
    poison = f"printf '[core]\\n\\tfsmonitor = touch {marked}\\n' >> .git/config"
    asks = "git status -uno; git tag -l > out; git tag evil; " + poison
    assert build(asking(source, asks=asks)) == ("v1.0", True)
    (source / "main").write_text("five")
    git(source, "commit", "-qam", "five")
    assert build(asking(source, asks=asks)) == ("v1.0", True)
    assert not marked.exists()


def test_variables_of_a_hook_mean_another_repository(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = git(source, "describe", "--tags")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    assert build(asking(source))[0] == said


def test_a_tree_without_git_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "source"
    folder.mkdir()
    with pytest.raises(BadSetting, match=r"build\.git is true, and .* has no commit of git"):
        build(asking(folder))
