"""The builder image: found by content, else built once per machine, else pulled."""

import hashlib
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock

from pytest_karatos.board import Origin
from pytest_karatos.containers import Engine
from pytest_karatos.errors import ImageFailed
from pytest_karatos.process import STDOUT, running
from pytest_karatos.progress import Progress
from pytest_karatos.text import tail

KEPT_IMAGES = 3
UNUSED_SECONDS = 30 * 24 * 3600.0


def note_use(cache: Path, tag: str) -> None:
    """Remember that image ``tag`` was used now."""
    cache.mkdir(parents=True, exist_ok=True)
    _mark(cache, tag).touch()


def drop_old_images(
    engine: Engine, cache: Path, *, repository: str, label: str, kept: int = KEPT_IMAGES
) -> list[str]:
    """Remove what the rule does not keep of ``repository``, marked by ``label``; return tags."""
    found = engine.images_of(repository, label)
    newest = sorted(found, key=lambda tag: found[tag], reverse=True)
    old = [tag for tag in newest[kept:] if _is_old(found[tag], _mark(cache, tag))]
    return [tag for tag in old if engine.drop_image(tag)]


def _is_old(made: float, mark: Path) -> bool:
    used = mark.stat().st_mtime if mark.exists() else made
    return max(made, used) < time.time() - UNUSED_SECONDS


def _mark(cache: Path, tag: str) -> Path:
    return cache / f"image-{tag.rpartition(':')[2]}.used"


_REPOSITORY = "pytest-karatos-builder"
CONTENT_LABEL = "org.pytest-karatos.content"
#: The base that can be made out of Debian packages.
_DEBIAN = "debian:bookworm-slim"
_BASE_SECONDS = 900.0
_LAST_LINES = 20
_DEFAULT = Origin(key="build.image")


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


def own_targets() -> tuple[str, ...]:
    """Return the Rust targets that our own image has without being asked.

    >>> "thumbv7m-none-eabi" in own_targets()
    True
    """
    text = (docker_folder() / "bare-metal-rust.sh").read_text()
    found = re.search(r"DEFAULT_TARGETS=\(([^)]*)\)", text)
    return tuple(found[1].split()) if found else ()


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


def require_recipe(image: str, origin: Origin) -> None:
    """Raise ImageFailed when ``image``, named by ``origin``, is a folder without a Dockerfile."""
    if recipe_of(image) is None and (image.endswith("/") or Path(image).is_dir()):
        raise ImageFailed(
            f"{origin} is the folder '{image}', which has no Dockerfile.",
            why="the builder image is made of it.",
            fix=f"write {Path(image) / 'Dockerfile'}, or name an image",
        )


def ensure_image(
    engine: Engine, image: str, progress: Progress, cache: Path, *, origin: Origin = _DEFAULT
) -> Image:
    """Return ``image``, a folder with a Dockerfile or an image's name, made or fetched if needed.

    An empty ``image`` is our own; ``origin`` is where it was named. Nothing is done when it is
    there; ``cache`` holds lock and log.

    :raises ImageFailed: with the last lines of the output and the log's path.
    """
    folder = recipe_of(image)
    if folder is not None:
        return _from_folder(engine, folder, progress, cache)
    require_recipe(image, origin)
    return _by_name(engine, image, progress, origin)


def _by_name(engine: Engine, name: str, progress: Progress, origin: Origin) -> Image:
    if engine.image_id(name) is None:
        try:
            _report(engine.pull(name), progress)
        except ImageFailed as error:
            raise ImageFailed(
                f"{origin} is '{name}', which is not on this machine and could not be pulled: "
                f"{error.what}",
                why="builds run in that image.",
                fix=f"docker pull {name}",
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
        raise ImageFailed(
            f"image '{name}' was removed while this run was using it.", fix="run again"
        )
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
            fix=f"docker build {folder}",
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
        progress.say(f"no registry has {base}, making it from Debian packages: {error.what}")
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
            fix=f"sudo {script}",
        )


def _report(lines: Iterable[str], progress: Progress) -> None:
    for line in lines:
        progress.say(line)
