"""The cascade: what wins, where it came from, and which boards a run gets."""

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import pytest_karatos
from pytest_karatos.errors import BadSetting, UnknownName
from pytest_karatos.settings import Settings, explain, load, request, schema
from pytest_karatos.settings.keys import KEYS
from pytest_karatos.settings.sizes import size

RESOURCES = Path(pytest_karatos.__file__).parent / "resources"

OWN_FILE = """\
[build]
command = "make BOARD={board} PROFILE={profile} F={features}"
elf = "out/{arch}/*.elf"
builder = "local"
memory = "2 GiB"
env = { LANG = "C", FEATURES = "{features}" }

[console]
silence = 2
faults = ["Oops"]

[boards.microbit]
arch = "arm"
qemu = ["-machine", "microbit"]
console = "semihosting"
regions.flash = { start = 0, size = "256 KB" }
regions.ram = { start = "0x2000_0000", size = "16K" }

[budget.arm]
flash = "24 KiB"
[budget.microbit.release]
ram = 8192

[[dialects.mine]]
kind = "run"
pattern = "RUN (?P<task>\\\\w+)"
"""

# The shape that karatOS's own file has.
TREE_FILE = """\
[build]
log_file = "build.log"
qemu_timeout = 12

[targets.arm]
triple = "thumbv7em-none-eabi"
rustflags = ["-C", "linker=rust-lld"]

[boards.arm_lm3s6965]
name = "LM3S6965EVB"
arch = "arm"
qemu_machine = "lm3s6965evb"
memory = { flash_start = "0x00000000", flash_size = "0x00020000" }

[boards.arm_second]
arch = "arm"
qemu_machine = "mps2-an385"

[qemu.arm_lm3s6965]
command = "qemu-system-arm"
args = ["-M", "lm3s6965evb", "-nographic", "-semihosting-config", "enable=on", "-serial", "stdio"]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path


def made(
    root: Path, toml: str = "", environ: Mapping[str, str] | None = None, **typed: object
) -> Settings:
    if toml:
        (root / "karatos.toml").write_text(toml)
    return load(root=root, environ=environ or {}, typed=typed)


def with_tree(root: Path, text: str = TREE_FILE) -> Path:
    place = root / "build/configs/global.toml"
    place.parent.mkdir(parents=True)
    place.write_text(text)
    return root


def names(found: Settings) -> list[str]:
    return [board.name for board in found.chosen]


def test_nothing_at_all_is_enough(root: Path) -> None:
    found = made(root)
    assert names(found) == ["lm3s6965evb", "virt"]
    assert [board.id for board in found.chosen] == ["arm", "riscv"]
    assert found.source == root
    assert found.profiles == ("debug",)
    assert found.origins["build.command"] == "default"


def test_own_file_is_read_with_lines(root: Path) -> None:
    found = made(root, OWN_FILE)
    assert found.limits.memory_bytes == 2 * 1024**3
    assert found.rules.faults == ("Oops",)
    assert found.origins["build.builder"] == "karatos.toml:4"
    assert found.origins["build.env.LANG"] == "karatos.toml:6"
    assert found.origins["boards.microbit.regions.flash.size"] == "karatos.toml:16"
    assert [(one.metric, one.limit_bytes, one.arch, one.profile, one.origin)
            for one in found.budgets] == [
        ("flash", 24576, "arm", "", "karatos.toml:20"),
        ("ram", 8192, "microbit", "release", "karatos.toml:22"),
    ]  # fmt: skip
    assert found.dialects[-1].rules[0].pattern == r"RUN (?P<task>\w+)"


def test_a_new_board_is_only_data(root: Path) -> None:
    found = made(root, OWN_FILE, board=["microbit"], arch=["arm"])
    first, second = found.chosen
    assert (first.id, second.id) == ("arm", "arm-microbit")
    assert second.semihosting
    assert (second.triple, second.emulator) == ("thumbv7m-none-eabi", "qemu-system-arm")
    assert [(one.start, one.size_bytes) for one in second.regions] == [
        (0, 256000), (0x20000000, 16384)]  # fmt: skip
    assert names(made(root, board=["microbit"])) == ["microbit"]


def test_default_can_be_taken_over(root: Path) -> None:
    found = made(root, '[boards.nice]\narch = "arm"\ndefault = true', arch="arm")
    assert [(one.name, one.id) for one in found.chosen] == [("nice", "arm")]


def test_each_source_wins_over_the_one_below(root: Path) -> None:
    with_tree(root)
    seen = [made(root)]
    seen.append(made(root, "[emulator]\ntimeout = 13"))
    seen.append(made(root, environ={"KARATOS_TIMEOUT": "14"}))
    seen.append(made(root, environ={"KARATOS_TIMEOUT": "14"}, karatos_timeout="15"))
    seen.append(made(root, karatos_timeout="15", timeout=16.0))
    assert [(one.timeout_seconds, one.origins["emulator.timeout"]) for one in seen] == [
        (12, "build/configs/global.toml:3"),
        (13, "karatos.toml:2"),
        (14, "KARATOS_TIMEOUT"),
        (15, "ini karatos_timeout"),
        (16, "--karatos-timeout"),
    ]


def test_tree_file_merges_into_the_packaged_board(root: Path) -> None:
    found = made(with_tree(root))
    known = {board.name: board for board in found.boards}
    board = known["lm3s6965evb"]
    assert names(found) == ["lm3s6965evb"]  # the tree has no riscv board
    assert board.build_name == "lm3s6965"
    assert board.machine == ("-machine", "lm3s6965evb", "-cpu", "cortex-m3")
    assert board.triple == "thumbv7em-none-eabi"
    assert board.regions[0].size_bytes == 0x20000
    assert board.regions[1].size_bytes == 0x10000
    assert known["second"].machine == ("-machine", "mps2-an385")
    assert not known["second"].default


def test_the_tree_is_found_through_any_source(root: Path) -> None:
    with_tree(root / "fw")
    for found in (
        made(root, '[build]\nsource = "fw"'),
        made(root, "[build]\n", environ={"KARATOS_SOURCE": "fw"}),
        made(root, source=root / "fw"),
    ):
        assert (found.source, found.timeout_seconds) == (root / "fw", 12)


def test_pyproject_is_read_too_but_not_both(root: Path) -> None:
    (root / "pyproject.toml").write_text('[project]\nname = "x"\n[tool.karatos.build]\npids = 9\n')
    found = made(root)
    assert (found.limits.pids, found.origins["build.pids"]) == (9, "pyproject.toml:4")
    with pytest.raises(BadSetting, match=r"pyproject.toml:3: settings stand in karatos.toml and"):
        made(root, "[build]\n")


def test_a_named_file_replaces_the_found_one(root: Path) -> None:
    (root / "sub").mkdir()
    (root / "sub/other.toml").write_text('[build]\nsource = "tree"')
    found = made(root, "[build]\npids = 9", config="sub/other.toml")
    assert (found.limits.pids, found.source) == (512, root / "sub/tree")
    with pytest.raises(BadSetting, match="--karatos-config: there is no settings file"):
        made(root, config="nope.toml")


def test_an_image_is_a_folder_or_a_name(root: Path) -> None:
    (root / "mine").mkdir()
    (root / "mine/Dockerfile").touch()
    assert made(root).image == ""
    assert made(root, image="docker/").image == f"{root}/docker/"
    assert made(root, image="mine").image == f"{root}/mine/"
    assert made(root, image="rust:1.96").image == "rust:1.96"
    assert made(root, "[toolchain]\nimage = 'me/rust'").image == "me/rust"
    assert made(root).origins["build.image"] == "karatos.toml:2"


def test_byte_order_is_the_targets(root: Path) -> None:
    found = made(root, "[targets.arm]\nelf_endian = 'big'", arch="arm")
    assert found.chosen[0].elf_endian == "big"


def test_prebuilt_elves(root: Path) -> None:
    assert made(root, elf=["arm=a.elf", "virt=/b"]).prebuilt == {
        "arm": root / "a.elf", "virt": Path("/b")}  # fmt: skip
    assert made(root, environ={"KARATOS_ELF": "arm=x,riscv=y"}).prebuilt.keys() == {"arm", "riscv"}
    with pytest.raises(BadSetting, match=r"'a\.elf' is not NAME=PATH"):
        made(root, elf=["a.elf"])
    with pytest.raises(UnknownName, match=r"unknown arch or board 'amr'\. Did you mean 'arm'"):
        made(root, elf=["amr=a.elf"])


@pytest.mark.parametrize(
    ("arch", "chosen"),
    [
        (["riscv"], ["virt"]),
        (["riscv,arm"], ["lm3s6965evb", "virt"]),
        (["riscv", "riscv"], ["virt"]),
        ("all", ["lm3s6965evb", "virt"]),
    ],
)
def test_arch_chooses(root: Path, arch: object, chosen: list[str]) -> None:
    assert names(made(root, arch=arch)) == chosen


def test_wrong_arch_is_one_sentence(root: Path) -> None:
    with pytest.raises(UnknownName) as caught:
        made(root, arch=["amr"])
    assert str(caught.value) == (
        "--arch: no board has arch 'amr'. Did you mean 'arm'? Known: arm, riscv."
    )
    with pytest.raises(UnknownName, match="It is a board: --karatos-board=virt"):
        made(root, arch="virt")
    with pytest.raises(UnknownName, match="--karatos-board: unknown board 'vrit'"):
        made(root, board=["vrit"])


def test_environment_slips_are_found_but_foreign_names_are_not_ours(root: Path) -> None:
    made(root, environ={"KARATOS_FANCY": "1", "KARATOS_BUILD_ID": "7", "KARATOS_ARCH": ""})
    for slip in ("KARATOS_BUIDLER", "KARATOS_BUILDR", "KARATOS_SOURCES", "KARATOS_ARHC"):
        with pytest.raises(BadSetting, match=f"{slip}: unknown environment variable. Did you mean"):
            made(root, environ={slip: "x"})


def test_request_renders_and_sorts_features(root: Path) -> None:
    found = made(with_tree(root), OWN_FILE)
    asked = request(found, found.chosen[0], "release", ["b", "a", "a"])
    assert asked.command == "make BOARD=lm3s6965 PROFILE=release F=a,b"
    assert asked.elf == "out/arm/*.elf"
    assert asked.env == (("FEATURES", "a,b"), ("LANG", "C"))
    assert asked.features == ("a", "b")


def test_request_leaves_the_shell_its_braces(root: Path) -> None:
    found = made(root, "[build]\ncommand = 'echo ${arch} {{arch}} {arch} ${HOME} {features}'")
    asked = request(found, found.chosen[0], "debug", ["a;b"])
    assert asked.command == "echo ${arch} {arch} arm ${HOME} 'a;b'"


@pytest.mark.parametrize(
    ("toml", "features", "said"),
    [
        ("", ["x"], "has no {features}, so it cannot build with x"),
        ("command = 'm {bord}'", [], "karatos.toml:2: build.command has the unknown placeholder"),
        ("command = 'm {bord}'", [], "Did you mean 'board'?"),
        ("elf = '/abs'", [], "karatos.toml:2: build.elf '/abs' leaves the firmware's tree"),
        ("elf = 'a/../../x'", [], "leaves the firmware's tree"),
    ],
)
def test_request_refuses(root: Path, toml: str, features: list[str], said: str) -> None:
    found = made(root, f"[build]\n{toml}")
    with pytest.raises(BadSetting, match=re.escape(said)):
        request(found, found.chosen[0], "debug", features)


def test_explain_shows_every_value_with_its_origin(root: Path) -> None:
    found = made(root, OWN_FILE, arch="arm")
    rows = {key: (value, origin) for key, value, origin in explain(found)}
    assert rows["build.memory"] == ("2 GiB", "karatos.toml:5")
    assert rows["run.arch"] == ("'arm'", "--arch")
    assert rows["boards.microbit.regions.ram.start"] == ("0x20000000", "karatos.toml:17")
    assert rows.keys() == found.origins.keys()


def test_schema_file_is_up_to_date() -> None:
    # After a change: python -c "import json; from pytest_karatos.settings import schema;
    # print(json.dumps(schema(), indent=2))" > pytest_karatos/resources/karatos.schema.json
    assert json.loads((RESOURCES / "karatos.schema.json").read_text()) == schema()


def test_every_default_passes_its_own_check() -> None:
    for key in KEYS:
        if key.default is not None and key.name != "boards.*.qemu":
            assert key.kind.check(key.default) == key.default


def test_keys_do_not_share_words() -> None:
    for words in ([key.env for key in KEYS], [key.typed for key in KEYS]):
        spoken = [word for word in words if word]
        assert len(spoken) == len(set(spoken))


def test_a_healthy_banner_is_no_fault(root: Path) -> None:
    banner = (
        "HardFault handler installed\n🚨 CRITICAL task started\npanic hook set\nkernel panic=off"
    )
    assert not [text for text in made(root).rules.faults if text in banner]


@pytest.mark.parametrize("line", ["@12 panic task=a", "@12 fault kind=hard", "panicked at x.rs:1"])
def test_a_crash_is_a_fault(root: Path, line: str) -> None:
    assert any(text in line for text in made(root).rules.faults)


def test_loading_is_quick(root: Path) -> None:
    with_tree(root)
    made(root, OWN_FILE)
    took = []
    for _ in range(10):
        start = time.perf_counter()
        made(root)
        took.append(time.perf_counter() - start)
    assert min(took) < 0.010


@given(st.integers(min_value=1, max_value=2**62))
def test_sizes_agree_with_their_numbers(number: int) -> None:
    assert size(number) == size(str(number)) == size(hex(number))


_WORDS = st.sampled_from(
    [part for key in KEYS for part in key.path if part != "*"] + ["x", '"a.b"', "''", "arm"]
)
_VALUES = st.sampled_from(
    ["1", "-1", "0", "1.5", "nan", "inf", "true", '""', '"x"', '"24 KiB"', "[]", '["a"]', "[1]",
     "{}", "{ x = 1 }", "1979-05-27", '"\\u0000"', "99999999999999999999", '[{ kind = "a" }]',
     '[{ kind = "a", pattern = "(" }]', '"{arch"', '"../.."']
)  # fmt: skip
_LINES = st.one_of(
    st.tuples(st.lists(_WORDS, min_size=1, max_size=4), _VALUES).map(
        lambda pair: f"{'.'.join(pair[0])} = {pair[1]}"
    ),
    st.lists(_WORDS, min_size=1, max_size=4).map(lambda words: f"[{'.'.join(words)}]"),
)
_ANY_TOML = st.one_of(
    st.lists(_LINES, max_size=8).map("\n".join).map(str.encode),
    st.text().map(lambda text: text.encode(errors="replace")),
    st.binary(),
)


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_ANY_TOML)
def test_any_text_loads_or_says_why(root: Path, text: bytes) -> None:
    (root / "karatos.toml").write_bytes(text)
    try:
        explain(load(root=root, environ={}, typed={}))
    except (BadSetting, UnknownName) as no:
        assert "\x00" not in str(no)  # noqa: PT017 - either outcome is right


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_ANY_TOML)
def test_any_tree_file_loads_or_says_why(root: Path, text: bytes) -> None:
    (root / "build/configs").mkdir(parents=True, exist_ok=True)
    (root / "build/configs/global.toml").write_bytes(text)
    try:
        load(root=root, environ={}, typed={})
    except BadSetting as no:
        assert str(no).startswith("build/configs/global.toml")  # noqa: PT017 - as above
