"""Make the one frozen record out of merged values."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytest_karatos.board import Board
from pytest_karatos.errors import BadSetting
from pytest_karatos.event import Dialect, Rule
from pytest_karatos.settings.boards import boards_of, budgets_of
from pytest_karatos.settings.choose import choose
from pytest_karatos.settings.layers import Layer, at
from pytest_karatos.settings.record import Limits, Settings
from pytest_karatos.settings.words import unknown
from pytest_karatos.watch import WatchRules


def assemble(root: Path, values: Layer, packaged: tuple[Dialect, ...]) -> Settings:
    """Make the record; ``packaged`` are the dialects that every run knows.

    :raises BadSetting: for values that contradict each other.
    :raises UnknownName: for a name that nobody defined.
    """
    boards = boards_of(values)
    dialects = _dialects(values, packaged)
    json, folder = (values.get(path) for path in (("artifacts", "json"), ("build", "folder")))
    return Settings(
        root=root,
        source=root / at(values, "build.source").value,
        command=at(values, "build.command").value,
        elf=at(values, "build.elf").value,
        map=at(values, "build.map").value,
        build_env=_env(values),
        folder=folder.value if folder else "",
        exclude=at(values, "build.exclude").value,
        serial=at(values, "build.serial").value,
        builder=at(values, "build.builder").value,
        emulator=at(values, "emulator.use").value,
        image=at(values, "build.image").value,
        prebuilt=_prebuilt(values, boards),
        boards=boards,
        chosen=choose(values, boards),
        profiles=tuple(dict.fromkeys(at(values, "build.profiles").value)),
        timeout_seconds=at(values, "emulator.timeout").value,
        limits=_limits(values),
        rules=_rules(values),
        dialects=dialects,
        dialect=_dialect(values, dialects),
        budgets=budgets_of(values, boards),
        artifacts=root / at(values, "artifacts.folder").value,
        cache=at(values, "cache.folder").value,
        cache_bytes=at(values, "cache.size").value,
        json_path=json.value if json else None,
        origins={".".join(path): found.origin for path, found in values.items()},
        values={".".join(path): found.value for path, found in values.items()},
    )


def _env(values: Layer) -> tuple[tuple[str, str], ...]:
    rows = [(path[2], found) for path, found in values.items() if path[:2] == ("build", "env")]
    boards = [(path[4], found) for path, found in values.items()
              if path[0] == "boards" and path[2:4] == ("build", "env")]  # fmt: skip
    for word, found in rows + boards:
        if not word or "=" in word or "\0" in word:
            raise BadSetting(f"{found.origin}: {word!r} is no name of an environment variable.")
    return tuple(sorted((word, found.value) for word, found in rows))


def _limits(values: Layer) -> Limits:
    jobs = values.get(("build", "jobs"))
    return Limits(
        memory_bytes=at(values, "build.memory").value,
        cpus=at(values, "build.cpus").value,
        pids=at(values, "build.pids").value,
        seconds=at(values, "build.timeout").value,
        jobs=jobs.value if jobs else 0,
    )


def _rules(values: Layer) -> WatchRules:
    return WatchRules(
        faults=at(values, "console.faults").value,
        silence_seconds=at(values, "console.silence").value,
        repeats=at(values, "console.repeats").value,
        restarts=at(values, "console.restarts").value,
        boot_text=at(values, "console.boot_text").value,
        total_bytes=at(values, "console.total").value,
        line_bytes=at(values, "console.line").value,
        newline=at(values, "console.newline").value,
        ready=at(values, "console.ready").value,
        filter=at(values, "console.filter").value,
    )


def dialects_of(data: Mapping[str, Any]) -> tuple[Dialect, ...]:
    """Make the packaged dialects. They are not compiled here: that would cost every start.

    ``[[dialects.NAME]]`` are the rules, or ``[dialects.NAME]`` holds them as ``rules``.

    >>> dialects_of({"dialects": {"x": [{"kind": "run", "pattern": "RUN"}]}})[0].rules
    (Rule(kind='run', pattern='RUN'),)
    """
    tables = data.get("dialects", data).items()
    lists = [(name, one["rules"] if isinstance(one, dict) else one) for name, one in tables]
    return tuple(
        Dialect(name=name, rules=tuple(Rule(**rule) for rule in rules)) for name, rules in lists
    )


def _dialects(values: Layer, packaged: tuple[Dialect, ...]) -> tuple[Dialect, ...]:
    named = {one.name: one for one in packaged}
    for path, found in values.items():
        if path[0] == "dialects":
            named[path[1]] = Dialect(name=path[1], rules=found.value)
    return tuple(named.values())


def _dialect(values: Layer, dialects: tuple[Dialect, ...]) -> str:
    found = at(values, "console.dialect")
    name, known = str(found.value), ["auto", *(dialect.name for dialect in dialects)]
    if name not in known:
        raise unknown("dialect", name, known, origin=found.origin)
    return name


def _prebuilt(values: Layer, boards: tuple[Board, ...]) -> dict[str, Path]:
    known = list(dict.fromkeys([one.arch for one in boards] + [one.name for one in boards]))
    prebuilt: dict[str, Path] = {}
    for path, found in values.items():
        if path[:2] == ("build", "prebuilt"):
            if path[2] not in known:
                raise unknown("arch or board", path[2], known, origin=found.origin)
            prebuilt[path[2]] = found.value
    return prebuilt
