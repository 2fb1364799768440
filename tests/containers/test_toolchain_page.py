"""The page on toolchains, followed: firmware in C and in Rust, the compilers by settings alone."""

from pathlib import Path

import pytest

from pytest_karatos.builders.layer import ensure_toolchain
from pytest_karatos.containers import Engine
from pytest_karatos.progress import Quiet
from pytest_karatos.settings import Toolchain
from tests.docs_following import follow

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "toolchains.md"
LAYERS = (
    Toolchain(packages=("gcc-arm-none-eabi", "picolibc-arm-none-eabi")),
    Toolchain(targets=("thumbv6m-none-eabi",)),
)


@pytest.mark.timeout(3000)
def test_the_page_on_toolchains(engine: Engine, cache: Path, tmp_path: Path) -> None:
    # The page's own runs would make the layers too, and on a busy machine a run is not waited for.
    for one in LAYERS:
        assert one.adds
        ensure_toolchain(engine, one, Quiet(), cache)
    folder = tmp_path / "tree"
    folder.mkdir()
    environ = {"KARATOS_CACHE": str(tmp_path / "cache")}
    assert len(follow(PAGE.read_text(), folder, environ)) == 4
