"""The table of settings: checks, environment, options, reference and schema are made of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from pytest_karatos.choices import AUTO, DEBUG, KERNEL, KINDS, LITTLE, NEVER, OFF, QEMU, SERIAL
from pytest_karatos.measurement import METRICS
from pytest_karatos.settings import kinds
from pytest_karatos.settings.kinds import Kind

#: What a tree holds for its tests, and what they write there: edited or written, no build is due.
NOT_SOURCES = (
    *("test_*.py", "conftest.py", "pytest.ini", "karatos.toml"),
    *("report*.html", "karatos*.json", "junit*.xml", ".coverage", ".coverage.*"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Key:
    """One setting. In ``name`` a ``*`` stands for any name (a board's, an arch's).

    ``typed`` is its word in what the command line hands over; ``karatos_<typed>`` is the ini key.
    ``same_as`` names the key that this is another spelling of. ``per_board`` is the key under
    ``boards.*`` that says the same for one board; ``per_test`` tells whether the marker can vary it
    for one test, which changes nothing of what is built.
    """

    name: str
    kind: Kind
    help: str
    default: object = None
    typed: str = ""
    env: str = ""
    same_as: str = ""
    per_board: str = ""
    per_test: bool = False
    #: The key under ``firmware.*`` that says the same for one firmware.
    per_firmware: str = ""
    #: The only kind of board that has it; empty: every kind.
    only: str = ""

    @property
    def word(self) -> str:
        """The last part of the name, which is the marker's word too."""
        return self.path[-1]

    @property
    def field(self) -> str:
        """The name of its field in a record: the word with its unit.

        >>> from pytest_karatos.settings.lookup import by_name
        >>> by_name()["console.silence"].field, by_name()["console.total"].field
        ('silence_seconds', 'total_bytes')
        """
        return f"{self.word}_{self.kind.unit}" if self.kind.unit else self.word

    @property
    def path(self) -> tuple[str, ...]:
        """The name's parts."""
        return tuple(self.name.split("."))

    @property
    def flag(self) -> str:
        """The option that sets it, or nothing."""
        if not self.typed:
            return ""
        return "--arch" if self.typed == "arch" else f"--karatos-{self.typed.replace('_', '-')}"

    @property
    def in_file(self) -> bool:
        """Whether a settings file may hold it."""
        return self.name not in {"config", "run.shard", "baseline.update", "baseline.reason"}


def _key(name: str, kind: Kind, default: object, text: str, typed: str = "", **more: str) -> Key:
    env = more.get("env", f"KARATOS_{typed.upper()}" if typed else "")
    same = more.get("same_as", "")
    return Key(name=name, kind=kind, help=text, default=default, typed=typed, env=env, same_as=same)


def _build_key(name: str, kind: Kind, default: object, text: str, **more: str) -> Key:
    """Make a key of the build recipe, which each board can say otherwise."""
    key = _key(f"build.{name}", kind, default, text, **more)
    # Of the two that are called timeout a firmware's is that of the console, as a test's is.
    word = "build_timeout" if name == "timeout" else name
    return replace(key, per_board=f"boards.*.build.{name}", per_firmware=f"firmware.*.{word}")


def _console_key(name: str, kind: Kind, default: object, text: str, typed: str = "") -> Key:
    """Make a key of the console, which each board, and each test, can say otherwise."""
    key = _key(f"console.{name}", kind, default, text, typed)
    return replace(
        key, per_board=f"boards.*.{name}", per_test=True, per_firmware=f"firmware.*.{name}"
    )


def _emulator_key(name: str, kind: Kind, default: object, text: str) -> Key:
    """Make a key of the emulator that each board can say otherwise."""
    key = _key(f"emulator.{name}", kind, default, text)
    return replace(key, per_board=f"boards.*.{name}")


def _budget_keys(table: str, profiles: str) -> Iterator[Key]:
    """Make the keys of a table of limits: each metric, and a figure of any other name."""
    for one in METRICS:
        kind = kinds.SIZE if one.unit == "B" else kinds.LIMIT
        yield _key(f"{table}.{one.name}", kind, None, f"limit in {profiles}: {one.about}")
    yield _key(f"{table}.*", kinds.LIMIT, None, f"limit in {profiles}: a figure of your hook")


_PLACES = (
    "{arch} {profile} {cargo_profile} {board} {triple} {features} {firmware} {binary} {revision}"
)
_READY = "what the firmware prints when it takes input; waited for before the first is typed"
_PROMPT = "what a shell prints when it waits for a command: a text, or a regular expression"
_ECHO = "whether the shell prints back what is typed; `command` then leaves that out"
_RESETS = "times the firmware may reset itself in a test that typed nothing to ask for it"
_BOOTS = "times that each test which boots does so, all of it, for one verdict"
_VARY = "what is different in each boot: what a failure of several boots says, to have one again"
_SHARD = "the part of the tests that this machine runs: 2/5, or auto/5 where a cluster tells it"
_EXPLORE = "run each test that boots under many timings: 'all', functions or files; 'off' for none"
_FILTER = "program and arguments that turn the console's bytes into text (defmt); {elf} is the ELF"
_PACKAGED = "whether what known systems print when they crash means a crash too"
_PROCESSOR = "whether a processor in a fault or a panic at a test's end is a failure too"
_SPEAKS = "whether a test fails that took nothing of its machine, whose firmware said nothing"
_EXIT = f"how a machine ends when all is well: an exit status or '{NEVER}'"
_CONTAINED = "whether the emulator is held to its boot's files, whatever the firmware asks for"
_INJECT = "whether tests may write a machine's memory, flip its bits and raise its interrupts"
_FILES = "whether semihosting may make and open files, in a private folder of each boot"
_EXCLUDE = "more files of the tree that no build reads: patterns for names, or, with a '/', paths"
_EXCLUDE_PACKAGED = f"whether these are none either: {' '.join(NOT_SOURCES)}"
_SEEN = "more variables that builds see of the environment: names, or patterns for them"
_TRACE = "whether a local build is watched for the programs that it runs"
_HISTORY = "whether a build may ask git for commit, tags and changes; then they are in its key"
_FIRMWARES = "firmwares of tests that name none, by the names of [firmware.NAME]"
_COVERAGE = "whether it is noted which lines of the firmware the tests execute"
_BRANCHES = "whether it is told too which conditional branches were taken; boots are slower"
_LEAST_BRANCHES = "least percentage of the branches' ways; red below it; means `branches`"
_LINES = "whether an ELF without line tables is built again with them; with coverage it is"
_WITH_LINES = "NAME=VALUE: variables of a build that gives its ELF line tables; empty for never"
_CARGO_LINES = "CARGO_PROFILE_RELEASE_DEBUG=line-tables-only"
_ROOTS = "folders that prebuilt ELFs were built in, whose files are those of the tree"
_UNCOUNTED = "files of the tree that do not count: patterns for their paths in it"
_ALLOW_NONE = "whether a run with --arch may succeed although no test in it used a board"
_GENERAL: tuple[Key, ...] = (
    _key("config", kinds.PATH, None, "the settings file, instead of karatos.toml", "config"),
    _key("run.arch", kinds.TEXTS, None, "archs to test: names or 'all'; all by default", "arch"),
    _key("run.board", kinds.NAMES, None, "further boards, by name", "board"),
    _key("run.firmware", kinds.NAMES, None, _FIRMWARES, "firmware"),
    _key("run.binary", kinds.TEXTS, None, "only these binaries: names, or patterns", "binary"),
    replace(
        _key("run.expect_exit", kinds.EXIT, None, _EXIT),
        per_board="boards.*.expect_exit",
        per_test=True,
        per_firmware="firmware.*.expect_exit",
    ),
    _key("run.boots", kinds.WHOLE, 1, _BOOTS, "boots"),
    _key("run.vary", kinds.ANY_TEXT, "", _VARY, "vary"),
    _key("run.explore", kinds.EXPLORED, "", _EXPLORE, "explore"),
    _key("run.allow_none", kinds.FLAG, False, _ALLOW_NONE, "allow_none"),
    _key("run.shard", kinds.TEXT, None, _SHARD, "shard"),
    _key("run.coverage", kinds.FLAG, False, _COVERAGE, "coverage"),
    _key("run.line_tables", kinds.FLAG, False, _LINES, "line_tables"),
    _key("build.source", kinds.PATH, ".", "the firmware's tree", "source"),
    _build_key(
        "command",
        kinds.STEPS,
        ("./build.sh {arch} {profile}",),
        f"shell command, or several in turn, that build one board; placeholders {_PLACES}",
        env="KARATOS_COMMAND",
    ),
    _build_key("folder", kinds.FOLDER, None, "where in the tree the command starts, if not on top"),
    _build_key("exclude", kinds.TEXTS, (), _EXCLUDE),
    _build_key("exclude_packaged", kinds.FLAG, True, _EXCLUDE_PACKAGED),
    _build_key("pass_env", kinds.TEXTS, (), _SEEN),
    _build_key("trace", kinds.FLAG, True, _TRACE),
    _build_key("git", kinds.FLAG, False, _HISTORY),
    _build_key(
        "network",
        kinds.FLAG,
        True,
        "whether a build in a container reaches the network, for crates say",
        env="KARATOS_NETWORK",
    ),
    _build_key("exclusive", kinds.FLAG, False, "whether only one build may run on this machine"),
    _build_key(
        "elf",
        kinds.TEXT,
        "target/{triple}/{profile}/kernel",
        "where the ELF is then, a path or glob in the tree; the same placeholders",
    ),
    _build_key(
        "map",
        kinds.ANY_TEXT,
        "",
        "where the linker's map is then, likewise; kept beside the ELF, none if ''",
    ),
    _key("build.builder", kinds.BUILDER, AUTO, "where firmware is built", "builder"),
    _key(
        "build.image",
        kinds.IMAGE,
        "",
        "an image name or a Dockerfile's folder; ours if ''",
        "image",
    ),
    _key("toolchain.image", kinds.IMAGE, None, "another spelling", same_as="build.image"),
    _key("toolchain.targets", kinds.TRIPLES, (), "more Rust targets that the image gets"),
    _key("toolchain.packages", kinds.PACKAGES, (), "Debian packages that the image gets"),
    _build_key("env.*", kinds.ANY_TEXT, None, "environment of the build; placeholders as above"),
    _key("build.profiles", kinds.NAMES, (DEBUG,), "profiles to build and test", "profile"),
    _key("build.prebuilt.*", kinds.PATH, None, "an ELF to take for this arch or board", "elf"),
    _build_key(
        "timeout", kinds.SECONDS, 600.0, "seconds for one build", env="KARATOS_BUILD_TIMEOUT"
    ),
    _key("build.line_tables", kinds.TEXTS, (_CARGO_LINES,), _WITH_LINES),
    _key("build.memory", kinds.SIZE, 4 * 1024**3, "memory of a build", env="KARATOS_MEMORY"),
    _key("build.cpus", kinds.NUMBER, 2.0, "processors of a build", env="KARATOS_CPUS"),
    _key(
        "build.jobs",
        kinds.WHOLE,
        None,
        "builds at once on this machine; as many as there are processors by default",
        env="KARATOS_BUILD_JOBS",
    ),
    _key("build.pids", kinds.WHOLE, 512, "processes of a build"),
    _key("emulator.launcher", kinds.LAUNCHER, AUTO, "where emulators run", "launcher"),
    replace(_emulator_key("inject", kinds.FLAG, False, _INJECT), per_test=True),
    _emulator_key("contained", kinds.FLAG, True, _CONTAINED),
    _emulator_key("readable", kinds.PATHS, (), "what a contained emulator may read, and run, too"),
    _emulator_key("writable", kinds.PATHS, (), "what a contained emulator may write, too"),
    _console_key("timeout", kinds.SECONDS, 30.0, "seconds that a wait may take", "timeout"),
    _console_key("faults", kinds.TEXTS, (), "more texts that mean a crash wherever they appear"),
    _console_key("faults_packaged", kinds.FLAG, True, _PACKAGED),
    _console_key("processor_faults", kinds.FLAG, True, _PROCESSOR),
    _console_key("speaks", kinds.FLAG, True, _SPEAKS),
    _console_key("settle", kinds.SECONDS, 0.1, "guest seconds that are judged behind a test's end"),
    _console_key("silence", kinds.SECONDS, 5.0, "seconds without a byte that mean: silent"),
    _console_key("repeats", kinds.WHOLE, 200, "times the same block may come in succession"),
    _console_key("restarts", kinds.WHOLE, 3, "times the boot text may come again"),
    _console_key("expect_resets", kinds.COUNT, 0, _RESETS),
    _console_key("boot_text", kinds.ANY_TEXT, "", "what a boot prints first; the first line if ''"),
    _console_key("total", kinds.SIZE, 64 * 1024**2, "output of one boot"),
    _console_key("line", kinds.SIZE, 64 * 1024, "length of one line"),
    _console_key("newline", kinds.ANY_TEXT, "\n", "what sendline ends a line with"),
    _console_key("ready", kinds.ANY_TEXT, "", _READY),
    _console_key("prompt", kinds.PROMPT, "", _PROMPT),
    _console_key("echo", kinds.FLAG, True, _ECHO),
    _console_key("filter", kinds.TEXTS, (), _FILTER),
    _console_key("dialect", kinds.TEXT, AUTO, "how the scheduler's lines are read"),
)


def _only(kind: str, *keys: Key) -> tuple[Key, ...]:
    """Keep ``keys`` to boards of one kind."""
    return tuple(replace(key, only=kind) for key in keys)


_FLASH = "{elf}, {port} and {baud} are put in"
_BOARDS: tuple[Key, ...] = (
    _key("boards.*.arch", kinds.TEXT, None, "the board's arch, a name under [targets]"),
    _key("boards.*.triple", kinds.ANY_TEXT, None, "compiler triple, if not the target's"),
    _key("boards.*.elf_bits", kinds.BITS, None, "class of the ELF, if not the target's"),
    _key("boards.*.build_name", kinds.TEXT, None, "the board's name in the build command"),
    _key("boards.*.kind", kinds.TEXT, QEMU, f"what it runs on: {KINDS}, or one of a hook"),
    *_only(
        QEMU,
        _key("boards.*.emulator", kinds.TEXT, None, "QEMU program, if not the target's"),
        _key("boards.*.qemu", kinds.TEXTS, (), "QEMU arguments that make the board"),
        replace(
            _key("boards.*.console", kinds.CONSOLE, "uart0", "which line is the console"),
            per_test=True,
        ),
        _key("boards.*.semihosting", kinds.FLAG, None, "whether the CPU may use semihosting"),
        _key("boards.*.semihosting_files", kinds.FLAG, False, _FILES),
        _key("boards.*.loader", kinds.LOADER, KERNEL, "how QEMU gets the ELF"),
        replace(
            _key("boards.*.icount", kinds.TEXT, "shift=5,sleep=off", f"QEMU -icount, or '{OFF}'"),
            per_test=True,
        ),
    ),
    *_only(
        SERIAL,
        _key("boards.*.port", kinds.TEXT, None, "serial port, as /dev/ttyACM0"),
        _key("boards.*.baud", kinds.WHOLE, 115200, "its speed"),
        _key("boards.*.flash", kinds.TEXTS, None, f"command that flashes; {_FLASH}"),
        _key("boards.*.reset", kinds.TEXTS, (), "command that resets the board; likewise"),
        _key("boards.*.flash_timeout", kinds.SECONDS, 120.0, "seconds for each of the two"),
    ),
    _key("boards.*.options.*", kinds.ANY_TEXT, None, "what an emulator of your own is told"),
    _key("boards.*.default", kinds.FLAG, None, "whether the arch alone means this board"),
    _key("boards.*.regions.*.start", kinds.ADDRESS, None, "first address"),
    _key("boards.*.regions.*.size", kinds.SIZE, None, "length"),
)
#: What a general key says can be said for one board, by the same kind.
_OWN: tuple[Key, ...] = tuple(
    Key(name=key.per_board, kind=key.kind, help=f"this board's {key.name.removesuffix('.*')}")
    for key in _GENERAL
    if key.per_board
)
_REMOTE = "where machines share what they built: file:///folder, s3://bucket/prefix; none if ''"
_SEND = "whether what is built here is added to what they share"
_EXPECTED = "where in the tree the expected output of each is, with {binary} in the path"
_BINARIES = "the binaries that one build makes: names, or the files that tell them, with {binary}"
#: What general keys say can be said for one firmware, by the same kind; and what only that has.
_FIRMWARE: tuple[Key, ...] = (
    *(
        Key(name=key.per_firmware, kind=key.kind, help=f"its {key.name.removesuffix('.*')}")
        for key in _GENERAL
        if key.per_firmware
    ),
    _key("firmware.*.features", kinds.TEXTS, (), "features that it is built with"),
    _key("firmware.*.arch", kinds.TEXTS, (), "the archs that it is for; all by default"),
    _key("firmware.*.board", kinds.NAMES, None, "the boards that it is for; all by default"),
    _key("firmware.*.binaries", kinds.STEPS, None, _BINARIES),
    _key("firmware.*.expected", kinds.FOLDER, None, _EXPECTED),
    _key("firmware.*.prebuilt", kinds.PATH, None, "an ELF to take for it, maybe with {binary}"),
)
_REASON = "why figures may be worse than before: it stays in the baseline, beside each of them"
_BASELINE: tuple[Key, ...] = (
    _key("baseline.file", kinds.PATH, "karatos-baseline.json", "where accepted figures are kept"),
    _key("baseline.symbols", kinds.FLAG, True, "whether the bytes of symbols are kept beside it"),
    _key(
        "baseline.update",
        kinds.FLAG,
        False,
        "pin what is better than the baseline; with a reason, what is worse too",
        "update_baseline",
    ),
    _key("baseline.reason", kinds.TEXT, None, _REASON, "baseline_reason"),
    *(
        _key(f"baseline.{one.name}", kinds.ALLOWANCE, None, f"how much more {one.name} may be")
        for one in METRICS
    ),
    _key("baseline.*", kinds.ALLOWANCE, None, "how much more a figure of your hook may be"),
)
_REST: tuple[Key, ...] = (
    _key("targets.*.triple", kinds.ANY_TEXT, "", "compiler triple"),
    _key("targets.*.emulator", kinds.TEXT, None, "QEMU program"),
    _key("targets.*.elf_machine", kinds.TEXT, None, "e_machine without EM_, as ARM or RISCV"),
    _key("targets.*.elf_bits", kinds.BITS, 32, "class of the ELF"),
    _key("targets.*.elf_endian", kinds.ENDIAN, LITTLE, "byte order of the ELF"),
    *_budget_keys("budget.*", "every profile"),
    *_budget_keys("budget.*.*", "one profile"),
    *(_key(f"dialects.*{word}", kind, None, about) for word, kind, about in kinds.DIALECT),
    _key("coverage.fail_under", kinds.PERCENT, None, "least percentage of lines; red below it"),
    _key("coverage.branches", kinds.FLAG, False, _BRANCHES),
    _key("coverage.fail_under_branches", kinds.PERCENT, None, _LEAST_BRANCHES),
    _key("coverage.roots", kinds.PATHS, (), _ROOTS),
    _key("coverage.exclude", kinds.TEXTS, (), _UNCOUNTED),
    _key("cache.folder", kinds.PATH, None, "where built firmware is kept", env="KARATOS_CACHE"),
    _key("cache.size", kinds.SIZE, 2 * 1024**3, "room it may take", env="KARATOS_CACHE_SIZE"),
    _key("cache.remote", kinds.ANY_TEXT, "", _REMOTE, env="KARATOS_CACHE_REMOTE"),
    _key("cache.send", kinds.FLAG, True, _SEND, env="KARATOS_CACHE_SEND"),
    _key(
        "cache.trees",
        kinds.SIZE,
        8 * 1024**3,
        "room that the private copies of trees may take, in which firmware is built",
        env="KARATOS_CACHE_TREES",
    ),
    _key("artifacts.folder", kinds.PATH, ".karatos", "where logs are kept", "artifacts"),
    _key("artifacts.history", kinds.PATH, None, "the file of all runs' figures", "history"),
    _key("artifacts.json", kinds.PATH, None, "write the ledger there", "json"),
)
KEYS: tuple[Key, ...] = (*_GENERAL, *_FIRMWARE, *_BOARDS, *_OWN, *_REST, *_BASELINE)

#: What was called otherwise before -> what it is called now.
RENAMED: Mapping[str, str] = {
    "build.serial": "build.exclusive",
    "emulator.timeout": "console.timeout",
    "emulator.use": "emulator.launcher",
    "KARATOS_EMULATOR": "KARATOS_LAUNCHER",
}

#: The words by which options, and :meth:`pytest_karatos.Bench.here`, hand settings over.
OPTION_WORDS = frozenset(key.typed for key in KEYS if key.typed)
