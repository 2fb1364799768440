"""The plugin is quiet where it is not wanted, and works without its optional neighbours."""

import subprocess
import sys

import pytest

from tests.plugin.tree import Tree

PLAIN = "def test_one(): pass"
WITHOUT = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Absent())
import pytest
sys.exit(pytest.main({arguments!r}))
"""


def test_a_project_without_firmware_sees_nothing(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(PLAIN)
    result = pytester.runpytest_subprocess()
    result.assert_outcomes(passed=1)
    result.stdout.no_fnmatch_line("karatos:*")
    assert not (pytester.path / ".karatos").exists()


def test_importing_the_plugin_imports_none_of_the_house() -> None:
    code = (
        "import sys, pytest, pytest_karatos.plugin, pytest_karatos.pytest_plugin.fixtures\n"
        "heavy = {'docker', 'pexpect', 'elftools', 'filelock', 'pytest_karatos.bench'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"


def test_it_can_be_switched_off(tree: Tree) -> None:
    tree.tests(PLAIN)
    tree.run("-p", "no:karatos").assert_outcomes(passed=1)


def test_without_xdist_html_and_docker(tree: Tree) -> None:
    tree.tests("def test_boot(console): console.expect('boot')")
    names = {"xdist", "pytest_html", "pytest_metadata", "docker"}
    arguments = ["--arch=arm", "-p", "no:cacheprovider", "-p", "karatos"]
    script = WITHOUT.format(names=names, arguments=[*arguments, "-p", "pytest_karatos.plugin"][:3])
    tree.pytester.makepyfile(run_without=script)
    environ = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_PLUGINS": "pytest_karatos.plugin"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        result = tree.pytester.runpython(tree.path / "run_without.py")
    result.assert_outcomes(passed=1)
