"""What a build can see decides its key: each kind of stale firmware is built anew."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos.board import Board
from pytest_karatos.builders.cache import BuildCache
from pytest_karatos.builders.caching import CachingBuilder
from pytest_karatos.builders.host import HostRunner
from pytest_karatos.builders.locks import JobSlots
from pytest_karatos.builders.missing import missing_tool
from pytest_karatos.builders.programs import Programs, noted, traced
from pytest_karatos.builders.sources import survey
from pytest_karatos.builders.tree import Trees
from pytest_karatos.errors import BadSetting, BuildFailed
from pytest_karatos.firmware import BuildRequest
from pytest_karatos.process import output_of
from pytest_karatos.progress import Journal


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "main").write_text("one")
    return folder


def request(source: Path, command: str) -> BuildRequest:
    board = Board(name="b", arch="arm")
    return BuildRequest(board=board, profile="debug", source=source, command=command, elf="out")


def build(wanted: BuildRequest, **environ: str) -> tuple[str, bool]:
    """Build in a run of its own; return what came out, and whether it was built."""
    entry = _shop(wanted.source.parent, environ).obtain(wanted)
    return entry.elf.read_text().strip(), entry.provenance.fresh


def _shop(folder: Path, environ: dict[str, str]) -> CachingBuilder:
    run = folder / f"run{len(list(folder.glob('run*')))}"
    run.mkdir()
    return CachingBuilder(
        trees=Trees(
            folder=folder / "trees", runner=HostRunner({"PATH": os.environ["PATH"], **environ})
        ),
        cache=BuildCache(folder / "cache", 10**9),
        slots=JobSlots(folder=folder / "slots", count=1),
        journal=Journal(path=run / "journal.jsonl"),
        logs=run / "builds",
    )


def tool(folder: Path, name: str, says: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\necho {says}\n")
    (folder / name).chmod(0o755)
    return folder


# ---- the environment


def test_a_variable_that_a_build_sees_is_in_its_key(source: Path) -> None:
    wanted = request(source, "echo $CFLAGS > out")
    assert build(wanted, CFLAGS="-O1") == ("-O1", True)
    assert build(wanted, CFLAGS="-O2") == ("-O2", True)
    assert build(wanted, CFLAGS="-O1") == ("-O1", False)


def test_what_is_not_in_the_key_is_not_seen(source: Path) -> None:
    wanted = request(source, "echo [$GREETING] > out")
    assert build(wanted, GREETING="hello") == ("[]", True)
    assert build(wanted, GREETING="goodbye") == ("[]", False)
    passed = replace(wanted, pass_env=("GREET*",))
    assert build(passed, GREETING="hello") == ("[hello]", True)
    assert build(passed, GREETING="goodbye") == ("[goodbye]", True)


def test_where_temporary_files_lie_decides_nothing(source: Path) -> None:
    wanted = request(source, "cp main out")
    assert [build(wanted, TMPDIR=one)[1] for one in ("/tmp", "/var/tmp")] == [True, False]  # noqa: S108


# ---- the programs that ran


@pytest.mark.parametrize("call", ["my-odd-compiler", "sh ./build.sh", "{folder}/my-odd-compiler"])
def test_another_version_of_any_program_is_another_build(
    source: Path, tmp_path: Path, call: str
) -> None:
    (source / "build.sh").write_text("exec my-odd-compiler\n")
    folder = tool(tmp_path / "bin", "my-odd-compiler", "v1")
    path = f"{folder}:{os.environ['PATH']}"
    wanted = request(source, f"{call.format(folder=folder)} > out")
    assert build(wanted, PATH=path) == ("v1", True)
    assert build(wanted, PATH=path) == ("v1", False)
    tool(folder, "my-odd-compiler", "v2")
    assert build(wanted, PATH=path) == ("v2", True)
    tool(folder, "my-odd-compiler", "v1")
    assert build(wanted, PATH=path) == ("v1", False)


def test_a_program_that_is_found_first_now_is_another_build(source: Path, tmp_path: Path) -> None:
    old, new = tool(tmp_path / "old", "cc1", "old"), tool(tmp_path / "new", "cc1", "new")
    wanted, rest = request(source, "cc1 > out"), os.environ["PATH"]
    assert build(wanted, PATH=f"{old}:{rest}") == ("old", True)
    assert build(wanted, PATH=f"{new}:{old}:{rest}") == ("new", True)
    (tmp_path / "empty").mkdir()
    assert build(wanted, PATH=f"{tmp_path}/empty:{old}:{rest}") == ("old", False)


def test_a_script_behind_its_interpreter_is_a_program(source: Path, tmp_path: Path) -> None:
    script = tool(tmp_path / "kit", "gen", "v1") / "gen"
    wanted = request(source, f"sh {script} > out")
    assert build(wanted) == ("v1", True)
    tool(tmp_path / "kit", "gen", "v2")
    assert build(wanted) == ("v2", True)


def test_a_touched_program_is_the_same_one(source: Path, tmp_path: Path) -> None:
    folder = tool(tmp_path / "bin", "cc1", "v1")
    wanted = request(source, f"{folder}/cc1 > out")
    build(wanted)
    os.utime(folder / "cc1", (1, 1))
    assert build(wanted) == ("v1", False)


def test_objects_of_another_compiler_are_not_taken_for_up_to_date(
    source: Path, tmp_path: Path
) -> None:
    folder = tool(tmp_path / "bin", "cc1", "v1")
    wanted = request(source, f"test -e main.o || {folder}/cc1 > main.o; cp main.o out")
    build(wanted)
    tool(folder, "cc1", "v2")
    assert build(wanted) == ("v2", True)


def test_what_ran_in_the_build_before_still_counts(source: Path, tmp_path: Path) -> None:
    folder = tool(tmp_path / "bin", "cc1", "v1")
    wanted = request(source, f"test -e main.o || {folder}/cc1 > main.o; cat main.o main > out")
    build(wanted)
    (source / "main").write_text("two")
    assert build(wanted) == ("v1\ntwo", True)
    tool(folder, "cc1", "v2")
    assert build(wanted) == ("v2\ntwo", True)


def test_a_build_that_nobody_may_watch_is_judged_by_name_and_path(
    source: Path, tmp_path: Path
) -> None:
    wanted = replace(request(source, "cp main out"), trace=False)
    assert build(wanted) == ("one", True)
    assert build(wanted) == ("one", False)
    assert build(wanted, PATH=f"{tmp_path}:{os.environ['PATH']}") == ("one", True)


def test_the_tracer_hands_on_how_the_command_ended(tmp_path: Path) -> None:
    for command, status in (("exit 3", 3), ("kill -9 $$", 137), ("sleep 0 & exit 0", 0)):
        done = output_of(traced(["/bin/sh", "-c", command], tmp_path / "note"))
        assert done.status == status
    absent = output_of(traced(["/no/such/program"], tmp_path / "note"))
    assert absent.status == 127


def test_a_note_that_says_nothing_is_no_list_of_programs(tmp_path: Path) -> None:
    (tmp_path / "note").write_text("null")
    assert noted(tmp_path / "note", tmp_path, "/bin") == Programs(watched=False, search="/bin")
    assert Programs(watched=False, search="/bin").changed("/usr/bin") == "PATH"


# ---- links


def test_what_is_behind_a_link_out_of_the_tree_is_a_source(source: Path, tmp_path: Path) -> None:
    (tmp_path / "shared" / "deep").mkdir(parents=True)
    (tmp_path / "shared" / "deep" / "part").write_text("a")
    (source / "file").symlink_to(tmp_path / "shared" / "deep" / "part")
    (source / "folder").symlink_to("../shared")
    wanted = request(source, "cat file folder/deep/part > out")
    assert build(wanted) == ("aa", True)
    (tmp_path / "shared" / "deep" / "part").write_text("b")
    assert build(wanted) == ("bb", True)


def test_a_link_that_stays_in_the_tree_leads_to_the_copy(source: Path) -> None:
    for name, target in (("absolute", source / "main"), ("around", Path("../source/main"))):
        (source / name).symlink_to(target)
    wanted = request(source, "cat absolute around > out; readlink absolute around >> out")
    assert build(wanted) == ("oneonemain\nmain", True)


@pytest.mark.parametrize("target", ["..", "/", "../beside"])
def test_a_link_to_what_holds_it_is_a_sentence(source: Path, tmp_path: Path, target: str) -> None:
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "again").symlink_to(".")
    (source / "up").symlink_to(target)
    with pytest.raises(BadSetting, match=r"leads out of the firmware tree, to .*holds the link"):
        survey(source)
    assert sorted(survey(source, ("up",))) == ["main"]


def test_a_link_to_nothing_stays_what_it_is(source: Path) -> None:
    (source / "dangling").symlink_to("/no/such/file")
    (source / "circle").symlink_to("circle")
    (source / "null").symlink_to("/dev/null")
    assert sorted(survey(source).values())[1:] == [
        *("link:/dev/null", "link:/no/such/file", "link:circle")
    ]


# ---- leftovers, and what a run writes


def test_the_first_build_of_a_variant_starts_from_the_sources_alone(source: Path) -> None:
    build(request(source, "touch gen.h; cp main out"))
    with pytest.raises(BuildFailed, match="exit status 1"):
        build(request(source, "test -e gen.h && cp main out"))


def test_what_a_run_writes_is_no_source_by_any_name(source: Path, tmp_path: Path) -> None:
    (source / "reports").mkdir()
    for name in ("ledger.data", "reports/page", "reports/more"):
        (source / name).write_text("x")
    (tmp_path / "way").symlink_to(source)
    written = (source / "ledger.data", tmp_path / "way" / "reports")
    assert sorted(survey(source, (), written)) == ["main"]


def test_the_place_of_a_repository_is_no_source(source: Path) -> None:
    (source / "sub").mkdir()
    for place in (source, source / "sub"):
        (place / ".git").write_text("gitdir: /elsewhere/.git/worktrees/a\n")
    assert sorted(survey(source)) == ["main"]


# ---- the revision


def test_a_revision_is_seen_and_decides_where_it_is_asked_for(source: Path) -> None:
    def git(words: str) -> str:
        own = "-c user.name=a -c user.email=a@example.org"
        return output_of(["sh", "-c", f"cd {source} && git {own} {words}"]).stdout.strip()

    for words in ("init -q", "add .", "commit -qm one"):
        git(words)
    index = (source / ".git" / "index").read_bytes()
    asks = replace(request(source, "echo {revision} $REV > out"), env=(("REV", "{revision}"),))
    plain = request(source, "cp main out")
    first = git("describe --always")
    assert build(asks) == (f"{first} {first}", True)
    assert build(plain) == ("one", True)
    git("commit -q --allow-empty -m two")
    second = git("describe --always")
    assert second != first
    assert build(asks) == (f"{second} {second}", True)
    assert build(plain) == ("one", False)
    assert (source / ".git" / "index").read_bytes() == index
    git(f"worktree add -q {source.parent / 'other'}")
    beside = source.parent / "other"
    elsewhere = replace(asks, source=beside)
    assert build(elsewhere) == (f"{second} {second}", False)


# ---- a tool that is not there


@pytest.mark.parametrize(
    ("text", "tool"),
    [
        ("make: riscv-none-elf-gcc: No such file or directory", "riscv-none-elf-gcc"),
        ("make[1]: arm-none-eabi-gcc: Command not found", "arm-none-eabi-gcc"),
        ("/bin/sh: 1: cmake: not found", "cmake"),
        ("sh: ninja: command not found", "ninja"),
        ("./build.sh: 3: cargo: not found", "cargo"),
        ("build.sh: line 7: west: command not found", "west"),
        ("error: linker `rust-lld` not found", "rust-lld"),
        ("main.c:3: error: 'x' not found", ""),
    ],
)
def test_a_missing_tool_is_found_in_a_builds_last_words(text: str, tool: str) -> None:
    assert missing_tool(["cc -c a.c", text]) == tool


def test_a_missing_compiler_says_where_it_was_looked_for_and_two_ways_out(source: Path) -> None:
    (source / "a.mk").write_text("CROSS_COMPILE ?= riscv-none-elf-\n")
    (source / "Makefile").write_text("include a.mk\nout: main\n\t$(CROSS_COMPILE)gcc -c main\n")
    with pytest.raises(BuildFailed) as raised:
        build(request(source, "make"))
    said = str(raised.value)
    assert "failed with exit status 2 on this host: make" in said
    assert "'riscv-none-elf-gcc' is not there: it was looked for on this host." in said
    assert "either install riscv-none-elf-gcc on this host" in said
    kin = '[toolchain] packages = ["gcc-riscv64-unknown-elf"], and [build] env = { CROSS_COMPILE'
    assert f"or build in an image that has it: {kin}" in said
