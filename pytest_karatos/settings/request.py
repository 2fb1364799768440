"""Render one board's build: the command, the ELF's place and the environment."""

import re
import shlex
from collections.abc import Iterable, Mapping

from pytest_karatos.board import Board
from pytest_karatos.errors import BadSetting
from pytest_karatos.firmware import BuildRequest
from pytest_karatos.settings.record import Settings
from pytest_karatos.settings.words import meant, shown

# ``{{word}}`` is a literal ``{word}``; ``${word}`` is the shell's.
_PLACEHOLDER = re.compile(r"\{\{([a-z_]+)\}\}|(?<!\$)\{([a-z_]+)\}")


def request(
    settings: Settings, board: Board, profile: str, features: Iterable[str] = ()
) -> BuildRequest:
    """Say what shall be built for ``board`` and ``profile``.

    :raises BadSetting: for an unknown placeholder, or for features without a place for them.
    """
    wanted = tuple(sorted(set(features)))
    _require_place(settings, wanted)
    facts = {
        "arch": board.arch,
        "profile": profile,
        "board": board.build_name or board.name,
        "triple": board.triple,
        "features": ",".join(wanted),
    }
    # The command goes through a shell, so a value must stay one word there.
    words = {key: shlex.quote(value) if value else "" for key, value in facts.items()}
    env = ((name, _rendered(settings, f"build.env.{name}", value, facts))
           for name, value in settings.build_env)  # fmt: skip
    return BuildRequest(
        board=board,
        profile=profile,
        source=settings.source,
        command=_rendered(settings, "build.command", settings.command, words),
        elf=_place(settings, "build.elf", settings.elf, facts),
        map=_place(settings, "build.map", settings.map, facts),
        features=wanted,
        env=tuple(env),
        timeout_seconds=settings.limits.seconds,
    )


def _require_place(settings: Settings, features: tuple[str, ...]) -> None:
    texts = [settings.command, *(value for _, value in settings.build_env)]
    if features and not any("{features}" in text for text in texts):
        raise BadSetting(
            f"{_origin(settings, 'build.command')}: the build command {shown(settings.command)} "
            f"has no {{features}}, so it cannot build with {', '.join(features)}.",
            cure="put {features} into [build] command, or into a value of [build.env]",
        )


def _origin(settings: Settings, key: str) -> str:
    return settings.origins.get(key, "default")


def _rendered(settings: Settings, key: str, text: str, facts: Mapping[str, str]) -> str:
    def fill(found: re.Match[str]) -> str:
        if found[1]:
            return f"{{{found[1]}}}"
        if found[2] in facts:
            return facts[found[2]]
        raise BadSetting(
            f"{_origin(settings, key)}: {key} has the unknown placeholder "
            f"{{{found[2]}}}.{meant(found[2], facts)}",
            cure=f"known: {' '.join(f'{{{one}}}' for one in facts)}; "
            f"write {{{{{found[2]}}}}} for the text itself",
        )

    return _PLACEHOLDER.sub(fill, text)


def _place(settings: Settings, key: str, text: str, facts: Mapping[str, str]) -> str:
    place = _rendered(settings, key, text, facts)
    if place.startswith("/") or ".." in place.split("/"):
        raise BadSetting(
            f"{_origin(settings, key)}: {key} {shown(place)} leaves the firmware's tree.",
            why="each build has a private copy of the tree, and the ELF is taken from there.",
            cure="name a path in the tree; for an ELF built elsewhere use --karatos-elf=ARCH=PATH",
        )
    return place
