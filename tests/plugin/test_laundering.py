"""A fault counts, whatever a test does: only what names it excuses it."""

from tests.plugin.guests import Guests

#: Each of them was green, or green but for luck, although the firmware panics.
ATTACKS = r"""
@guest("panics")
def test_a_match_spans_it(console):
    console.expect("(?s)boot.*pass")

@guest("panics")
def test_a_match_in_a_list_spans_it(console):
    console.expect(["(?s)boot.*pass", pexpect.EOF])

def test_a_class_of_letters_matches_it(panicked):
    panicked.expect(r"\w+ at")

def test_another_part_of_its_line_is_expected(panicked):
    panicked.expect_exact(["src/main", "pass"])

def test_a_word_of_two_letters_is_expected(panicked):
    panicked.expect_exact("at ")

def test_its_line_is_read(panicked):
    while "main" not in panicked.readline(): pass

def test_its_characters_are_read(panicked):
    panicked.read(10)

def test_the_text_is_looked_at(panicked):
    while "main" not in panicked.text: time.sleep(0.01)

def test_a_forbidden_text_in_a_match(console):
    console.forbid("E-STOP")
    console.expect("boot")
    console.send("begin E-STOP end\n")
    console.expect("begin.*end")

def test_the_error_is_caught(panicked):
    try:
        panicked.expect("pass")
    except Exception:
        pass

def test_the_error_is_suppressed(panicked):
    with contextlib.suppress(AssertionError):
        panicked.expect("pass")

def test_the_error_is_caught_in_a_thread(panicked):
    def wait():
        with contextlib.suppress(Exception):
            panicked.expect("pass")
    thread = threading.Thread(target=wait)
    thread.start()
    thread.join()

def test_any_exception_is_expected(panicked):
    with pytest.raises(Exception):
        panicked.expect("pass")

def test_any_failure_is_expected(panicked):
    with pytest.raises(AssertionError):
        panicked.expect("pass")

def test_another_failure_is_expected(panicked):
    with contextlib.suppress(AssertionError):
        with pytest.raises(Forbidden, match="overheating"):
            panicked.expect("pass")

def test_one_is_expected_and_another_comes_later(panicked):
    with pytest.raises(Forbidden):
        panicked.expect("pass")
    panicked.send("still here\n")
    panicked.expect("still here")
    panicked.send("***** BUS FAULT *****\n")

def test_the_schedulers_error_is_caught(panicked, scheduler):
    with contextlib.suppress(Exception):
        scheduler.passed(timeout=1)

def test_a_replay_meets_it(panicked):
    from pytest_karatos.deadline import Deadline
    replay = panicked.replay()
    with contextlib.suppress(Exception):
        while True: replay.more("anything", Deadline(1))

def test_a_text_never_comes_and_that_is_caught(console):
    with contextlib.suppress(Exception):
        console.expect("never", timeout=0.2)

def test_a_budget_is_broken_and_that_is_caught(firmware, budget):
    with contextlib.suppress(Exception):
        budget.check(firmware, flash=1)

def test_it_is_skipped_afterwards(panicked):
    pytest.skip("no more to see")

@pytest.mark.xfail(raises=NotSeen)
def test_another_failure_is_marked_as_expected(panicked):
    with contextlib.suppress(Exception):
        panicked.expect("pass")
    panicked.expect("never", timeout=0.2)

@pytest.mark.xfail(raises=ZeroDivisionError)
def test_another_error_is_marked_as_expected(panicked):
    1 / 0

def test_the_check_is_replaced(panicked, monkeypatch):
    monkeypatch.setattr(panicked, "check", lambda: None)

@pytest.mark.parametrize("number", [1, 2])
def test_with_parameters(panicked, number):
    with contextlib.suppress(Exception):
        panicked.expect("pass")

@guest("exits3")
def test_nobody_judges_the_status(machine):
    machine.wait()

@guest("exits3")
def test_the_status_is_there(machine):
    assert machine.wait() is not None

@guest("exits3")
def test_the_status_is_not_negative(machine):
    assert machine.wait() >= 0

@guest("exits3")
def test_the_status_is_compared_in_vain(machine):
    machine.wait() == 0

@guest("locks_up")
def test_the_emulator_dies(machine):
    assert machine.wait() == -6

@guest("locks_up")
def test_the_emulator_dies_as_expected(console):
    with pytest.raises(MachineEnded, match="signal 6"):
        console.expect("more")

@pytest.fixture
def set_up(panicked):
    with contextlib.suppress(Exception):
        panicked.expect("ready")
    return panicked

def test_it_comes_in_the_set_up(set_up):
    pass

@pytest.fixture
def skipping(panicked):
    pytest.skip("not today")

def test_the_set_up_skips(skipping):
    pass

@pytest.fixture
def switching_off(console):
    yield console
    console.send(PANIC)

def test_it_comes_in_the_teardown(switching_off):
    switching_off.expect("boot")

def test_a_machine_of_the_bench(karatos_bench):
    with karatos_bench.boot("arm") as machine:
        machine.console.expect("boot")
        machine.console.send(PANIC)

def test_a_machine_of_the_bench_in_a_block_that_is_caught(karatos_bench):
    with contextlib.suppress(ZeroDivisionError), karatos_bench.boot("arm") as machine:
        machine.console.send(PANIC)
        1 / 0

KEPT = []

def test_a_machine_of_the_bench_that_is_never_ended(karatos_bench):
    KEPT.append(karatos_bench.boot("arm"))
    KEPT[0].__enter__().console.send(PANIC)

def test_the_exit_of_a_machine_of_the_bench(karatos_bench, board):
    firmware = karatos_bench.firmware(board, features=("exits3",))
    with karatos_bench.boot(firmware) as machine:
        machine.console.expect("pass")

class TestOfUnittest(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def boot(self, karatos_bench):
        with karatos_bench.boot("arm") as machine:
            self.console = machine.console
            yield

    def test_of_unittest(self):
        self.console.send(PANIC)
        try:
            self.console.expect("pass")
        except Exception:
            pass
"""
EXCUSED = r"""
def test_the_error_is_expected(panicked):
    with pytest.raises(Forbidden):
        panicked.expect("pass")

def test_one_of_two_errors_is_expected(panicked):
    with pytest.raises((Forbidden, Stuck), match="panicked"):
        panicked.expect("pass")

def test_what_a_crash_says_further_is_of_the_same_crash(console):
    console.expect("boot")
    console.send("***** MPU FAULT *****\n>>> ZEPHYR FATAL ERROR 19\n***** BUS FAULT *****\n")
    with pytest.raises(Forbidden):
        console.expect("pass")

def test_a_text_of_the_line_is_allowed(panicked):
    panicked.allow("src/main.rs")
    panicked.expect("main")

def test_the_pattern_names_it(panicked):
    panicked.expect("panicked at (.*)\n")
    assert panicked.match[1] == "src/main.rs:7"

def test_the_pattern_names_it_in_other_letters(panicked):
    panicked.expect("(?i)PANIC")

def test_the_pattern_names_it_among_others(panicked):
    panicked.expect("(?s)\n.*panicked at.*rs")

def test_the_text_names_it(panicked):
    assert panicked.expect_exact(["pass", "panicked"]) == 1

@guest("exits3")
def test_the_status_is_judged(machine):
    assert machine.wait() == 3

@guest("exits3")
def test_the_status_is_one_of_two(machine):
    assert machine.wait() in (1, 3)

@guest("exits3")
def test_the_status_is_not_that_of_success(machine):
    assert machine.wait() != 0

@pytest.mark.karatos(features="exits3", expect_exit=3)
def test_the_marker_expects_it(machine):
    machine.wait()

@pytest.mark.karatos(expect_exit=3)
def test_the_marker_expects_it_of_a_machine_of_the_bench(karatos_bench, board):
    firmware = karatos_bench.firmware(board, features=("exits3",))
    with karatos_bench.boot(firmware) as machine:
        machine.console.expect("pass")

@guest("exits3")
def test_the_error_says_the_status(console):
    with pytest.raises(MachineEnded, match="status 3"):
        console.expect("never")

@guest("exits0")
def test_success_needs_no_judge(machine):
    machine.wait()

def test_it_came_after_all(console):
    console.expect("boot")
    for _ in range(3):
        try:
            console.expect("ready", timeout=0.2)
        except NotSeen:
            console.send("ready\n")
        else:
            break

def test_it_may_come_or_not(console):
    assert console.expect(["never", pexpect.TIMEOUT], timeout=0.2) == 1

def test_it_must_not_come(console):
    with pytest.raises(NotSeen):
        console.expect("never", timeout=0.2)

def test_a_budget_is_to_be_broken(firmware, budget):
    with pytest.raises(OverBudget):
        budget.check(firmware, flash=1)

@pytest.mark.xfail
def test_it_is_known(panicked):
    panicked.expect("pass")
"""
#: One machine for a whole module: three tests use it, one does not.
SHARED = """
@pytest.fixture(scope="module")
def machine(karatos_bench):
    with karatos_bench.boot("arm") as machine:
        yield machine
        machine.console.send("panicked at the very end\\n")

def test_before(console):
    console.expect("boot")

def test_its_own(console):
    console.send(PANIC)

def test_without_a_machine(): pass

def test_afterwards(request):
    console = request.getfixturevalue("machine").console
    console.send("fine\\n")
    console.expect("fine")
"""


def test_nothing_launders_a_fault(guests: Guests) -> None:
    guests.tests(test_it=ATTACKS)
    result, tests = guests.run("-n2")
    assert [
        name for name, test in tests.items() if test["outcome"] not in ("failed", "error")
    ] == []
    assert len(tests) == ATTACKS.count("def test_") + 1  # one is run twice
    result.stdout.fnmatch_lines(
        [
            "*console.expect(*boot.*pass*",
            "*Waited for *; the console printed 'panicked at src/main.rs:7', which means a Rust *",
            "*the test caught this error and went on, which excuses nothing.*",
            "*a test that expects this error says pytest.raises(Forbidden)*",
            "*the emulator was killed by signal 6; that is never right.*",
        ]
    )


def test_what_names_it_excuses_it(guests: Guests) -> None:
    guests.tests(test_it=EXCUSED)
    _, tests = guests.run("-n2")
    bad = {name: test["message"] for name, test in tests.items() if test["outcome"] != "passed"}
    assert bad == {"test_it_is_known": bad.get("test_it_is_known")}
    assert tests["test_it_is_known"]["outcome"] == "xfailed"


def test_a_shared_machine_is_judged_in_the_test_that_used_it(guests: Guests) -> None:
    guests.tests(test_it=SHARED)
    result, tests = guests.run()
    assert {name: test["outcome"] for name, test in tests.items()} == {
        "test_before": "passed",
        "test_its_own": "failed",
        "test_without_a_machine": "passed",
        "test_afterwards": "error",  # by what its teardown provoked
    }
    result.assert_outcomes(passed=3, failed=1, errors=1)
    assert [len(test["boots"]) for test in tests.values()] == [1, 1, 0, 1]


def test_a_signal_cannot_be_expected(guests: Guests) -> None:
    guests.tests(test_it="@pytest.mark.karatos(expect_exit=-6)\ndef test_it(machine): pass\n")
    guests.pytester.runpytest_subprocess("--arch=arm").stdout.fnmatch_lines(
        ["*expect_exit must be an exit status (0 to 255; no signal is right) or 'never', not -6.*"]
    )


def test_what_does_not_fit_is_refused_before_the_boot(guests: Guests) -> None:
    guests.settings('[boards.lm3s6965evb]\nregions.flash = { start = 0, size = "32 B" }\n')
    guests.tests(test_it="def test_it(console): console.expect('boot')\n")
    result, tests = guests.run()
    result.assert_outcomes(errors=1)
    over = "*'segment 0' does not fit region 'flash' (0x0..0x20, 32 B): it ends at 0x*, * B over *"
    result.stdout.fnmatch_lines([over, "*fix: make it smaller, or say the memory that the board*"])
    assert tests["test_it"]["boots"] == []
