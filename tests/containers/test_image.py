"""The builder image: built once, found by content, and every failure a sentence."""

import os
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import docker
from pytest_karatos.board import Origin
from pytest_karatos.builders.image import Image, content_hash, docker_folder, ensure_image
from pytest_karatos.containers import Container, Engine, connect
from pytest_karatos.errors import ImageFailed
from pytest_karatos.progress import Quiet

MARK = f"org.pytest-karatos.test={uuid.uuid4()}"


@pytest.fixture(scope="module", autouse=True)
def no_layers_left() -> Iterator[None]:
    """Remove the layers of builds that were made to fail; a user's daemon is not our attic."""
    yield
    client = docker.from_env()
    client.images.prune(filters={"dangling": True, "label": MARK})
    client.close()


class Listener:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


def recipe(folder: Path, image: Image, *steps: str) -> str:
    # A word of its own, so that no run finds another's image.
    lines = [f"FROM {image.name}", f"LABEL {MARK}", f"LABEL again={uuid.uuid4()}", *steps]
    (folder / "Dockerfile").write_text("\n".join(lines))
    return str(folder)


def test_our_own_is_named_by_its_content(engine: Engine, image: Image, cache: Path) -> None:
    assert image.name == f"pytest-karatos-builder:{content_hash(docker_folder())[:12]}"
    listener = Listener()
    assert ensure_image(engine, "", listener, cache) == image
    assert listener.lines == []


def test_two_at_once_build_once(image: Image, tmp_path: Path) -> None:
    folder = tmp_path / "docker"
    folder.mkdir()
    recipe(folder, image)
    listeners = [Listener(), Listener()]

    def ensure(listener: Listener) -> Image:
        engine = connect(os.environ)
        try:
            return ensure_image(engine, str(folder), listener, tmp_path / "cache")
        finally:
            engine.close()

    with ThreadPoolExecutor() as pool:
        one, two = pool.map(ensure, listeners)
    try:
        assert one == two
        assert sorted(bool(listener.lines) for listener in listeners) == [False, True]
    finally:
        remove(one.name)


def test_a_failed_build_shows_its_last_lines_and_its_log(
    engine: Engine, image: Image, tmp_path: Path
) -> None:
    folder = recipe(tmp_path, image, "RUN echo clearly broken && exit 3")
    with pytest.raises(ImageFailed, match="clearly broken") as caught:
        ensure_image(engine, folder, Quiet(), tmp_path / "cache")
    log = caught.value.why.split()[-1]
    assert "clearly broken" in Path(log).read_text()


def test_a_name_is_used_when_it_is_there(engine: Engine, image: Image, tmp_path: Path) -> None:
    assert ensure_image(engine, image.name, Quiet(), tmp_path) == image


@pytest.mark.parametrize("name", ["localhost:1/no-such-image:1", "UPPER CASE"])
def test_a_name_that_nobody_has(engine: Engine, tmp_path: Path, name: str) -> None:
    with pytest.raises(ImageFailed, match="could not be pulled"):
        ensure_image(engine, name, Quiet(), tmp_path)


def test_a_folder_without_dockerfile(engine: Engine, tmp_path: Path) -> None:
    origin = Origin(key="toolchain.image", place="karatos.toml:5")
    said = "^karatos.toml:5: toolchain.image is the folder '.*', which has no Dockerfile"
    with pytest.raises(ImageFailed, match=said):
        ensure_image(engine, str(tmp_path), Quiet(), tmp_path, origin=origin)


def test_the_toolchain_answers_what_trees_ask(container: Container) -> None:
    heard: list[bytes] = []
    script = (
        "set -e; rustup target list --installed; rustc -V; cargo -V; rust-lld -flavor gnu -v;"
        "cc --version; make -v; git --version; qemu-system-riscv32 --version;"
        "qemu-system-arm -M help | grep lm3s6965evb"
    )
    assert container.run(["sh", "-c", script], cwd="/tmp", on_output=heard.append) == 0  # noqa: S108
    told = b"".join(heard).decode()
    for word in ("thumbv7m-none-eabi", "riscv32imac-unknown-none-elf", "LLD", "QEMU emulator"):
        assert word in told


def remove(name: str) -> None:
    client = docker.from_env()
    client.images.remove(name)
    client.close()
