"""Remove builder images that nobody has used for long: each is a gigabyte of somebody's disk.

The rule: when a new one was made, those of our name and label go that are not among the three
newest, were made and last used (by a run with this cache) more than 30 days ago, and that no
container was made of. Docker itself refuses the last kind.
"""

import time
from pathlib import Path

from pytest_karatos.engine import Engine

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
