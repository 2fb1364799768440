"""A layer on the builder image: Rust targets and Debian packages that the settings ask for."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import copy
from tempfile import TemporaryDirectory

from pytest_karatos.builders.image import (
    Image,
    docker_folder,
    ensure_image,
    note_use,
    recipe_of,
    tag_of,
)
from pytest_karatos.containers import Engine
from pytest_karatos.errors import ImageFailed
from pytest_karatos.progress import Progress
from pytest_karatos.settings import Toolchain

_SCRIPTS = Path(__file__).resolve().parent.parent / "resources" / "layer"
_PLACE = "/opt/pytest-karatos-layer"
#: The word of a toolchain -> the script that adds it, and what that needs beside it.
_STEPS = {
    "packages": (_SCRIPTS / "add-packages.sh",),
    "targets": (
        _SCRIPTS / "add-targets.sh",
        *(docker_folder() / name for name in ("core-sources.sh", "bare-metal-rust.sh")),
    ),
}
#: How a script says what is wrong, and behind a bar the way out.
_SAID = re.compile(
    r"^karatos: (?P<word>packages|targets): (?P<what>[^|\n]{1,500}) \| (?P<fix>[^\n]{1,500})$",
    re.MULTILINE,
)


def ensure_toolchain(
    engine: Engine, toolchain: Toolchain, progress: Progress, cache: Path
) -> Image:
    """Return the image of ``toolchain``, with what it adds in a layer; made or fetched if needed.

    The layer is an image of its own, found by its content: the image below it, the scripts, the
    targets and packages. So other packages are another image, and with it another build.

    :raises ImageFailed: in the words of the step that failed.
    """
    if (name := layer_tag(toolchain)) and (found := engine.image_id(name)):
        note_use(cache, name)
        return Image(name=name, id=found)
    origin = toolchain.origin("image")
    below = ensure_image(engine, toolchain.image, progress, cache, origin=origin)
    if not toolchain.adds:
        return below
    with layer_folder(toolchain, _by_recipe(toolchain) or below) as folder:
        try:
            return ensure_image(engine, str(folder), progress, cache)
        except ImageFailed as error:
            raise _explained(error, toolchain, below) from error


def layer_tag(toolchain: Toolchain, below: Image | None = None) -> str:
    """Name the image with what ``toolchain`` adds to the one ``below``; '' when nobody knows yet.

    On an image that a recipe makes it has a name before either is made.
    """
    below = _by_recipe(toolchain) or below
    if below is None or not toolchain.adds:
        return ""
    with layer_folder(toolchain, below) as folder:
        return tag_of(folder)


def _by_recipe(toolchain: Toolchain) -> Image | None:
    """Return the image below as its recipe names it; None for one that has but a name."""
    folder = recipe_of(toolchain.image)
    return Image(name=tag_of(folder), id="") if folder else None


@contextmanager
def layer_folder(toolchain: Toolchain, below: Image) -> Iterator[Path]:
    """Write what the layer is built from into a folder, for the length of the block."""
    with TemporaryDirectory(prefix="karatos-layer-") as name:
        folder = Path(name)
        (folder / "Dockerfile").write_text("\n".join(_dockerfile(below, toolchain)))
        for script in (one for scripts in _STEPS.values() for one in scripts):
            copy(script, folder)
        yield folder


def _dockerfile(below: Image, toolchain: Toolchain) -> Iterator[str]:
    # A name that no recipe gave may come to mean another image, and that needs another layer.
    yield f"# on {below.id or 'what its recipe makes'}"
    yield f"FROM {below.name}"
    yield "USER root"  # builds run as whoever called, whatever it says here
    for word, scripts in _STEPS.items():
        if added := getattr(toolchain, word):
            yield f"COPY {' '.join(one.name for one in scripts)} {_PLACE}/"
            yield f"RUN {json.dumps(['sh', f'{_PLACE}/{scripts[0].name}', *added])}"


def _explained(error: ImageFailed, toolchain: Toolchain, below: Image) -> ImageFailed:
    """Say which setting it was, in the words of the script that failed, if it said any."""
    said = [*_SAID.finditer(error.what)]
    if not said:
        return ImageFailed(error.what, why=error.why, fix="read the log, and run again")
    *_, last = said
    return ImageFailed(
        f"{toolchain.origin(last['word'])}: {last['what']}.",
        why=f"builds run in an image that is made of {below.name}, and of what [toolchain] adds; "
        f"{error.why}",
        fix=last["fix"],
    )
