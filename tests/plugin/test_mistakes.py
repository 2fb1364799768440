"""Bad input gets one clear sentence, never a traceback."""

import sys
from pathlib import Path

import pytest

from tests.plugin.tree import Tree

ONE_TEST = """
def test_boot(console):
    console.expect("boot")
"""


def sentence(result: pytest.RunResult) -> str:
    text = result.stdout.str() + result.stderr.str()
    assert "Traceback" not in text
    assert "INTERNALERROR" not in text
    return text


def test_an_unknown_arch(tree: Tree) -> None:
    tree.tests(ONE_TEST)
    result = tree.run("--arch=amr")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "Did you mean 'arm'?" in sentence(result)


def test_an_unknown_key_has_file_and_line(tree: Tree) -> None:
    tree.tests(ONE_TEST)
    tree.settings("[budget.arm]\nflsh = '24 KiB'\n")
    result = tree.run("--arch=arm")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "karatos.toml:10" in sentence(result)
    assert "Did you mean 'flash'?" in sentence(result)


def test_not_an_elf(tree: Tree) -> None:
    tree.tests(ONE_TEST)
    (tree.path / "junk").write_text("hello")
    result = tree.run("--arch=arm", "--karatos-elf=arm=junk")
    result.assert_outcomes(errors=1)
    assert "is not an ELF" in sentence(result)


def test_an_elf_for_another_machine(tree: Tree) -> None:
    tree.tests(ONE_TEST)
    result = tree.run("--arch=arm", f"--karatos-elf=arm={tree.elves / 'riscv.elf'}")
    result.assert_outcomes(errors=1)
    assert "board 'lm3s6965evb' (arm) needs ARM" in sentence(result)


def test_a_missing_qemu(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree.tests(ONE_TEST)
    empty = tree.path / "bin"
    empty.mkdir()
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{empty}")
    result = tree.run("--arch=arm", f"--karatos-elf=arm={tree.elves / 'arm.elf'}")
    result.assert_outcomes(errors=1)
    text = sentence(result)
    assert "'qemu-system-arm' is not on PATH." in text
    assert "apt-get install qemu-system-arm" in text


def test_a_daemon_that_is_down(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    tree.tests(ONE_TEST)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tree.path}/no.sock")
    result = tree.run("--arch=arm", "--karatos-builder=docker")
    assert result.ret != 0
    assert "no Docker daemon answers" in sentence(result)


def test_a_daemon_that_is_down_stops_no_test_that_needs_none(
    tree: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such.sock")
    tree.tests("def test_plain(): pass")
    result = tree.run("--arch=arm", "--karatos-builder=docker")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["karatos: builder docker cannot work: no Docker daemon answers*"])


def test_the_header_says_that_the_local_builder_holds_nothing(tree: Tree) -> None:
    tree.tests("def test_plain(): pass")
    local = "karatos: builder local (asked for by --karatos-builder); not contained: *run as you"
    tree.run("--arch=arm", "--karatos-builder=local").stdout.fnmatch_lines([local])


@pytest.mark.parametrize("flag", ["--karatos-builder", "--karatos-launcher"])
def test_an_unknown_way(tree: Tree, flag: str) -> None:
    tree.tests(ONE_TEST)
    result = tree.run("--arch=arm", f"{flag}=dokcer")
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert "id you mean 'docker'?" in sentence(result)


def test_an_artifacts_folder_that_cannot_be(tree: Tree) -> None:
    tree.tests(ONE_TEST)
    (tree.path / "file").write_text("")
    result = tree.run("--arch=arm", "--karatos-artifacts=file")
    assert "the artifacts folder" in sentence(result)
    assert result.ret != 0


def test_a_build_without_an_elf(tree: Tree) -> None:
    tree.tests(ONE_TEST)
    tree.settings("")
    text = (tree.path / "karatos.toml").read_text()
    (tree.path / "karatos.toml").write_text(text.replace("out/{arch}", "elsewhere/{arch}"))
    result = tree.run("--arch=arm")
    result.assert_outcomes(errors=1)
    assert "no file matches 'elsewhere/arm-debug.elf'" in sentence(result)
