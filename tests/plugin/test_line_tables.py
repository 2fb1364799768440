"""Line tables of an ELF that was built without: it is built again, and each byte compared."""

import pytest

#: A firmware without debug information; EXTRA is for the build with line tables.
BARE = """
static void say(const char *text) {
    while (*text) *(volatile unsigned *)0x4000c000 = *text++;
}
void reset(void) {
    for (int n = 0; n < 3; n++)
        say("ready");
    for (;;) asm("wfi");
}
__attribute__((section(".vectors"), used)) void *const vectors[] = {(void *)0x20001000, reset};
"""
COMPILE = """
[build]
command = "arm-none-eabi-gcc -mcpu=cortex-m3 -mthumb -Os -nostdlib -Ttext=0x40 \
-Wl,--section-start=.vectors=0 -e reset $EXTRA main.c -o fw.elf"
elf = "fw.elf"
builder = "local"
pass_env = ["EXTRA"]
line_tables = ["EXTRA=%s"]
[coverage]
fail_under_branches = 50
"""


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        ("-g1", "lm3s6965evb (arm), debug *100.0 % *4 of 4"),
        ("-g1 -DX", "lm3s6965evb (arm), debug *100.0 % *4 of 4"),
        ("-g1 -O0", "*got none from EXTRA=-g1 -O0: built with that it is another image: *"),
        ("-DX", "*built with that it has none either *"),
        ("-DX -c", "*got none from EXTRA=-DX -c: *"),
    ],
)
def test_an_elf_without_line_tables_gets_them_where_no_byte_changes(
    pytester: pytest.Pytester, extra: str, said: str
) -> None:
    pytester.path.joinpath("main.c").write_text(BARE)
    pytester.path.joinpath("karatos.toml").write_text(COMPILE % extra)
    pytester.makepyfile(test_it="def test_boot(console): console.expect('readyreadyready')\n")
    result = pytester.runpytest_subprocess("--arch=arm", "--karatos-coverage", "-n0")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines([said])
    is_told = said.startswith("lm3s")
    assert (result.ret == 0) is is_told
    assert bool(list(pytester.path.glob(".karatos/run-*/builds/*/firmware.lines.elf"))) is is_told


def test_a_variable_has_a_value(pytester: pytest.Pytester) -> None:
    pytester.path.joinpath("main.c").write_text(BARE)
    pytester.path.joinpath("karatos.toml").write_text(COMPILE.replace("EXTRA=%s", "EXTRA"))
    pytester.makepyfile(test_it="def test_boot(console): pass\n")
    result = pytester.runpytest_subprocess("--arch=arm", "--karatos-line-tables", "-n0")
    result.stderr.fnmatch_lines(
        ["*karatos.toml:*build.line_tables is NAME=VALUE each time, not 'EXTRA'*"]
    )
