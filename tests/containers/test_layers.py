"""Toolchains by data: packages and targets in a layer of the real image, and refusals that say why.

Layers are kept from run to run, as a user's are: what they hold takes minutes to compile.
"""

from dataclasses import replace
from pathlib import Path

import pytest

from pytest_karatos.builders.image import Image
from pytest_karatos.builders.layer import ensure_toolchain, layer_tag
from pytest_karatos.containers import ContainerSpec, Engine
from pytest_karatos.errors import ImageFailed
from pytest_karatos.progress import Quiet
from pytest_karatos.settings import Toolchain


def said_in(engine: Engine, image: Image, script: str) -> str:
    heard: list[bytes] = []
    with engine.container(ContainerSpec(image=image.id, seconds=60)) as one:
        status = one.run(["sh", "-c", script], on_output=heard.append)
    told = b"".join(heard).decode()
    assert status == 0, told
    return told


@pytest.mark.timeout(3000)
def test_targets_are_in_the_image(engine: Engine, image: Image, cache: Path) -> None:
    tools = Toolchain(targets=("thumbv6m-none-eabi",))
    made = ensure_toolchain(engine, tools, Quiet(), cache)
    assert made.id != image.id
    assert made.name == layer_tag(tools)
    script = """
        rustup target list --installed && rustup target add thumbv6m-none-eabi
        printf '#![no_std]\\npub fn one() -> u8 { 1 }\\n' > /tmp/a.rs
        rustc --crate-type=lib --target thumbv6m-none-eabi -o /tmp/a.rlib /tmp/a.rs && echo compiled
        ls -d /usr/src/rustc* /opt/bare-metal-rust.* || echo nothing left
        rustup target add thumbv4t-none-eabi 2>&1 || true
    """
    said = said_in(engine, made, script)
    for word in ("thumbv7m-none-eabi\n", "thumbv6m-none-eabi\n", "compiled", "nothing left"):
        assert word in said
    assert '[toolchain] targets = ["thumbv4t-none-eabi"]' in said


@pytest.mark.timeout(900)
def test_packages_are_in_the_image(engine: Engine, cache: Path) -> None:
    tools = Toolchain(packages=("tree", "libtext-csv-perl"))
    made = ensure_toolchain(engine, tools, Quiet(), cache)
    # Perl is whole again where something needs it, though our image leaves most of it out.
    script = "tree --version && perl -MText::CSV -MText::Balanced -e 'print 40 + 2'"
    said = said_in(engine, made, script)
    assert said.startswith("tree v")
    assert said.endswith("42")
    assert ensure_toolchain(engine, tools, Quiet(), cache) == made


REFUSED = {
    "package": (
        Toolchain(packages=("no-such-package.x",)),
        "packages: the image's Debian (bookworm) has no package 'no-such-package.x'.",
        "packages.debian.org",
    ),
    "unknown": (
        Toolchain(targets=("thumbv6m-none-eabi", "thumbv9-none-eabi")),
        "targets: rustc 1.96.0 knows no target 'thumbv9-none-eabi'.",
        "--print target-list",
    ),
    "system": (
        Toolchain(targets=("armv7-unknown-linux-gnueabihf",)),
        "'armv7-unknown-linux-gnueabihf' has an operating system, so it needs std; only core and",
        "an image of your own that has rustup: [toolchain] image",
    ),
    "backend": (
        Toolchain(targets=("csky-unknown-linux-gnuabiv2",)),
        "targets: Debian's LLVM cannot generate code for 'csky-unknown-linux-gnuabiv2'",
        "an image of your own that has rustup: [toolchain] image",
    ),
}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_added_is_refused_with_the_reason(
    engine: Engine, image: Image, cache: Path, case: str
) -> None:
    tools, what, fix = REFUSED[case]
    with pytest.raises(ImageFailed) as caught:
        ensure_toolchain(engine, tools, Quiet(), cache)
    assert caught.value.what.startswith("default: toolchain.")
    assert what in caught.value.what
    assert image.name in caught.value.why
    assert fix in caught.value.fix
    assert engine.image_id(layer_tag(tools)) is None


@pytest.mark.timeout(900)
@pytest.mark.parametrize("word", ["packages", "targets"])
def test_an_image_that_takes_neither(
    engine: Engine, cache: Path, tmp_path: Path, image: Image, word: str
) -> None:
    (tmp_path / "Dockerfile").write_text(
        f"FROM {image.name}\nRUN rm -rf /usr/bin/apt-get /opt/bare-metal-rust\n"
    )
    added = ("thumbv6m-none-eabi",)
    tools = Toolchain(image=f"{tmp_path}/", targets=added)
    if word == "packages":
        tools = replace(tools, packages=added, targets=())
    with pytest.raises(
        ImageFailed, match=f"toolchain.{word}: the image has (no apt|neither)"
    ) as no:
        ensure_toolchain(engine, tools, Quiet(), cache)
    assert f"leave [toolchain] {word} out" in no.value.fix
