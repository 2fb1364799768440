"""The shape of the ledger: what each of its records holds, all of them plain values.

``resources/ledger.schema.json`` says the same to readers of the JSON.
"""

from typing import Any, NotRequired, TypedDict

from pytest_karatos.emulators.facts import MachineFacts


class MeasurementFacts(TypedDict):
    """A figure in its ``unit``.

    ``limit`` is the lowest that somebody set, None without one, and ``limit_origin`` where;
    ``room`` is the most that the board can hold, None where nothing bounds it.
    """

    name: str
    value: float
    unit: str
    limit: float | None
    limit_origin: str
    room: float | None


class VerdictFacts(TypedDict):
    """What became of holding a figure against one limit; ``why`` is a sentence."""

    name: str
    value: float
    unit: str
    limit: float
    ok: bool
    why: str
    origin: str


class CoverageFacts(TypedDict):
    """How much of a target's code the tests executed; empty ``target``: of all together.

    ``branches`` are ways, two of each that is sure; 0 where nobody asked. ``page`` is the file that
    shows it line by line.
    """

    target: str
    lines: int
    covered: int
    functions: int
    covered_functions: int
    branches: int
    covered_branches: int
    unsure_branches: int
    page: str


class UnjudgedFacts(TypedDict):
    """A budget of which no test asked anything; ``why`` is a sentence."""

    name: str
    board: str
    profile: str
    origin: str
    why: str


class FirmwareFacts(TypedDict):
    """A built ELF: what it is, what was measured of it, how it was made (see ``Provenance``).

    ``warnings`` are sentences on what may not work on its board.
    """

    key: str
    board: str
    arch: str
    profile: str
    name: str
    binary: str
    build: str
    features: list[str]
    measurements: list[MeasurementFacts]
    build_seconds: float
    fresh: bool
    builder: str
    toolchain: str
    image: str
    revision: str
    command: str
    built_at: str
    elf: str
    warnings: list[str]


class LineFacts(TypedDict):
    """A line of a console log; ``seconds`` and ``tick`` are None when unknown.

    So are ``instructions`` and ``guest_seconds``, when it was printed by the guest's own measures:
    they are there where a test has asked.
    """

    number: int
    seconds: float | None
    instructions: int | None
    guest_seconds: float | None
    tick: int | None
    text: str
    mark: bool


class PlaceFacts(TypedDict):
    """What came out on another line than the console: its name, size and last lines."""

    name: str
    bytes: int
    lines: list[str]


class BootFacts(MachineFacts):
    """A boot: the machine's facts, what was measured of it, and an excerpt of its console.

    ``timeline`` is the file with the picture of its schedule, "" where it has none.
    """

    measurements: list[MeasurementFacts]
    log: list[LineFacts]
    elsewhere: list[PlaceFacts]
    timeline: NotRequired[str]


class BuildFacts(TypedDict):
    """A build that was run; ``by`` is the process that ran it.

    ``watched`` is whether the programs that it ran are known. ``changed`` are the first of the
    sources (or the one program) that changed since the build of it before, ``changes`` how many
    did; none for a first build.
    """

    title: str
    ok: bool
    seconds: float | None
    by: str
    watched: bool
    changed: list[str]
    changes: int


class TargetFacts(TypedDict):
    """A board and profile of the run."""

    board: str
    arch: str
    profile: str


class BoardFacts(TargetFacts):
    """A target's sum: how many tests ended how.

    ``firmwares`` are the keys of what speaks for it (not of variations by features), of which
    ``firmware`` is the first, or empty.
    """

    passed: int
    failed: int
    errors: int
    skipped: int
    xfailed: int
    xpassed: int
    firmware: str
    firmwares: list[str]
    verdict: str


class OriginFacts(TypedDict, total=False):
    """What a test runs on; empty for a test without a board. ``test`` is the id without target."""

    test: str
    target: str
    board: str
    arch: str
    profile: str


class CaseFacts(TypedDict):
    """A case of tests on the target: passed, failed, skipped or unfinished."""

    name: str
    state: str
    message: str


class ExploredFunctionFacts(TypedDict):
    """The explored points of a function in the order of their ``addresses``.

    ``states`` has a letter for each: ``g`` passed, ``r`` failed, ``o`` was not explored. ``notes``
    has by address why it was not, or the smallest timing that fails.
    """

    function: str
    states: str
    addresses: list[str]
    notes: dict[str, str]


class ExploredFacts(TypedDict):
    """What was explored of a test's timings; ``bound`` says in words what was not tried."""

    bound: str
    functions: list[ExploredFunctionFacts]


class ItemFacts(OriginFacts, total=False):
    """What our own tests add to a phase."""

    firmware: FirmwareFacts | None
    boots: list[BootFacts]
    measurements: list[MeasurementFacts]
    verdicts: list[VerdictFacts]
    figures: list[Any]
    tally: str
    explored: ExploredFacts
    cases: list[CaseFacts]


class Failure(TypedDict, total=False):
    """Why a phase was not green, and where."""

    message: str
    details: str
    file: str
    line: int | None


class Part(TypedDict, total=False):
    """What makes a phase that of a subtest: its name."""

    part: str


class _Phase(TypedDict):
    id: str
    when: str
    outcome: str
    seconds: float


class Phase(_Phase, ItemFacts, Failure, Part, total=False):
    """One phase of a test, or a subtest of it, as a worker reports it."""

    xfail: bool
    worker: str


class Explored(TypedDict, total=False):
    """What a test's record has besides where its timings were explored."""

    explored: ExploredFacts


class TestRecord(Explored):
    """One test: its phases folded together. ``firmware`` is a key of the ledger's, or empty.

    ``tally`` says how many of several boots have passed; then ``boots`` is one for each cause.
    """

    id: str
    test: str
    target: str
    board: str
    arch: str
    profile: str
    firmware: str
    outcome: str
    when: str
    seconds: float
    worker: str
    reruns: int
    tally: str
    message: str
    details: str
    file: str
    line: int | None
    boots: list[BootFacts]
    measurements: list[MeasurementFacts]
    verdicts: list[VerdictFacts]


class ShardFacts(TypedDict):
    """The part of the tests that a machine had: ``tests`` of ``all``, divided as ``plan`` names.

    ``with_board`` of all use a board; ``timed`` is of how many it was known how long they take.
    """

    number: int
    of: int
    tests: list[str]
    all: int
    with_board: int
    timed: int
    plan: str


class RunFacts(TypedDict, total=False):
    """The header: empty until the run is over.

    ``revision`` is that of the tree with the tests; ``shard`` is there where the run was a part;
    ``picked`` is true where tests were picked by hand, and others may have been left out.
    """

    id: str
    started: str
    seconds: float
    exit_status: int
    workers: int
    platform: str
    versions: dict[str, str]
    revision: str
    picked: bool
    shard: ShardFacts


class LedgerFacts(TypedDict):
    """The whole ledger, as ``--karatos-json`` writes it."""

    schema: int
    run: RunFacts
    settings: dict[str, str]
    builds: list[BuildFacts]
    firmwares: dict[str, FirmwareFacts]
    boards: list[BoardFacts]
    tests: list[TestRecord]
    unjudged: list[UnjudgedFacts]
    coverage: list[CoverageFacts]


#: What a template is handed; the templates are the ones who know its keys.
View = dict[str, Any]
