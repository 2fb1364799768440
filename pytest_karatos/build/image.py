"""Have the builder image: found by content, else built once per machine, else pulled."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from pytest_karatos.build.old_images import drop_old_images, note_use
from pytest_karatos.engine import Engine
from pytest_karatos.errors import ImageFailed
from pytest_karatos.process import STDOUT, running
from pytest_karatos.progress import Progress
from pytest_karatos.text import tail

_REPOSITORY = "pytest-karatos-builder"
CONTENT_LABEL = "org.pytest-karatos.content"
#: The base that can be made out of Debian packages.
_DEBIAN = "debian:bookworm-slim"
_BASE_SECONDS = 900.0
_LAST_LINES = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Image:
    """An image that is on this machine: its name, and the id of its content."""

    name: str
    id: str


def docker_folder() -> Path:
    """Return the folder of our own image: in the wheel, or at the top of the checkout."""
    package = Path(__file__).resolve().parent.parent
    carried = package / "resources" / "docker"
    return carried if (carried / "Dockerfile").is_file() else package.parent / "docker"


def content_hash(folder: Path) -> str:
    """Hash names and bytes of all files in ``folder``; modes and times do not count."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        data = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(data)}\0".encode())
        digest.update(data)
    return digest.hexdigest()


def tag_of(folder: Path) -> str:
    """Name the image that ``folder`` makes: other content, another tag."""
    return _tag(content_hash(folder))


def _tag(content: str) -> str:
    return f"{_REPOSITORY}:{content[:12]}"


def recipe_of(image: str) -> Path | None:
    """Return the folder whose Dockerfile makes ``image`` (ours for ''); None for a name."""
    folder = Path(image) if image else docker_folder()
    return folder if (folder / "Dockerfile").is_file() else None


def ensure_image(engine: Engine, image: str, progress: Progress, cache: Path) -> Image:
    """Return ``image``, a folder with a Dockerfile or an image's name, made or fetched if needed.

    An empty ``image`` is our own. Nothing is done when it is there; ``cache`` holds lock and log.

    :raises ImageFailed: with the last lines of the output and the log's path.
    """
    folder = recipe_of(image)
    if folder is not None:
        return _from_folder(engine, folder, progress, cache)
    if image.endswith("/") or Path(image).is_dir():
        raise ImageFailed(
            f"folder '{image}' has no Dockerfile.",
            why="[toolchain] image names it as the builder image.",
            cure="name a folder with a Dockerfile, or an image",
        )
    return _by_name(engine, image, progress)


def _by_name(engine: Engine, name: str, progress: Progress) -> Image:
    if engine.image_id(name) is None:
        try:
            _report(engine.pull(name), progress)
        except ImageFailed as error:
            raise ImageFailed(
                f"image '{name}' is not on this machine, and not to be pulled: {error.what}",
                why="[toolchain] image names it as the builder image.",
                cure=f"docker pull {name}",
            ) from error
    return _found(engine, name)


def _from_folder(engine: Engine, folder: Path, progress: Progress, cache: Path) -> Image:
    content = content_hash(folder)
    tag = _tag(content)
    if engine.image_id(tag) is None:
        cache.mkdir(parents=True, exist_ok=True)
        # Workers and other runs wait here, and then find the image that the first one made.
        with FileLock(cache / "image.lock"):
            if engine.image_id(tag) is None:
                _build(engine, folder, Image(name=tag, id=content), progress, cache)
                drop_old_images(engine, cache, repository=_REPOSITORY, label=CONTENT_LABEL)
    note_use(cache, tag)
    return _found(engine, tag)


def _found(engine: Engine, name: str) -> Image:
    found = engine.image_id(name)
    if found is None:
        raise ImageFailed(f"image '{name}' is gone again.", why="somebody removed it meanwhile.")
    return Image(name=name, id=found)


def _build(engine: Engine, folder: Path, wanted: Image, progress: Progress, cache: Path) -> None:
    log = cache / f"image-{wanted.id[:12]}.log"
    for base in bases((folder / "Dockerfile").read_text()):
        _ensure_base(engine, base, progress, cache)
    try:
        with log.open("w") as file:
            for line in engine.build(folder, wanted.name, {CONTENT_LABEL: wanted.id}):
                file.write(f"{line}\n")
                progress.say(line)
    except ImageFailed as error:
        last = "\n".join(tail(log, _LAST_LINES))
        raise ImageFailed(
            f"the builder image was not built: {error.what}\n{last}",
            why=f"the log is {log}",
            cure=f"docker build {folder}",
        ) from error


def bases(dockerfile: str) -> list[str]:
    r"""Return the images that a Dockerfile starts from, without its own stages.

    >>> bases("FROM debian:12 AS one\nFROM one\nFROM --platform=x scratch\nFROM debian:12")
    ['debian:12']
    """
    found: list[str] = []
    stages = {"scratch"}
    pattern = r"^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?"
    for name, stage in re.findall(pattern, dockerfile, re.IGNORECASE | re.MULTILINE):
        # A name with a variable is the daemon's to resolve.
        if name not in stages and name not in found and "$" not in name:
            found.append(name)
        stages.add(stage)
    return found


def _ensure_base(engine: Engine, base: str, progress: Progress, cache: Path) -> None:
    if engine.image_id(base) is not None:
        return
    try:
        _report(engine.pull(base), progress)
    except ImageFailed as error:
        if base != _DEBIAN:
            raise
        progress.say(f"making {base} from Debian packages, for no registry answers: {error.what}")
        _make_base(base, cache)


def _make_base(base: str, cache: Path) -> None:
    script = docker_folder() / "base-without-registry.sh"
    log = cache / "image-base.log"
    argv = ["sh", str(script), base]
    with log.open("wb") as file, running(argv, stdout=file, stderr=STDOUT) as child:
        status = child.wait(_BASE_SECONDS)
    if status != 0:
        last = "\n".join(tail(log, _LAST_LINES))
        raise ImageFailed(
            f"base image '{base}' is in no registry that answers, and making it from Debian "
            f"packages ended with status {status}:\n{last}",
            why=f"the log is {log}",
            cure=f"sudo {script}",
        )


def _report(lines: Iterable[str], progress: Progress) -> None:
    for line in lines:
        progress.say(line)
