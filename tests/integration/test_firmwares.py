"""[firmware.NAME]: one build of a tree, many binaries, each found by its name."""

from pathlib import Path

import pytest

from pytest_karatos import Bench
from pytest_karatos.artifacts import open_run
from pytest_karatos.errors import BadSetting, BuildFailed, KaratosError, UnknownName
from pytest_karatos.settings import load
from tests.emulated.tiny_guest import image

#: Copies each app to its place; what is broken is left out, and the build fails in the end.
BUILD = """\
#!/bin/sh
echo run >> "$COUNT"
mkdir -p out
for app in apps/*.app; do
  name=$(basename $app .app)
  if grep -q broken $app; then echo "error: $name does not compile"; status=1; continue; fi
  cp $app out/$name.elf; cp $app out/$name-0123456789abcdef.elf
done
exit ${status-0}
"""
TOML = """\
[run]
arch = ["riscv"]
[build]
source = "tree"
builder = "local"
env = { COUNT = "%s" }
[cache]
folder = "cache"
[firmware.apps]
command = "./build.sh"
elf = "out/{binary}.elf"
"""


class Root:
    """A tree of three apps, its settings, and how often it was built."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, folder / "count"
        self.apps = folder / "tree" / "apps"
        self.apps.mkdir(parents=True)
        for name in ("idle", "init", "task"):
            self.app(name, name)
        (folder / "tree" / "build.sh").write_text(BUILD)
        (folder / "tree" / "build.sh").chmod(0o755)

    def app(self, name: str, says: str) -> None:
        image(self.folder, "riscv", ("say", f"{says}\n".encode())).rename(self.apps / f"{name}.app")

    def bench(self, more: str = "", **typed: object) -> Bench:
        (self.folder / "karatos.toml").write_text(TOML % self.count + more)
        settings = load(root=self.folder, environ={}, typed=typed)
        run = open_run(self.folder / "runs")
        return Bench(settings=settings, environ={"PATH": "/usr/bin:/bin"}, run=run)

    @property
    def builds(self) -> int:
        return len(self.count.read_text().split()) if self.count.exists() else 0


@pytest.fixture
def root(tmp_path: Path) -> Root:
    return Root(tmp_path)


def test_one_build_serves_every_binary(root: Root) -> None:
    with root.bench() as bench:
        made = [bench.firmware("virt", name="apps", binary=one) for one in ("idle", "task")]
        assert bench.binaries(bench.board("virt"), name="apps") == ("idle", "init", "task")
    assert [one.elf.read_bytes() for one in made] == [
        (root.apps / f"{one}.app").read_bytes() for one in ("idle", "task")
    ]
    assert [one.title for one in made] == ["riscv debug apps/idle", "riscv debug apps/task"]
    assert len({one.key for one in made}) == 2
    with root.bench() as bench:
        assert not bench.firmware("virt", name="apps", binary="init").provenance.fresh
    assert root.builds == 1


def test_a_broken_binary_fails_its_own_tests_and_is_tried_again(root: Root) -> None:
    (root.apps / "init.app").write_text("broken")
    for run in (1, 2):
        with root.bench() as bench:
            assert bench.firmware("virt", name="apps", binary="idle").elf.is_file()
            with pytest.raises(BuildFailed, match=r"(?s)'init' did not come.*init does not com"):
                bench.firmware("virt", name="apps", binary="init")
        assert root.builds == run
    root.app("init", "mended")
    with root.bench() as bench:
        made = bench.firmware("virt", name="apps", binary="init")
    assert made.elf.read_bytes() == (root.apps / "init.app").read_bytes()


def test_a_build_that_fails_for_all_is_said_once(root: Root) -> None:
    for app in root.apps.iterdir():
        app.write_text("broken")
    with root.bench() as bench:
        for binary, words in (("idle", "failed with exit status 1"), ("init", "failed earlier")):
            with pytest.raises(BuildFailed, match=words):
                bench.firmware("virt", name="apps", binary=binary)
    assert root.builds == 1


def test_an_old_binary_is_never_taken_for_one_that_failed(root: Root) -> None:
    with root.bench() as bench:
        bench.firmware("virt", name="apps", binary="init")
    (root.apps / "init.app").write_text("broken")
    with root.bench() as bench, pytest.raises(BuildFailed, match="'init' did not come out"):
        bench.firmware("virt", name="apps", binary="init")


@pytest.mark.parametrize(
    ("name", "binary", "says"),
    [
        ("apps", "idel", "made no binary 'idel'. Did you mean 'idle'?"),
        ("apps", "", "is 3 binaries, and none was named: idle, init, task"),
        ("aps", "", "unknown firmware 'aps'. Did you mean 'apps'? Known: apps."),
    ],
)
def test_a_name_that_is_none_is_a_sentence(root: Root, name: str, binary: str, says: str) -> None:
    with root.bench() as bench, pytest.raises(KaratosError) as raised:
        bench.firmware("virt", name=name, binary=binary)
    assert says in str(raised.value)


def test_another_place_for_one_test(root: Root) -> None:
    with root.bench() as bench:
        made = bench.firmware("virt", name="apps", elf="out/task.elf")
    assert made.elf.read_bytes() == (root.apps / "task.app").read_bytes()


def test_a_command_that_names_the_binary_builds_it_alone(root: Root) -> None:
    more = 'binaries = "apps/{binary}.app"\n[firmware.one]\nelf = "out.elf"\n'
    more += 'command = "cp apps/{binary}.app out.elf"\nbinaries = ["idle", "task"]\n'
    with root.bench(more) as bench:
        board = bench.board("virt")
        assert bench.binaries(board, name="one") == ("idle", "task")
        assert bench.binaries(board, name="apps") == ("idle", "init", "task")
        made = [bench.firmware(board, name="one", binary=one) for one in ("idle", "task")]
        with pytest.raises(BadSetting, match="builds one binary at a time"):
            bench.firmware(board, name="one")
    assert [one.elf.read_bytes() for one in made] == [
        (root.apps / f"{one}.app").read_bytes() for one in ("idle", "task")
    ]
    assert root.builds == 0


def test_a_firmware_says_what_is_different_from_the_rest(root: Root) -> None:
    more = """\
features = ["a"]
ready = "> "
silence = 9
faults = ["oh no"]
expect_exit = 7
build_timeout = 5
env = { MORE = "2" }
board = ["virt"]
"""
    with root.bench(more) as bench:
        named = next(one for one in bench.settings.firmwares if one.name == "apps")
        (board,) = named.boards
        assert (board.watch.ready, board.watch.silence_seconds) == ("> ", 9)
        assert (board.watch.faults, board.expect_exit) == (("oh no",), 7)
        assert board.build.timeout_seconds == 5
        assert dict(board.build.env) == {"COUNT": str(root.count), "MORE": "2"}
        assert bench.board("virt").watch.ready == ""
        with pytest.raises(BadSetting, match="'apps' is not for board 'lm3s6965evb'"):
            bench.firmware("lm3s6965evb", name="apps", binary="idle")


def test_prebuilt_binaries_of_a_firmware(root: Root) -> None:
    with root.bench(f'prebuilt = "{root.apps}/{{binary}}.app"\n') as bench:
        board = bench.board("virt")
        assert bench.binaries(board, name="apps") == ("idle", "init", "task")
        made = bench.firmware(board, name="apps", binary="task")
    assert made.elf.read_bytes() == (root.apps / "task.app").read_bytes()
    assert made.provenance.builder == "prebuilt"
    assert root.builds == 0


@pytest.mark.parametrize(
    ("more", "typed", "says"),
    [
        ("expected = 'out.txt'", {}, "expected 'out.txt' has no {binary}"),
        ("binaries = 'apps/*.c'", {}, "'apps/*.c' is not the name of a binary"),
        ("board = ['vrit']", {}, "unknown board 'vrit'. Did you mean 'virt'?"),
        ("ready = 3", {}, "firmware.apps.ready must be a text"),
        ("", {"firmware": ["app"]}, "--karatos-firmware: unknown firmware 'app'"),
        ("[firmware.'a b']\nelf = 'x'", {}, "'a b' is not a name for a firmware"),
    ],
)
def test_settings_that_cannot_be(
    root: Root, more: str, typed: dict[str, object], says: str
) -> None:
    with pytest.raises((BadSetting, UnknownName)) as raised:
        root.bench(more, **typed)
    assert says in str(raised.value)


def test_what_a_test_without_a_name_runs_on(root: Root) -> None:
    assert root.bench().settings.by_default == ("apps",)
    more = "[firmware.boot]\nelf = 'b'\n"
    assert root.bench(more).settings.by_default == ("apps", "boot")
    assert root.bench(more, firmware=["boot"]).settings.by_default == ("boot",)
    general = TOML.replace("[build]", "[build]\ncommand = 'make'")
    (root.folder / "karatos.toml").write_text(general % root.count)
    assert load(root=root.folder, environ={}, typed={}).by_default == ("",)
