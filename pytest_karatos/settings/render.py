"""Build requests and watch rules of one board, with every ``{placeholder}`` filled in."""

import dataclasses
import re
import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path

from pytest_karatos.binaries import BINARY
from pytest_karatos.board import Board, BuildRecipe, Origin
from pytest_karatos.choices import DEBUG
from pytest_karatos.errors import BadSetting
from pytest_karatos.firmware import REVISION, BuildRequest
from pytest_karatos.settings.keys import NOT_SOURCES
from pytest_karatos.settings.record import Settings
from pytest_karatos.settings.suggest import did_you_mean, short_repr
from pytest_karatos.watch_rules import WatchRules


def request(  # noqa: PLR0913  # what names a build
    settings: Settings,
    board: Board,
    profile: str,
    features: Iterable[str] = (),
    *,
    firmware: str = "",
    binary: str = "",
) -> BuildRequest:
    """Say what shall be built for ``board`` and ``profile``.

    ``board`` is as it is for ``firmware`` (:meth:`FirmwareSpec.board`). ``binary`` counts where
    each binary has a build of its own: where the command names it.

    :raises BadSetting: for an unknown placeholder, or for features or a binary without a place.
    """
    recipe, wanted = board.build, tuple(sorted(set(features)))
    _require_place(recipe, wanted)
    own = _own_binary(recipe, binary)
    facts = _facts(board, profile, wanted) | {
        "firmware": firmware,
        "binary": own or BINARY,
        "revision": REVISION,
    }
    env = ((name, _filled(recipe, f"env.{name}", text, facts)) for name, text in recipe.env)
    return BuildRequest(
        board=board,
        profile=profile,
        source=settings.source,
        command=_command(recipe, facts),
        elf=_place(recipe, "elf", recipe.elf, facts),
        map=_place(recipe, "map", recipe.map, facts),
        firmware=firmware,
        binary=own,
        features=wanted,
        env=tuple(env),
        timeout_seconds=recipe.timeout_seconds,
        exclude=(*(NOT_SOURCES if recipe.exclude_packaged else ()), *recipe.exclude),
        written=settings.written,
        pass_env=recipe.pass_env,
        trace=recipe.trace,
        git=recipe.git,
        exclusive=recipe.exclusive,
        network=recipe.network,
        other_boards=_strangers(settings, board),
    )


def _own_binary(recipe: BuildRecipe, binary: str) -> str:
    """Return ``binary`` where the command builds only that; '' where it builds all of them.

    :raises BadSetting: where none was named, and the command needs one.
    """
    texts = (*recipe.command, recipe.folder, *(text for _, text in recipe.env))
    if not any(BINARY in text for text in texts):
        return ""
    if not binary:
        raise BadSetting(
            f"{recipe.origin('command')} builds one binary at a time, and none was named.",
            fix='name it: @pytest.mark.karatos(binary="..."), or --karatos-binary=NAME',
        )
    return binary


def _filled(recipe: BuildRecipe, word: str, text: str, facts: Mapping[str, str]) -> str:
    origin = recipe.origin(word)
    return fill_placeholders(text, facts, key=origin.key, origin=origin.place)


#: Cargo's own name of the profile whose folder is called debug.
_CARGO_PROFILES = {DEBUG: "dev"}


def _facts(board: Board, profile: str, features: tuple[str, ...]) -> dict[str, str]:
    return {
        "arch": board.arch,
        "profile": profile,
        "cargo_profile": _CARGO_PROFILES.get(profile, profile),
        "board": board.build_name or board.name,
        "triple": board.triple,
        "features": ",".join(features),
    }


def _command(recipe: BuildRecipe, facts: Mapping[str, str]) -> str:
    """Join the steps into one shell command: each starts in the folder, the first failure ends it.

    A single step stays as it was written.
    """
    # The command goes through a shell, so a value must stay one word there.
    whole = {REVISION, BINARY}  # filled in by who builds; the other is not in a command then
    words = {
        key: shlex.quote(value) if value and value not in whole else value
        for key, value in facts.items()
    }
    steps = [_filled(recipe, "command", step, words) for step in recipe.command]
    folder = _filled(recipe, "folder", recipe.folder, facts)
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


def _require_place(recipe: BuildRecipe, features: tuple[str, ...]) -> None:
    texts = [*recipe.command, *(text for _, text in recipe.env)]
    if features and not any("{features}" in text for text in texts):
        raise BadSetting(
            f"{recipe.origin('command').place}: the build command "
            f"{short_repr(' && '.join(recipe.command))} "
            f"has no {{features}}, so it cannot build with {', '.join(features)}.",
            fix="put {features} into [build] command, or into a value of [build.env]",
        )


def _place(recipe: BuildRecipe, word: str, text: str, facts: Mapping[str, str]) -> str:
    place = _filled(recipe, word, text, facts)
    if place.startswith("/") or ".." in place.split("/"):
        raise BadSetting(
            f"{recipe.origin(word)} {short_repr(place)} leaves the firmware's tree.",
            why="each build has a private copy of the tree, and the ELF is taken from there.",
            fix="name a path in the tree; for an ELF built elsewhere use --karatos-elf=ARCH=PATH",
        )
    return place


# ``{{word}}`` is a literal ``{word}``; ``${word}`` is the shell's.
_PLACEHOLDER = re.compile(r"\{\{([a-z_]+)\}\}|(?<!\$)\{([a-z_]+)\}")


def fill_placeholders(text: str, facts: Mapping[str, str], *, key: str, origin: str) -> str:
    """Put ``facts`` into ``text``, the value of ``key``.

    :raises BadSetting: for an unknown placeholder, with what may have been meant.

    >>> fill_placeholders("make {board} {{arch}} ${HOME}", {"board": "virt"}, key="k", origin="f")
    'make virt {arch} ${HOME}'
    """

    def fill(found: re.Match[str]) -> str:
        if found[1]:
            return f"{{{found[1]}}}"
        if found[2] in facts:
            return facts[found[2]]
        raise BadSetting(
            f"{origin}: {key} has the unknown placeholder {{{found[2]}}}."
            f"{did_you_mean(found[2], facts)}",
            fix=f"known: {' '.join(f'{{{one}}}' for one in facts)}; "
            f"write {{{{{found[2]}}}}} for the text itself",
        )

    return _PLACEHOLDER.sub(fill, text)


#: What a filter's placeholders can be.
_FILTER_FACTS = ("elf",)


def filter_command(argv: tuple[str, ...], root: Path, origin: Origin) -> tuple[str, ...]:
    """Make a filter's program absolute: a path is relative to ``root``, the settings' folder.

    :raises BadSetting: for an unknown placeholder in the filter.
    """
    facts = dict.fromkeys(_FILTER_FACTS, "")
    for part in argv:
        fill_placeholders(part, facts, key=origin.key, origin=origin.place)
    program = argv[0] if argv else ""
    return (str(root / program), *argv[1:]) if "/" in program else argv


def rules_for(board: Board, elf: Path) -> WatchRules:
    """Return the rules for a boot of ``elf`` on ``board``; the filter is ready to be run."""
    facts = dict.fromkeys(_FILTER_FACTS, str(elf))
    argv = (fill_placeholders(one, facts, key="", origin="") for one in board.watch.filter)
    return dataclasses.replace(board.watch, filter=tuple(argv))
