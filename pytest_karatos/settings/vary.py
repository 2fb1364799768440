"""One test's choices and changes: what the marker says beside what the settings say."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_karatos.board import Board, Origin
from pytest_karatos.errors import UnknownName
from pytest_karatos.settings.firmwares import firmware_named
from pytest_karatos.settings.keys import KEYS
from pytest_karatos.settings.layers import Given, given
from pytest_karatos.settings.lookup import keys_of
from pytest_karatos.settings.record import FirmwareSpec, Settings
from pytest_karatos.settings.render import filter_command
from pytest_karatos.settings.resolve import ALL, archs_named, boards_named, require_dialect
from pytest_karatos.settings.suggest import did_you_mean, short_repr

#: What can be said for one test: nothing of it changes what is built.
TEST_KEYS = {key.word: key for key in KEYS if key.per_test}


def vary(settings: Settings, board: Board, words: Mapping[str, object], *, origin: str) -> Board:
    """Return ``board`` as ``words`` want it for one test; each is checked as a setting is.

    :raises BadSetting: for a value that cannot be. :raises UnknownName: for an unknown dialect.
    """
    found = {word: given((word,), raw, origin, key=TEST_KEYS[word]) for word, raw in words.items()}
    if "dialect" in found:
        require_dialect(found["dialect"], settings.dialects)
    if "filter" in found:
        argv = filter_command(
            found["filter"].value, settings.root, Origin(key="filter", place=origin)
        )
        found["filter"] = Given(argv, origin)
    console = {key.word for key in keys_of("console")}
    watch = {TEST_KEYS[word].field: one.value for word, one in found.items() if word in console}
    if "timeout_seconds" in watch:
        # Who says how long a test may wait means silence too.
        quiet = max(watch["timeout_seconds"], board.watch.silence_seconds)
        watch.setdefault("silence_seconds", quiet)
    rest: dict[str, Any] = {word: one.value for word, one in found.items() if word not in console}
    return dataclasses.replace(board, watch=dataclasses.replace(board.watch, **watch), **rest)


@dataclass(frozen=True, kw_only=True, slots=True)
class Selection:
    """The archs, boards, profiles and firmwares that a test is for; an empty one restricts not."""

    archs: tuple[str, ...] = ()
    boards: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    firmwares: tuple[str, ...] = ()

    def targets(self, settings: Settings, *, origin: str) -> list[tuple[FirmwareSpec, Board, str]]:
        """List the chosen boards, each with a firmware and a profile, that the test is for.

        Its profiles replace those of the run. What is known and not chosen gives no target.

        :raises UnknownName: for an arch, a board, a profile or a firmware that is not known.
        """
        archs = archs_named(Given(self.archs or (ALL,), origin), settings.boards)
        names = boards_named(Given(self.boards, origin), settings.boards)
        for profile in self.profiles:
            _require_profile(profile, settings, origin)
        specs = [
            firmware_named(settings.firmwares, name, origin)
            for name in self.firmwares or settings.by_default
        ]
        return [
            (spec, board, profile)
            for chosen in settings.chosen
            if chosen.arch in archs and (not names or chosen.name in names)
            for spec in specs
            if not settings.only_these or spec.name in settings.by_default
            if (board := spec.board(chosen.name)) is not None
            for profile in self.profiles or settings.profiles
        ]


def _require_profile(name: str, settings: Settings, origin: str) -> None:
    known = settings.known_profiles
    if name not in known:
        raise UnknownName(
            f"{origin}: unknown profile {short_repr(name)}.{did_you_mean(name, known)} "
            f"Known: {', '.join(known)}.",
            fix=f'declare a profile of your own: [build] profiles = ["{name}", ...]',
        )
