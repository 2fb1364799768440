"""Old builder images go by their rule; what is new, used, not ours or in a container stays."""

import contextlib
import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker.errors import ImageNotFound

import docker
from pytest_karatos.builders import image as old_images
from pytest_karatos.builders.image import drop_old_images, note_use
from pytest_karatos.containers import ContainerSpec, Engine

LABEL = "org.pytest-karatos.test-image"


@pytest.fixture
def repository() -> Iterator[str]:
    # A name of its own: nobody's real images are at stake.
    name = f"karatos-test-{uuid.uuid4().hex[:12]}"
    yield name
    client = docker.from_env()
    for image in client.images.list(name):
        for tag in image.tags:
            with contextlib.suppress(ImageNotFound):
                client.images.remove(tag)
    client.close()


def build(engine: Engine, folder: Path, tag: str, label: str = LABEL) -> str:
    (folder / "Dockerfile").write_text(f"FROM debian:bookworm-slim\nLABEL which={tag}")
    assert list(engine.build(folder, tag, {label: "1"}))
    return tag


def test_the_rule(
    engine: Engine, repository: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "recipe"
    folder.mkdir()
    tags = [build(engine, folder, f"{repository}:{number}") for number in range(4)]
    strange = build(engine, folder, f"{repository}:strange", label="other")

    def drop(kept: int) -> list[str]:
        return drop_old_images(engine, tmp_path, repository=repository, label=LABEL, kept=kept)

    assert drop(kept=0) == []
    monkeypatch.setattr(old_images, "UNUSED_SECONDS", -3600.0)
    assert drop(kept=4) == []
    note_use(tmp_path, tags[0])
    later = (tmp_path / "image-0.used").stat().st_mtime + 7200
    os.utime(tmp_path / "image-0.used", (later, later))
    with engine.container(ContainerSpec(image=tags[1], seconds=60)):
        assert drop(kept=1) == [tags[2]]
    assert drop(kept=1) == [tags[1]]
    left = engine.images_of(repository, LABEL)
    assert sorted(left) == [tags[0], tags[3]]
    assert engine.image_id(strange)
