"""Render one board's build: the command, the ELF's place and the environment."""

import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pytest_karatos.board import Board
from pytest_karatos.errors import BadSetting
from pytest_karatos.firmware import BuildRequest
from pytest_karatos.settings.placeholders import filled
from pytest_karatos.settings.record import Settings
from pytest_karatos.settings.words import shown


@dataclass(frozen=True, kw_only=True, slots=True)
class _Recipe:
    """What a board's build is told: its own words first, then those for all boards."""

    settings: Settings
    board: Board

    def key(self, word: str) -> str:
        """Return the full key that speaks for this board."""
        own = f"boards.{self.board.name}.build.{word}"
        return own if own in self.settings.values else f"build.{word}"

    def origin(self, word: str) -> str:
        return self.settings.origins.get(self.key(word), "default")

    def value(self, word: str, otherwise: object) -> object:
        return self.settings.values.get(f"boards.{self.board.name}.build.{word}", otherwise)

    @property
    def steps(self) -> tuple[str, ...]:
        found = self.value("command", self.settings.command)
        return found if isinstance(found, tuple) else (str(found),)

    @property
    def elf(self) -> str:
        return str(self.value("elf", self.settings.elf))

    @property
    def map(self) -> str:
        return str(self.value("map", self.settings.map))

    @property
    def folder(self) -> str:
        return str(self.value("folder", self.settings.folder))

    @property
    def env(self) -> dict[str, str]:
        above = f"boards.{self.board.name}.build.env."
        own = {key.removeprefix(above): str(value)
               for key, value in self.settings.values.items() if key.startswith(above)}  # fmt: skip
        return dict(self.settings.build_env) | own

    def fill(self, word: str, text: str, facts: Mapping[str, str]) -> str:
        return filled(text, facts, key=self.key(word), origin=self.origin(word))


def request(
    settings: Settings, board: Board, profile: str, features: Iterable[str] = ()
) -> BuildRequest:
    """Say what shall be built for ``board`` and ``profile``.

    :raises BadSetting: for an unknown placeholder, or for features without a place for them.
    """
    recipe = _Recipe(settings=settings, board=board)
    wanted = tuple(sorted(set(features)))
    _require_place(recipe, wanted)
    facts = _facts(board, profile, wanted)
    env = ((name, recipe.fill(f"env.{name}", value, facts)) for name, value in recipe.env.items())
    return BuildRequest(
        board=board,
        profile=profile,
        source=settings.source,
        command=_command(recipe, facts),
        elf=_place(recipe, "elf", recipe.elf, facts),
        map=_place(recipe, "map", recipe.map, facts),
        features=wanted,
        env=tuple(sorted(env)),
        timeout_seconds=settings.limits.seconds,
        exclude=settings.exclude,
        serial=settings.serial,
        strangers=_strangers(settings, board),
    )


def _facts(board: Board, profile: str, features: tuple[str, ...]) -> dict[str, str]:
    return {
        "arch": board.arch,
        "profile": profile,
        # Cargo's own name of the profile whose folder is called debug.
        "cargo_profile": "dev" if profile == "debug" else profile,
        "board": board.build_name or board.name,
        "triple": board.triple,
        "features": ",".join(features),
    }


def _command(recipe: _Recipe, facts: Mapping[str, str]) -> str:
    """Join the steps into one shell command: each starts in the folder, the first failure ends it.

    A single step stays as it was written.
    """
    # The command goes through a shell, so a value must stay one word there.
    words = {key: shlex.quote(value) if value else "" for key, value in facts.items()}
    steps = [recipe.fill("command", step, words) for step in recipe.steps]
    folder = recipe.fill("folder", recipe.folder, facts)
    if len(steps) == 1 and not folder:
        return steps[0]
    # A newline: the step may end in a comment.
    apart = [f"({step}\n)" if "#" in step or "\n" in step else f"({step})" for step in steps]
    return " && ".join([*([f"cd {shlex.quote(folder)}"] if folder else []), *apart])


def _strangers(settings: Settings, board: Board) -> tuple[str, ...]:
    own = _words(board)
    return tuple(sorted({word for one in settings.boards for word in _words(one)} - own))


def _words(board: Board) -> set[str]:
    return {board.arch, board.name, board.build_name or board.name}


def _require_place(recipe: _Recipe, features: tuple[str, ...]) -> None:
    texts = [*recipe.steps, *recipe.env.values()]
    if features and not any("{features}" in text for text in texts):
        raise BadSetting(
            f"{recipe.origin('command')}: the build command {shown(' && '.join(recipe.steps))} "
            f"has no {{features}}, so it cannot build with {', '.join(features)}.",
            cure="put {features} into [build] command, or into a value of [build.env]",
        )


def _place(recipe: _Recipe, word: str, text: str, facts: Mapping[str, str]) -> str:
    place = recipe.fill(word, text, facts)
    if place.startswith("/") or ".." in place.split("/"):
        raise BadSetting(
            f"{recipe.origin(word)}: {recipe.key(word)} {shown(place)} leaves the firmware's tree.",
            why="each build has a private copy of the tree, and the ELF is taken from there.",
            cure="name a path in the tree; for an ELF built elsewhere use --karatos-elf=ARCH=PATH",
        )
    return place
