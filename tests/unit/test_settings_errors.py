"""What is wrong in a settings file is said with its file, line and likely cure."""

import re
from pathlib import Path

import pytest

from pytest_karatos.errors import BadSetting, Fixable
from pytest_karatos.settings import load
from pytest_karatos.settings.toml import lines_of

NESTED = (
    '''\
# comment with [brackets] and = signs
title.a = """
[not.a.header]
b = 1
"""
list = [
  { x = 1, y = [2, 3] },  # more
  { x = 2, z = 3 },
]
[ "quoted name" . b ] # end
'lit' = '''
    "'''x\n= 2'''"
    """
[[many]]
c = { d = { e = 1 }, f = 2 }
[[many]]
g = 1
"""
)

CASES = [
    ("[build]\n\ncomand = 'x'", "karatos.toml:3: unknown key 'comand' in [build]. Did you mean 'c"),
    ("[bulid]\ncommand = 'x'", "karatos.toml:1: unknown key 'bulid'. Did you mean 'build'?"),
    ("build = 3", "karatos.toml:1: build must be a table, not 3."),
    ("boards.x = 3", "karatos.toml:1: boards.x must be a table, not 3."),
    ("[build]\ntimeout = 'soon'", "karatos.toml:2: build.timeout must be a number of seconds abo"),
    ("[build]\ntimeout = true", "karatos.toml:2: build.timeout must be"),
    ("[build]\ntimeout = nan", "karatos.toml:2: build.timeout must be"),
    ("[build]\ncommand = ''", "karatos.toml:2: build.command must be a shell command, or"),
    ("[build]\nprofiles = ['../x']", "build.profiles must be a list of names"),
    ("[build]\nprofiles = 'debug'", "build.profiles must be a list of names"),
    (
        "[build]\nmemory = '4 GiBs'",
        "must be a size such as '24 KiB', '64 KB' or 4096, not '4 GiBs'",
    ),
    (
        "[build.env]\n'A=B' = 'x'",
        "karatos.toml:2: 'A=B' is not a valid name for an environment variable.",
    ),
    ("[boards.virt]\nconsole = 'uart'", "must be 'uart0' to 'uart9' or 'semihosting', not 'uart'"),
    ("[console]\nprompt = '.*'", "2: console.prompt must be a text, or a regular expression, that"),
    ('[console]\nprompt = "\\n> "', "2: console.prompt must be a text, or a regular expression,"),
    ("[boards.virt]\nloader = 3", "2: boards.virt.loader must be kernel, bios or device, not 3."),
    ("[boards.virt]\nloader = 'x'", "2: unknown loader 'x'. Known: kernel, bios, device."),
    ("[build]\nfoldr = 'x'", "2: unknown key 'foldr' in [build]. Did you mean 'folder'?"),
    ("[build]\nexclusiv = true", "2: unknown key 'exclusiv' in [build]. Did you mean 'exclusive'?"),
    ("[build]\nserial = true", "karatos.toml:2: build.serial is called build.exclusive now."),
    ("[emulator]\ntimeout = 3", "2: emulator.timeout is called console.timeout now."),
    ("[emulator]\nuse = 'host'", "2: emulator.use is called emulator.launcher now."),
    ("[build]\nfolder = '../x'", "2: build.folder must be a folder in the firmware's tree, not"),
    ("[build]\ncommand = []", "2: build.command must be a shell command, or a list of them"),
    ("[console]\nfiltre = []", "2: unknown key 'filtre' in [console]. Did you mean 'filter'?"),
    ("[console]\nredy = 'x'", "2: unknown key 'redy' in [console]. Did you mean 'ready'?"),
    ("[console]\nfilter = 'x'", "2: console.filter must be a list of texts, not 'x'."),
    ("[run]\nexpect_exti = 0", "unknown key 'expect_exti' in [run]. Did you mean 'expect_exit'?"),
    ("[run]\nexpect_exit = true", "2: run.expect_exit must be an exit status (0 to 255; no signal"),
    ("[boards.virt]\nexpect_exit = 'no'", "boards.virt.expect_exit must be an exit status"),
    (
        "[boards.virt.build]\nfoldr = 'x'",
        "unknown key 'foldr' in [boards.virt.build]. Did you mean 'folder'?",
    ),
    ("[boards.virt]\nbuild = 'x'", "2: boards.virt.build must be a table, not 'x'."),
    (
        "[boards.virt.build.env]\n'A=B' = 'x'",
        "'A=B' is not a valid name for an environment variable.",
    ),
    ("[boards.vrt]\nicount = 'off'", "board 'vrt' has no arch. Did you mean 'virt'?"),
    ("[boards.a]\narch = 'amr'", "karatos.toml:2: board 'a' has arch 'amr', but [targets.amr] d"),
    ("[boards.a]\narch='arm'\nregions.r.start = 1", "3: region 'r' of board 'a' has no size."),
    ("[boards.'a/b']\narch = 'arm'", "karatos.toml:2: 'a/b' is not a board name"),
    ("[budget.amr]\nflash = 1", "2: [budget.amr] names no arch or board. Did you mean 'arm'?"),
    ("[budget.arm]\nflsh = 1", "2: unknown key 'flsh' in [budget.arm]. Did you mean 'flash'?"),
    ("[budget.arm.release]\nRAM = 1", "unknown key 'RAM' in [budget.arm.release]. Did you mean 'r"),
    ("[budget.arm]\nstack = -1", "2: budget.arm.stack must be a number, or a size such as"),
    ("[budget.arm]\nstack = true", "2: budget.arm.stack must be a number, or a size such as"),
    ("[budget.arm.debug.x]\nstack = 1", "1: budget.arm.debug.x must be a number, or a size"),
    (
        "[budget.arm.release]\nram = '0 KiB'",
        "karatos.toml:2: budget.arm.release.ram must be a size",
    ),
    ("[[dialects.x]]\nkind = 'a'", "karatos.toml:1: dialects.x must be a list of"),
    (
        "[[dialects.x]]\nkind = 'boot'\npattern = 'a'\n[[dialects.x]]\nkind = 'bot'\npattern = 'b'",
        "karatos.toml:4: dialects.x, item 2: unknown kind 'bot'. Did you mean 'boot'? Known: ",
    ),
    (
        "[dialects.x]\nrules = [\n  { kind = 'boot', pattern = '(' },\n]",
        "karatos.toml:3: dialects.x.rules, item 1: the pattern is not a regular expression: ",
    ),
    (
        "[[dialects.x]]\nkind = 'run'\npattern = 'RUN'",
        "karatos.toml:1: dialects.x, item 1: a rule for 'run' needs the group (?P<task>...)",
    ),
    ("[dialects.x.names]\nT1 = 'low'", "karatos.toml:2: dialect 'x' has names and no rule."),
    ("[console]\ndialect = 'karatoss'", "karatos.toml:2: unknown dialect 'karatoss'."),
    ("[toolchain]\nimage = 'a'\n[build]\nimage = 'b'", "another spelling"),
    (
        "boards.virt = { icont = 'off' }",
        "1: unknown key 'icont' in [boards.virt]. Did you mean 'ic",
    ),
    ("[a]\nb = ", "karatos.toml:2: this is not TOML"),
    ("[a]\nb = 1\nb = 2", "karatos.toml:3: this is not TOML"),
    ("[a", "karatos.toml:1: this is not TOML, it ends too early"),
    ("a" + ".a" * 300 + " = 1", "karatos.toml: the tables are nested too deeply"),
    ("a = " + "[" * 5000, "karatos.toml: the tables are nested too deeply"),
    ("a = " + "1" * 5000, "karatos.toml: this is not TOML"),
    (f"[build]\nelf = ['{'x' * 5000}']", "build.elf must be a text, not ['xxx"),
]


@pytest.mark.parametrize(("toml", "said"), CASES, ids=range(len(CASES)))
def test_says_what_is_wrong(tmp_path: Path, toml: str, said: str) -> None:
    (tmp_path / "karatos.toml").write_text(toml)
    with pytest.raises(Fixable, match=re.escape(said)) as caught:
        load(root=tmp_path, environ={}, typed={})
    assert len(str(caught.value)) < 700


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a = 1\nb = '\xff'", "karatos.toml:2: byte 0xff is not UTF-8"),
        (b"\x7fELF\x01\x01\x00", "karatos.toml:1: this is not TOML"),
        (b"#" * (1024 * 1024 + 1), "larger than 1 MiB"),
    ],
)
def test_files_that_are_no_settings(tmp_path: Path, data: bytes, said: str) -> None:
    (tmp_path / "karatos.toml").write_bytes(data)
    with pytest.raises(BadSetting, match=said):
        load(root=tmp_path, environ={}, typed={})


def test_a_byte_order_mark_and_crlf_are_no_error(tmp_path: Path) -> None:
    (tmp_path / "karatos.toml").write_bytes(b"\xef\xbb\xbf[build]\r\n\r\npids = 7\r\n")
    assert load(root=tmp_path, environ={}, typed={}).origins["build.pids"] == "karatos.toml:3"


@pytest.mark.parametrize(
    ("typed", "environ", "said"),
    [
        ({"timeout": "x"}, {}, "--karatos-timeout: console.timeout must be a number of seconds"),
        ({"timeout": -1.0}, {}, "--karatos-timeout: console.timeout must be"),
        ({"karatos_timeout": "x"}, {}, "ini karatos_timeout: console.timeout must be"),
        ({}, {"KARATOS_CPUS": "many"}, "KARATOS_CPUS: build.cpus must be a number above zero"),
        ({"profile": ["a b"]}, {}, "--karatos-profile: build.profiles must be"),
    ],
)
def test_spoken_values_are_checked(
    tmp_path: Path, typed: dict[str, object], environ: dict[str, str], said: str
) -> None:
    with pytest.raises(BadSetting, match=re.escape(said)):
        load(root=tmp_path, environ=environ, typed=typed)


def test_two_defaults_of_an_arch(tmp_path: Path) -> None:
    (tmp_path / "karatos.toml").write_text(
        "[boards.a]\narch='arm'\ndefault=true\n[boards.b]\narch='arm'\ndefault=true\n"
    )
    with pytest.raises(BadSetting, match=r"karatos\.toml:6: boards 'a' and 'b' both set default"):
        load(root=tmp_path, environ={}, typed={})


def test_lines_are_found_in_nested_tables() -> None:
    assert lines_of(NESTED) == {
        ("title",): 2,
        ("title", "a"): 2,
        ("list",): 6,
        ("list", "0"): 7,
        ("list", "1"): 8,
        ("list", "x"): 7,
        ("list", "y"): 7,
        ("list", "z"): 8,
        ("quoted name",): 10,
        ("quoted name", "b"): 10,
        ("quoted name", "b", "lit"): 11,
        ("many",): 13,
        ("many", "0"): 13,
        ("many", "1"): 15,
        ("many", "c"): 14,
        ("many", "c", "d"): 14,
        ("many", "c", "d", "e"): 14,
        ("many", "c", "f"): 14,
        ("many", "g"): 16,
    }
