"""The settings record, made of merged values: boards, dialects, limits, and what was selected."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_karatos.board import Board, Origin
from pytest_karatos.choices import AUTO, OFF, PROFILES
from pytest_karatos.dialect import Dialect, Rule
from pytest_karatos.errors import BadSetting, UnknownName
from pytest_karatos.settings.baselines import baseline_of
from pytest_karatos.settings.boards import boards_of, names_in
from pytest_karatos.settings.budgets import budgets_of
from pytest_karatos.settings.explore import explore_of
from pytest_karatos.settings.firmwares import by_default, firmwares_of
from pytest_karatos.settings.karatos_tree import LOCATION
from pytest_karatos.settings.layers import Given, Layer, at
from pytest_karatos.settings.record import CoverageSpec, FirmwareSpec, Limits, Settings, Toolchain
from pytest_karatos.settings.suggest import did_you_mean, short_repr, unknown
from pytest_karatos.watch_rules import FaultRule


@dataclass(frozen=True, kw_only=True, slots=True)
class Packaged:
    """What every run knows: how systems talk, and what they print when they crash."""

    dialects: tuple[Dialect, ...] = ()
    faults: tuple[FaultRule, ...] = ()


def assemble(
    root: Path, values: Layer, packaged: Packaged, declared: Iterable[Layer] = ()
) -> Settings:
    """Make the record; ``packaged`` are the dialects and crashes that every run knows.

    ``declared`` are the sources whose profiles are known, chosen for this run or not.

    :raises BadSetting: for values that contradict each other.
    :raises UnknownName: for a name that nobody defined.
    """
    _require_env_names(values)
    boards = boards_of(values, root, packaged.faults)
    firmwares = firmwares_of(values, boards, root)
    dialects = _dialects(values, packaged.dialects)
    _require_dialects(values, dialects)
    json = values.get(("artifacts", "json"))
    return Settings(
        root=root,
        source=root / at(values, "build.source").value,
        builder=at(values, "build.builder").value,
        launcher=at(values, "emulator.launcher").value,
        toolchain=_toolchain(values),
        prebuilt=_prebuilt(values, boards, firmwares),
        boards=boards,
        chosen=choose(values, boards),
        firmwares=firmwares,
        by_default=by_default(values, firmwares),
        only_these=("run", "firmware") in values,
        binaries=_said(values, "run", "binary"),
        profiles=tuple(dict.fromkeys(at(values, "build.profiles").value)),
        known_profiles=_known_profiles((*declared, values)),
        limits=_limits(values),
        dialects=dialects,
        budgets=budgets_of(values, boards),
        coverage=_coverage(values, root),
        line_tables=_line_tables(values),
        baseline=baseline_of(values, root),
        artifacts=root / at(values, "artifacts.folder").value,
        history=_history(values, root),
        cache=at(values, "cache.folder").value,
        cache_bytes=at(values, "cache.size").value,
        cache_remote=at(values, "cache.remote").value,
        cache_sends=at(values, "cache.send").value,
        trees_bytes=at(values, "cache.trees").value,
        allow_none=at(values, "run.allow_none").value,
        boots=at(values, "run.boots").value,
        variation=at(values, "run.vary").value,
        explore=explore_of(at(values, "run.explore").value),
        explores=at(values, "run.explore").value != OFF,
        json_path=json.value if json else None,
        origins={".".join(path): found.origin for path, found in values.items()},
        values={".".join(path): found.value for path, found in values.items()},
    )


def _said(values: Layer, *path: str) -> tuple[str, ...]:
    found = values.get(path)
    return tuple(found.value) if found else ()


def _known_profiles(layers: Iterable[Layer]) -> tuple[str, ...]:
    found = (layer.get(("build", "profiles")) for layer in layers)
    named = [name for one in found if one for name in one.value]
    return tuple(dict.fromkeys([*PROFILES, *named]))


def _require_env_names(values: Layer) -> None:
    for path, found in values.items():
        if path[-2:-1] == ("env",) and (not path[-1] or set("=\0") & set(path[-1])):
            raise BadSetting(
                f"{found.origin}: {path[-1]!r} is not a valid name for an environment variable."
            )


def _history(values: Layer, root: Path) -> Path:
    said = values.get(("artifacts", "history"))
    usual = Path(at(values, "artifacts.folder").value) / "history.sqlite"
    return root / (Path(said.value) if said else usual)


def _coverage(values: Layer, root: Path) -> CoverageSpec:
    least = values.get(("coverage", "fail_under"))
    branches = values.get(("coverage", "fail_under_branches"))
    return CoverageSpec(
        wanted=at(values, "run.coverage").value,
        branches=at(values, "coverage.branches").value or branches is not None,
        fail_under_branches=branches.value if branches else None,
        fail_under_branches_origin=branches.origin if branches else "",
        fail_under=least.value if least else None,
        fail_under_origin=least.origin if least else "",
        roots=tuple(root / one for one in at(values, "coverage.roots").value),
        exclude=tuple(at(values, "coverage.exclude").value),
    )


def _line_tables(values: Layer) -> tuple[tuple[str, str], ...]:
    """Return the variables of a build with line tables, where one is wanted."""
    if not (at(values, "run.coverage").value or at(values, "run.line_tables").value):
        return ()
    said = at(values, "build.line_tables")
    pairs = [one.partition("=") for one in said.value]
    for name, is_said, _ in pairs:
        if not (name and is_said):
            raise BadSetting(
                f"{said.origin}: build.line_tables is NAME=VALUE each time, not '{name}'.",
                fix='build.line_tables = ["CARGO_PROFILE_RELEASE_DEBUG=line-tables-only"]',
            )
    return tuple((name, value) for name, _, value in pairs)


def _toolchain(values: Layer) -> Toolchain:
    keys = {
        "image": "build.image",
        "targets": "toolchain.targets",
        "packages": "toolchain.packages",
    }
    found = {word: at(values, key) for word, key in keys.items()}
    origins = tuple(
        (word, Origin(key=one.spelled or keys[word], place=one.origin))
        for word, one in found.items()
    )
    return Toolchain(**{word: one.value for word, one in found.items()}, origins=origins)


def _limits(values: Layer) -> Limits:
    jobs = values.get(("build", "jobs"))
    return Limits(
        memory_bytes=at(values, "build.memory").value,
        cpus=at(values, "build.cpus").value,
        pids=at(values, "build.pids").value,
        jobs=jobs.value if jobs else 0,
    )


def dialects_of(data: Mapping[str, Any]) -> tuple[Dialect, ...]:
    """Make the packaged dialects. They are not compiled here: that would cost every start.

    ``[[dialects.NAME]]`` are the rules, or ``[dialects.NAME]`` holds them as ``rules``.

    >>> dialects_of({"dialects": {"x": [{"kind": "run", "pattern": "RUN"}]}})[0].rules
    (Rule(kind='run', pattern='RUN'),)
    """
    tables = data.get("dialects", data).items()
    wholes = [(name, one if isinstance(one, dict) else {"rules": one}) for name, one in tables]
    return tuple(
        Dialect(
            name=name,
            rules=tuple(Rule(**rule) for rule in one["rules"]),
            names=one.get("names", {}),
            priorities=tuple(one.get("priorities", ())),
            lower_is_higher=one.get("lower_is_higher", False),
            priority_of=one.get("priority_of", {}),
        )
        for name, one in wholes
    )


def faults_of(data: Mapping[str, Any]) -> tuple[FaultRule, ...]:
    """Make the packaged rules for crashes; not compiled here either.

    >>> data = {"faults": {"x": {"means": "an x", "rules": [{"word": "oh", "pattern": "Oh"}]}}}
    >>> faults_of(data)
    (FaultRule(system='x', means='an x', word='oh', pattern='Oh'),)
    """
    return tuple(
        FaultRule(system=system, means=one["means"], **rule)
        for system, one in data["faults"].items()
        for rule in one["rules"]
    )


def _dialects(values: Layer, packaged: tuple[Dialect, ...]) -> tuple[Dialect, ...]:
    """Return all dialects; a user's rules are tried before those of a packaged one of that name."""
    named = {one.name: one for one in packaged}
    for name in names_in(values, "dialects"):
        named[name] = _dialect(values, name, named.get(name, Dialect(name=name, rules=())))
    return tuple(named.values())


def _dialect(values: Layer, name: str, packaged: Dialect) -> Dialect:
    said = {path[2:]: found for path, found in values.items() if path[:2] == ("dialects", name)}
    rules = [rule for path in ((), ("rules",)) if path in said for rule in said[path].value]
    names = {name.lower(): called.lower() for name, called in _table(said, "names")}
    priority_of = {name.lower(): priority for name, priority in _table(said, "priority_of")}
    words, lower = said.get(("priorities",)), said.get(("lower_is_higher",))
    if not rules and not packaged.rules:
        origin = next(iter(said.values())).origin
        raise BadSetting(
            f"{origin}: dialect {short_repr(name)} has names and no rule.",
            fix=f"add [[dialects.{name}.rules]], or give the names to a packaged dialect",
        )
    return Dialect(
        name=name,
        rules=(*rules, *packaged.rules),
        names={**packaged.names, **names},
        priorities=tuple(words.value) if words else packaged.priorities,
        lower_is_higher=lower.value if lower else packaged.lower_is_higher,
        priority_of={**packaged.priority_of, **priority_of},
    )


def _table(said: Layer, word: str) -> Iterable[tuple[str, str]]:
    return ((path[1], one.value) for path, one in said.items() if path[:1] == (word,))


def _require_dialects(values: Layer, dialects: tuple[Dialect, ...]) -> None:
    for path, found in values.items():
        own = path[0] in ("boards", "firmware") and path[2:] == ("dialect",)
        if own or path == ("console", "dialect"):
            require_dialect(found, dialects)


def require_dialect(found: Given, dialects: tuple[Dialect, ...]) -> None:
    """Raise UnknownName for the name of a dialect that nobody defined."""
    known = [AUTO, *(dialect.name for dialect in dialects)]
    if found.value not in known:
        raise unknown("dialect", str(found.value), known, origin=found.origin)


def _prebuilt(
    values: Layer, boards: tuple[Board, ...], firmwares: tuple[FirmwareSpec, ...]
) -> dict[str, Path]:
    """Map archs, boards and firmwares to the ELFs that were named for them."""
    named = [one.name for one in firmwares if one.name]
    known = list(dict.fromkeys([*(b.arch for b in boards), *(b.name for b in boards), *named]))
    own = {name: values.get(("firmware", name, "prebuilt")) for name in named}
    prebuilt: dict[str, Path] = {name: one.value for name, one in own.items() if one}
    for path, found in values.items():
        if path[:2] == ("build", "prebuilt"):
            if path[2] not in known:
                what = "arch, board or firmware" if named else "arch or board"
                raise unknown(what, path[2], known, origin=found.origin)
            prebuilt[path[2]] = found.value
    return prebuilt


ALL = "all"
#: Said by nobody in particular: it gives way when a board was picked by name.
_WEAK_ORIGINS = ("default", LOCATION)


def choose(values: Layer, boards: tuple[Board, ...]) -> tuple[Board, ...]:
    """Return the boards to test in their stable order.

    An arch means its default board; ``all`` (and nothing said) means every arch. Boards picked by
    name come on top, or alone when no arch was asked for.

    :raises UnknownName: for an arch or board that nobody defined.
    """
    archs = values.get(("run", "arch"), Given((ALL,), "default"))
    names = values.get(("run", "board"))
    picked = boards_named(names, boards) if names else set()
    if not (picked and archs.origin.startswith(_WEAK_ORIGINS)):
        picked |= _defaults_of(archs, boards)
    return tuple(board for board in boards if board.name in picked)


def _defaults_of(archs: Given, boards: tuple[Board, ...]) -> set[str]:
    wanted = archs_named(archs, boards)
    return {one.name for one in boards if one.default and one.arch in wanted}


def archs_named(words: Given, boards: tuple[Board, ...]) -> set[str]:
    """Return the archs that ``words`` name; ``all`` names all.

    :raises UnknownName: for one that no board has.
    """
    known = list(dict.fromkeys(board.arch for board in boards))
    for word in words.value:
        if word != ALL and word not in known:
            raise _no_arch(word, words.origin, known, boards)
    return set(known if ALL in words.value else words.value)


def _no_arch(word: str, origin: str, known: list[str], boards: Iterable[Board]) -> UnknownName:
    hint = did_you_mean(word, [*known, ALL])
    if any(board.name == word for board in boards):
        hint = f" It is a board: --karatos-board={word}."
    return UnknownName(
        f"{origin}: no board has arch {short_repr(word)}.{hint} Known: {', '.join(known)}."
    )


def boards_named(names: Given, boards: tuple[Board, ...]) -> set[str]:
    """Return the names of boards that ``names`` says.

    :raises UnknownName: for one that nobody defined.
    """
    known = [board.name for board in boards]
    for word in names.value:
        if word not in known:
            raise unknown("board", word, known, origin=names.origin)
    return set(names.value)
