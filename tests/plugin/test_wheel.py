"""The wheel carries what the plugin reads at run time, and nothing of the tests."""

import zipfile
from pathlib import Path

from tests.plugin.wheel import built_wheel

NEEDED = {
    "pytest_karatos/__main__.py",
    "pytest_karatos/plugin.py",
    "pytest_karatos/py.typed",
    "pytest_karatos/resources/defaults.toml",
    "pytest_karatos/resources/dialects.toml",
    "pytest_karatos/resources/karatos.schema.json",
    "pytest_karatos/resources/docker/Dockerfile",
    "pytest_karatos/resources/docker/bare-metal-rust.sh",
    "pytest_karatos/resources/docker/core-sources.sh",
    "pytest_karatos/resources/kits.toml",
    "pytest_karatos/resources/layer/add-packages.sh",
    "pytest_karatos/resources/layer/add-targets.sh",
}


def test_the_wheel_is_complete(tmp_path: Path) -> None:
    with zipfile.ZipFile(built_wheel(tmp_path)) as archive:
        names = set(archive.namelist())
    package = Path(__file__).parents[2] / "pytest_karatos"
    modules = {str(path.relative_to(package.parent)) for path in package.rglob("*.py")}
    assert (NEEDED | modules) - names == set()
    assert not [name for name in names if name.startswith(("tests/", "firmware/"))]
