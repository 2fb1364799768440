"""The ledgers of several machines made one: as if one machine had run it all, or a reason why not.

Shards of one run must be all there, once each, of one revision and divided alike; then the tests of
all are the tests of one run. Ledgers of runs that were no shards (a job for each arch, say) are put
together too; what they have in common is then the revision alone.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytest_karatos.report.cause import BAD
from pytest_karatos.report.ledger import Ledger
from pytest_karatos.report.shape import (
    FirmwareFacts,
    LedgerFacts,
    RunFacts,
    ShardFacts,
    TargetFacts,
    UnjudgedFacts,
)
from pytest_karatos.report.unjudged import is_unknown
from pytest_karatos.shard import plan_of
from pytest_karatos.text import printable

#: Tests that a sentence names.
_NAMED = 5
#: pytest's own statuses: all passed, and some failed; with any other something was not judged.
_PASSED, _FAILED = 0, 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """The ledger of one machine, and what people call it: its file."""

    name: str
    ledger: LedgerFacts

    @property
    def shard(self) -> ShardFacts | None:
        """What part of a run it is; None for a whole one."""
        return self.ledger["run"].get("shard")

    @property
    def title(self) -> str:
        """Name it by its number, where it has one.

        >>> Part(name="a.json", ledger={"run": {"shard": {"number": 2, "of": 5}}}).title
        'shard 2 of 5 (a.json)'
        """
        shard, name = self.shard, printable(self.name)
        return f"shard {shard['number']} of {shard['of']} ({name})" if shard else name


@dataclass(frozen=True, kw_only=True, slots=True)
class Merged:
    """The ledger of all, and why it is not what one run would have said; empty when it is."""

    ledger: Ledger
    red: tuple[str, ...] = ()


def merged(parts: Sequence[Part], *, allow_none: bool = False) -> Merged:
    """Make one ledger of the ledgers of ``parts``, and judge whether they belong together.

    ``allow_none`` is whether a run may succeed in which no test used a firmware.
    """
    red = [*_misdivided(parts), *_of_another_revision(parts), *_not_run(parts), *_twice(parts)]
    red += _ended_badly(parts)
    ledger = Ledger(
        settings=_shared([one.ledger["settings"] for one in parts]),
        targets=_targets(parts),
        builds=[
            {**build, "by": f"{one.name}: {build['by']}".removesuffix(": ")}
            for one in parts
            for build in one.ledger["builds"]
        ],
        firmwares=_firmwares(parts),
        unjudged=_unjudged(parts),
    )
    red += [one["why"] for one in ledger.unjudged if is_unknown(one)]
    for one in parts:
        for test in one.ledger["tests"]:
            ledger.add(test)
    if not allow_none and _asks_for_boards(parts) and not any(
        test["firmware"] or test["boots"] for test in ledger.tests
    ):  # fmt: skip
        red.append(f"no test used a firmware: 0 firmware tests of {len(ledger.tests)} ran.")
    ledger.run = _header(parts, ledger, red)
    return Merged(ledger=ledger, red=tuple(red))


def _misdivided(parts: Sequence[Part]) -> Iterator[str]:
    """Say what is wrong with the divisions: parts that are missing, or there twice, or altered.

    There may be several, each of other tests, as where a matrix of archs is divided too.
    """
    divisions: dict[tuple[str, int], list[tuple[Part, ShardFacts]]] = {}
    for one in parts:
        if shard := one.shard:
            divisions.setdefault((shard["plan"], shard["of"]), []).append((one, shard))
    if divisions:
        yield from (f"{one.title} is no shard, and others are." for one in parts if not one.shard)
    for (plan, of), shards in divisions.items():
        numbers = Counter(shard["number"] for _, shard in shards)
        beside = f" It would belong to {shards[0][0].title}." if len(divisions) > 1 else ""
        for number in range(1, of + 1):
            if not numbers[number]:
                yield (
                    f"shard {number} of {of} is missing: its ledger was not given, or it divided "
                    f"other tests, or by another history.{beside}"
                )
            if numbers[number] > 1:
                files = [printable(one.name) for one, shard in shards if shard["number"] == number]
                yield f"shard {number} of {of} is there {len(files)} times: {_list(files)}."
        ordered = sorted(shards, key=lambda one: one[1]["number"])
        whole = sorted(numbers.elements()) == [*range(1, of + 1)]
        if whole and plan_of([shard["tests"] for _, shard in ordered]) != plan:
            yield f"{shards[0][0].title}: the tests are not those that were divided, but altered."


def _of_another_revision(parts: Sequence[Part]) -> Iterator[str]:
    first = parts[0]
    for one in parts[1:]:
        ours, others = _revisions(first.ledger), _revisions(one.ledger)
        if ours != others:
            yield (
                f"{one.title} is of revision {_list(others) or 'unknown'}, "
                f"{first.title} of {_list(ours) or 'unknown'}."
            )


def _revisions(ledger: LedgerFacts) -> list[str]:
    said = ledger["run"].get("revision", "")
    firmwares = {one["revision"] for one in ledger["firmwares"].values()} if not said else {said}
    return sorted(printable(one) for one in firmwares if one)


def _not_run(parts: Sequence[Part]) -> Iterator[str]:
    """Say of which tests a shard says nothing, though it had them."""
    for one in parts:
        ended = {test["id"] for test in one.ledger["tests"] if test["outcome"] not in ("", "rerun")}
        lost = [name for name in (one.shard or {"tests": []})["tests"] if name not in ended]
        if lost:
            yield f"{one.title} did not run {len(lost)} of its tests: {_list(lost)}."


def _twice(parts: Sequence[Part]) -> Iterator[str]:
    seen: dict[str, Part] = {}
    for one in parts:
        names = {test["id"] for test in one.ledger["tests"]}
        for name in sorted(names):
            if name in seen:
                yield f"{printable(name)} is in {seen[name].title} and in {one.title}."
        seen |= dict.fromkeys(names, one)


def _ended_badly(parts: Sequence[Part]) -> Iterator[str]:
    """Say which runs were red although no test of theirs was, or did not come to their end."""
    for one in parts:
        status = one.ledger["run"].get("exit_status")
        failed = any(test["outcome"] in BAD for test in one.ledger["tests"])
        if status not in (_PASSED, _FAILED) or (status == _FAILED and not failed):
            yield f"{one.title} ended with exit status {status}: its own output says why."


def _asks_for_boards(parts: Sequence[Part]) -> bool:
    return any(one.shard and one.shard["with_board"] for one in parts)


def _targets(parts: Sequence[Part]) -> list[TargetFacts]:
    rows = {
        (row["arch"], row["board"], row["profile"]): row
        for one in parts
        for row in one.ledger["boards"]
    }
    return [
        {"board": board, "arch": arch, "profile": profile} for arch, board, profile in sorted(rows)
    ]


def _firmwares(parts: Sequence[Part]) -> dict[str, FirmwareFacts]:
    """Return each firmware once, with all that was measured of it anywhere."""
    found: dict[str, FirmwareFacts] = {}
    for one in parts:
        for key, firmware in one.ledger["firmwares"].items():
            known = found.setdefault(key, {**firmware})
            named = {figure["name"]: figure for figure in known["measurements"]}
            named |= {figure["name"]: figure for figure in firmware["measurements"]}
            known["measurements"] = list(named.values())
    return found


def _unjudged(parts: Sequence[Part]) -> list[UnjudgedFacts]:
    """Return the budgets that no test of any shard asked about."""
    judged = {
        (verdict["name"], verdict["origin"])
        for one in parts
        for test in one.ledger["tests"]
        for verdict in test["verdicts"]
    }
    told = {
        (each["name"], each["origin"]): each for one in parts for each in one.ledger["unjudged"]
    }
    return [each for key, each in told.items() if key not in judged]


def _shared(settings: Iterable[Mapping[str, str]]) -> dict[str, str]:
    """Return what all say; where they differ, all that they say."""
    found: dict[str, dict[str, None]] = {}
    for one in settings:
        for key, value in one.items():
            found.setdefault(key, {})[value] = None
    return {key: " | ".join(values) for key, values in found.items()}


def _header(parts: Sequence[Part], ledger: Ledger, red: Sequence[str]) -> RunFacts:
    runs = [one.ledger["run"] for one in parts]
    failed = any(test["outcome"] in BAD for test in ledger.tests)
    started = min(one.get("started", "") for one in runs)
    return {
        "id": " + ".join(one.get("id", "") for one in runs),
        "started": started,
        # They ran side by side: it took as long as the longest.
        "seconds": max(one.get("seconds", 0.0) for one in runs),
        "exit_status": _FAILED if failed or red else _PASSED,
        "workers": sum(max(1, one.get("workers", 0)) for one in runs),
        "platform": " | ".join(dict.fromkeys(one.get("platform", "") for one in runs)),
        "versions": _shared([one.get("versions", {}) for one in runs]),
        "revision": runs[0].get("revision", ""),
        **({"picked": True} if any(one.get("picked") for one in runs) else {}),
    }


def _list(names: Sequence[str]) -> str:
    shown = [printable(one) for one in names[:_NAMED]]
    more = [f"and {len(names) - _NAMED} more"] if len(names) > _NAMED else []
    return ", ".join([*shown, *more])
