"""What a user of the plugin sees: ids, choices, builds, verdicts, with and without workers."""

import json
import socket

import pytest

from tests.plugin.tree import Tree

GREEN = """
def test_boot(console):
    console.expect("boot rtos=reference")

def test_pass(console):
    console.expect("pass rounds=")
"""


def test_arch_selects_the_ids(tree: Tree) -> None:
    tree.tests(GREEN)
    result = tree.run("--arch=arm", "-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["karatos: *lm3s6965evb (arm)*", "*test_boot?arm? PASSED*"])
    result.stdout.no_fnmatch_line("*riscv*PASSED*")


def test_all_archs_and_the_table(tree: Tree) -> None:
    tree.tests(GREEN)
    result = tree.run("--arch=all")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        [
            "board * profile * tests * flash * RAM * build * verdict",
            "lm3s6965evb (arm) * debug * 2 of 2 passed * B * s  passed",
            "virt (riscv) * debug * 2 of 2 passed *",
            "2 built, 0 cached",
        ]
    )
    assert tree.builds == ["arm debug", "riscv debug"]
    result.stderr.fnmatch_lines(["*karatos: building arm debug", "*karatos: built arm debug in *"])


@pytest.mark.parametrize("workers", ["2", "4"])
def test_workers_share_one_build_per_arch(tree: Tree, workers: str) -> None:
    tree.tests(GREEN + GREEN.replace("test_", "test_again_"))
    result = tree.run("--arch=all", f"-n{workers}", "--karatos-json=out.json")
    result.assert_outcomes(passed=8)
    assert tree.builds == ["arm debug", "riscv debug"]
    ledger = json.loads((tree.path / "out.json").read_text())
    assert sorted(build["title"] for build in ledger["builds"]) == ["arm debug", "riscv debug"]
    assert len(ledger["tests"]) == 8


def test_a_second_run_builds_nothing(tree: Tree) -> None:
    tree.tests(GREEN)
    tree.run("--arch=arm")
    result = tree.run("--arch=arm")
    result.stdout.fnmatch_lines(["0 built, 1 cached"])
    assert tree.builds == ["arm debug"]


def test_profiles_are_in_the_ids(tree: Tree) -> None:
    tree.tests(GREEN)
    result = tree.run("--arch=arm", "--karatos-profile=debug,release", "-v")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        ["*test_boot?arm-debug? PASSED*", "*test_boot?arm-release? PASSED*"]
    )


def test_the_marker_narrows_a_test(tree: Tree) -> None:
    tree.tests(
        """
        import pytest
        @pytest.mark.karatos(arch="riscv")
        def test_boot(console):
            console.expect("boot")
        """
    )
    tree.run("--arch=all").assert_outcomes(passed=1)
    tree.run("--arch=arm").assert_outcomes(deselected=1)


def test_an_unknown_word_of_the_marker_is_named(tree: Tree) -> None:
    tree.tests(
        """
        import pytest
        @pytest.mark.karatos(ark="riscv")
        def test_boot(console): ...
        """
    )
    result = tree.run("--arch=arm")
    result.stdout.fnmatch_lines(["*marker karatos of *: unknown word 'ark'. Known: arch, *"])
    assert result.ret != 0


def test_a_prebuilt_elf_needs_no_build(tree: Tree) -> None:
    tree.tests(GREEN)
    elf = tree.elves / "riscv.elf"
    result = tree.run("--arch=riscv", f"--karatos-elf=riscv={elf}")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["0 built, 1 prebuilt"])
    assert tree.builds == []


def test_collect_only_builds_nothing(tree: Tree) -> None:
    tree.tests(GREEN)
    result = tree.run("--arch=all", "--collect-only", "-q")
    result.stdout.fnmatch_lines(["test_it.py::test_boot?arm?", "test_it.py::test_pass?riscv?"])
    assert tree.builds == []
    assert not (tree.path / ".karatos").exists()


def test_a_failed_build_is_told_once_at_length(tree: Tree) -> None:
    tree.tests(GREEN)
    (tree.path / "fw" / "broken").write_text("")
    result = tree.run("--arch=arm")
    result.assert_outcomes(errors=2)
    assert result.stdout.str().count("| error[E0425]: cannot find value 'ticks'") == 1
    result.stdout.fnmatch_lines(
        [
            "*building 'arm debug' failed with exit status 101*",
            "*fix: the whole log is *",
            "*building 'arm debug' failed earlier in this run.*",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_text_that_does_not_come_shows_what_came(tree: Tree) -> None:
    tree.tests(
        """
        def test_it(console):
            console.expect("no such words", timeout=5)
        """
    )
    result = tree.run("--arch=arm")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        [">*console.expect(*", "*MachineEnded*no such words*", "*| @50 exit status=0*"]
    )
    result.stdout.no_fnmatch_line("*pytest_karatos/console*")


def test_an_unexpected_exit_status_is_a_failure(tree: Tree) -> None:
    tree.tests(
        """
        import pytest
        @pytest.mark.karatos(expect_exit=7)
        def test_exit(console):
            console.expect("pass")
        """
    )
    result = tree.run("--arch=arm")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(
        ["*with exit status 0; the test expects 7; it ended in *exit, arm.rs:*"]
    )
    result.stdout.no_fnmatch_line("*contextlib*")


def test_strict_warnings_and_no_cache_are_fine(tree: Tree) -> None:
    tree.tests(GREEN)
    tree.run("--arch=arm", "-W", "error", "--strict-markers").assert_outcomes(passed=2)


def test_the_settings_are_printed_with_their_origin(tree: Tree) -> None:
    result = tree.run("--karatos-settings", "--karatos-timeout=7")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            "build.command = *./build.sh {arch} {profile}*  # karatos.toml:4",
            "*7*  # --karatos-timeout",
        ]
    )


def test_ini_keys_are_weaker_than_flags(tree: Tree) -> None:
    tree.pytester.makeini("[pytest]\nkaratos_timeout = 7\nkaratos_arch =\n  arm\n  riscv\n")
    result = tree.run("--karatos-settings", "--arch=riscv")
    result.stdout.fnmatch_lines(
        ["run.arch = 'riscv'  # --arch", "console.timeout = 7*  # ini karatos_timeout"]
    )


def test_another_settings_file_can_be_named(tree: Tree) -> None:
    (tree.path / "karatos.toml").rename(tree.path / "other.toml")
    tree.tests(GREEN)
    tree.run("--arch=arm", "--karatos-config=other.toml").assert_outcomes(passed=2)
    result = tree.run("--arch=arm", "--karatos-config=none.toml")
    result.stderr.fnmatch_lines(["*--karatos-config: there is no settings file *none.toml*"])


@pytest.mark.parametrize("flag", ["--collect-only", "--fixtures", "--markers", "--help"])
def test_questions_touch_neither_docker_nor_qemu(
    tree: Tree, flag: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    tree.tests(GREEN)
    tree.settings('[emulator]\nlauncher = "docker"\n')
    calls = tree.path / "calls"
    tools = tree.path / "tools"
    tools.mkdir()
    for name in ("docker", "qemu-system-arm", "qemu-system-riscv32"):
        (tools / name).write_text(f"#!/bin/sh\necho {name} >> {calls}\nexit 1\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    with socket.socket(socket.AF_UNIX) as daemon:
        daemon.bind("d.sock")
        daemon.listen()
        daemon.setblocking(False)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{tree.path}/d.sock")
        assert tree.run("--arch=all", "--karatos-builder=docker", flag).ret == 0
        with pytest.raises(BlockingIOError):
            daemon.accept()
    assert not calls.exists()
    assert not (tree.path / ".karatos").exists()


def test_a_cache_in_the_firmware_tree_is_no_source(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KARATOS_CACHE", str(tree.path / "fw" / ".cache"))
    tree.tests(GREEN)
    for _ in range(2):
        tree.run("--arch=arm").assert_outcomes(passed=2)
    assert tree.builds == ["arm debug"]
