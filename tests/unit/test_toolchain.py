"""Toolchains as data: what may be asked for, what is made of it, what a host lacks of it."""

import os
import subprocess
from pathlib import Path

import pytest

from pytest_karatos.builders.choose import choose_builder
from pytest_karatos.builders.given import lacking
from pytest_karatos.builders.image import Image, docker_folder, own_targets, tag_of
from pytest_karatos.builders.layer import layer_folder, layer_tag
from pytest_karatos.builders.missing import missing_target, ways_out, ways_to_target
from pytest_karatos.errors import BadSetting
from pytest_karatos.progress import Journal
from pytest_karatos.settings import Toolchain
from tests.unit.settings_files import made

BELOW = Image(name="me/rust:1", id="sha256:1")


def test_it_is_a_record_that_knows_where_each_word_was_said(tmp_path: Path) -> None:
    text = """
[toolchain]
image = "me/rust"
targets = ["thumbv6m-none-eabi", "thumbv8m.main-none-eabihf", "thumbv6m-none-eabi"]
packages = ["g++", "gcc-arm-none-eabi=15:12.2.rel1-1", "libstdc++-arm-none-eabi-newlib"]
"""
    found = made(tmp_path, text).toolchain
    assert found.image == "me/rust"
    assert found.targets == ("thumbv6m-none-eabi", "thumbv8m.main-none-eabihf")
    assert found.packages[:2] == ("g++", "gcc-arm-none-eabi=15:12.2.rel1-1")
    assert found.adds
    assert str(found.origin("packages")) == "karatos.toml:5: toolchain.packages"
    assert str(found.origin("image")) == "karatos.toml:3: toolchain.image"
    assert not Toolchain().adds


@pytest.mark.parametrize("key", ["packages", "targets"])
@pytest.mark.parametrize(
    "word",
    ["x; rm -rf /", "$(id)", "-o=APT::x", "../up", "Upper", "a b", "pkg\\n RUN id", "", "gcc-",
     "x=", '"', "a" * 300, "^gcc", "*", "e\u0301clair"],
)  # fmt: skip
def test_what_is_no_name_never_reaches_a_shell(tmp_path: Path, key: str, word: str) -> None:
    quoted = word.replace('"', '\\"')
    with pytest.raises(BadSetting, match=f"^karatos.toml:2: toolchain.{key} must be a list of"):
        made(tmp_path, f'[toolchain]\n{key} = ["{quoted}"]')


def test_other_words_are_another_image_and_the_same_are_the_same() -> None:
    tools = [
        Toolchain(packages=("cmake",)),
        Toolchain(packages=("cmake", "ninja-build")),
        Toolchain(packages=("cmake=3.25",)),
        Toolchain(targets=("thumbv6m-none-eabi",)),
        Toolchain(image="me/rust:1", packages=("cmake",)),
    ]
    tags = [layer_tag(one, BELOW) for one in tools]
    assert len(set(tags)) == len(tools)
    assert layer_tag(Toolchain(packages=("cmake",))) == tags[0]
    assert layer_tag(tools[-1], Image(name=BELOW.name, id="sha256:2")) not in tags
    assert (layer_tag(tools[-1]), layer_tag(Toolchain())) == ("", "")


def test_a_layer_is_made_on_what_the_recipe_makes() -> None:
    tools = Toolchain(packages=("g++",), targets=("thumbv6m-none-eabi",))
    with layer_folder(tools, BELOW) as folder:
        lines = (folder / "Dockerfile").read_text().splitlines()
        steps = [line for line in lines if line.startswith("RUN")]
        copied = {word for line in lines if line.startswith("COPY") for word in line.split()[1:-1]}
        assert all((folder / name).is_file() for name in copied)
    assert f"FROM {BELOW.name}" in lines
    place = "/opt/pytest-karatos-layer"
    assert steps == [
        f'RUN ["sh", "{place}/add-packages.sh", "g++"]',
        f'RUN ["sh", "{place}/add-targets.sh", "thumbv6m-none-eabi"]',
    ]
    assert not folder.exists()
    assert tag_of(docker_folder()) != layer_tag(tools)


def test_the_scripts_are_sound_shell() -> None:
    folder = Path("pytest_karatos/resources/layer").absolute()
    folders = (Path(docker_folder()), folder)
    scripts = [one for place in folders for one in sorted(place.glob("*.sh"))]
    assert len(scripts) > 5
    for one in scripts:
        shell = "bash" if "bash" in one.read_text().partition("\n")[0] else "sh"
        subprocess.run([f"/bin/{shell}", "-n", str(one)], check=True)


def test_our_own_image_has_the_targets_of_the_packaged_archs() -> None:
    assert own_targets() == ("thumbv7m-none-eabi", "riscv32imac-unknown-none-elf")


@pytest.mark.parametrize(
    ("text", "triple"),
    [
        (
            "error[E0463]: no\n  = note: the `thumbv6m-none-eabi` target may not be installed\n",
            "thumbv6m-none-eabi",
        ),
        (
            "rustup: target 'riscv32imc-unknown-none-elf' is not part of this toolchain (a stand",
            "riscv32imc-unknown-none-elf",
        ),
        ("error[E0463]: can't find crate for `serde`", ""),
    ],
)
def test_a_missing_target_is_found_in_a_builds_last_words(text: str, triple: str) -> None:
    assert missing_target(text.splitlines()) == triple


def test_the_ways_out_fit_where_the_build_ran() -> None:
    in_image = ways_out("arm-none-eabi-gcc", on_host=False)
    assert in_image.startswith("either build in an image that has it: [toolchain] packages = [")
    assert '"gcc-arm-none-eabi"' in in_image
    assert "--karatos-builder=local" in in_image
    on_host = ways_out("arm-none-eabi-gcc", on_host=True)
    assert on_host.startswith("either install arm-none-eabi-gcc on this host (apt-get install gcc-")
    assert "--karatos-builder=docker" in on_host
    for here in (True, False):
        said = ways_to_target("thumbv6m-none-eabi", on_host=here)
        assert '[toolchain] targets = ["thumbv6m-none-eabi"]' in said


def test_a_local_builder_says_what_it_cannot_give(tmp_path: Path) -> None:
    text = (
        '[build]\nbuilder = "local"\n[toolchain]\nimage = "me/gcc"\n'
        'targets = ["thumbv4t-none-eabi"]\npackages = ["make", "make=0.1", "no-such-package"]\n'
    )
    settings = made(tmp_path, text)
    wanted = ["image 'me/gcc'", "target thumbv4t-none-eabi", "package make=0.1",
              "package no-such-package"]  # fmt: skip
    assert list(lacking(settings.toolchain, os.environ)) == wanted
    journal = Journal(path=tmp_path / "j")
    chosen = choose_builder("local", settings=settings, environ=os.environ, journal=journal)
    assert chosen.warning.endswith(f"; not here of [toolchain]: {', '.join(wanted)}")
    plain = choose_builder("local", settings=made(tmp_path, "[build]"), environ=os.environ,
                           journal=journal)  # fmt: skip
    assert "[toolchain]" not in plain.warning
