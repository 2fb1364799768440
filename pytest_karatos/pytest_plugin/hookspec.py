"""The hooks that users implement in a ``conftest.py`` or a plugin; each with an example.

The names and arguments are stable: an argument may be added, none is renamed or taken away. A
hook takes the arguments that it wants, by name. Every answer is used; plugins are asked in the
order they were registered, so the ``conftest.py`` nearest to the test speaks last. With
pytest-xdist each worker asks for itself and must get the same answer.

A tree that is also tested without this plugin (``-p no:karatos``) marks its hooks with
``@pytest.hookimpl(optionalhook=True)``, since pytest refuses hooks that nobody declared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_karatos.board import Board
    from pytest_karatos.emulators.protocol import Emulator, Machine
    from pytest_karatos.firmware import Firmware
    from pytest_karatos.measurement import Measurement


@pytest.hookspec
def pytest_karatos_boards(settings: Mapping[str, object]) -> Mapping[str, Mapping[str, Any]] | None:
    r"""Return further boards, as ``[boards.NAME]`` in ``karatos.toml`` would say them.

    For boards that are made by a rule; a single board is better written in ``karatos.toml``.
    ``settings`` holds what files, environment and command line said, by dotted key, as
    ``pytest --karatos-settings`` prints it. What is returned is checked as the file is, and can
    be chosen with ``--arch`` and ``--karatos-board``. It is asked before the tests are collected,
    so write it in the ``conftest.py`` beside ``karatos.toml``.

    ```python
    # file: conftest.py
    def pytest_karatos_boards(settings):
        return {
            f"virt-{megabytes}m": {
                "arch": "riscv",
                "qemu": ["-machine", "virt", "-bios", "none", "-m", f"{megabytes}M"],
                "regions": {"ram": {"start": 0x8000_0000, "size": f"{megabytes} MiB"}},
            }
            for megabytes in (16, 32)
        }
    ```

    ```python
    # file: test_memory.py
    def test_boots(board, console):
        assert board.region_of(0x8000_0000).size_bytes == 16 * 1024**2
        console.expect("boot rtos=")
    ```

    ```console
    $ pytest --karatos-board=virt-16m
    karatos: virt-16m (riscv); debug; ...
    ... 1 passed in ...
    ```
    """


@pytest.hookspec
def pytest_karatos_emulators() -> Emulator | Sequence[Emulator] | None:
    r"""Return emulators of your own, which boards name by ``kind``.

    For a machine that is neither QEMU nor a board on a serial port: another simulator, a farm of
    boards. An emulator says what it is called, whether it can be in a container, what it requires,
    its version, and how it boots. What it boots has the same console, verdicts and report as every
    machine. ``[boards.NAME.options]`` are texts for it. A script hands it to ``Bench(emulators=)``.

    ```python
    # file: conftest.py
    import contextlib, os, pty
    from pytest_karatos.console import DescriptorSource
    from pytest_karatos.emulators.line import line_machine

    class Parrot:
        name, in_container = "parrot", False

        def require(self, board, launcher):
            pass

        def version(self, board, launcher):
            return "Parrot 1.0"

        @contextlib.contextmanager
        def boot(self, boot, launcher):
            ours, theirs = pty.openpty()
            said = dict(boot.board.options)["says"] + "\n"
            with line_machine(
                boot,
                DescriptorSource(ours),
                emulator=self.version(boot.board, launcher),
                start=lambda: os.write(theirs, said.encode()),
            ) as machine:
                yield machine
            os.close(theirs)

    def pytest_karatos_emulators():
        return Parrot()

    def pytest_karatos_boards(settings):
        return {"bird": {"arch": "arm", "kind": "parrot", "options": {"says": "Polly 5"}}}
    ```

    ```python
    # file: test_parrot.py
    def test_it_speaks(console):
        console.expect(r"Polly (\d)")
    ```

    ```console
    $ pytest --karatos-board=bird
    karatos: bird (arm); debug; ...
    ... 1 passed in ...
    ```
    """


@pytest.hookspec
def pytest_karatos_qemu_args(
    board: Board, firmware: Firmware, test: pytest.Item
) -> Sequence[str] | None:
    r"""Return further arguments for QEMU, put last, for the boot of one test.

    ``test`` is the pytest item: its markers say what it needs. The arguments stand in
    ``command.txt`` among the test's files. Only boots by the fixtures ask it; a script hands
    ``arguments`` to ``Bench.boot``. QEMU is contained: it can use the files that its arguments
    name. What it leaves in its working folder is kept in ``files`` among the test's files.

    ```python
    # file: conftest.py
    import pytest

    def pytest_configure(config):
        config.addinivalue_line("markers", "exceptions: log each exception of the processor.")

    def pytest_karatos_qemu_args(board, firmware, test):
        if test.get_closest_marker("exceptions") is None:
            return None
        return ["-d", "int", "-D", "exceptions.log"]
    ```

    ```python
    # file: test_exceptions.py
    import pytest

    @pytest.mark.exceptions
    def test_the_timer_ticks(machine):
        assert machine.wait(timeout=10) == 0
    ```

    ```console
    $ pytest --arch=arm
    ... 1 passed in ...
    $ grep -h --max-count=1 IRQ -r .karatos --include=exceptions.log
    Taking exception 5 [IRQ] on CPU 0
    $ grep -h -o -e "-d int -D [^ ]*" -r .karatos --include=command.txt
    -d int -D exceptions.log
    ```
    """


@pytest.hookspec
def pytest_karatos_measurement(
    firmware: Firmware, machine: Machine, test: pytest.Item
) -> Measurement | Sequence[Measurement] | None:
    r"""Return figures of your own for one test: a measurement, a list of them, or None.

    It is called after the body of each test that booted a machine with the ``machine`` fixture,
    passed or failed: ``machine.console.transcript`` has what was printed, and while
    ``machine.exit_status`` is None its memory can be read. The figures stand in the ledger
    (JSON, HTML) and in JUnit's properties; a ``limit`` that is exceeded fails the test, and so
    does a budget of that name in the settings: ``[budget.arm] lines = 10_000``.

    ```python
    # file: conftest.py
    from pytest_karatos import Measurement

    def pytest_karatos_measurement(firmware, machine, test):
        lines = machine.console.transcript.read_bytes().count(b"\n")
        return [
            Measurement(name="lines", value=lines, unit="lines", limit=10_000),
            Measurement(name="flash left", value=262_144 - firmware.sizes.flash_bytes, unit="B"),
        ]
    ```

    ```python
    # file: test_talk.py
    def test_talk(console):
        console.expect("pass rounds=")
    ```

    ```console
    $ pytest --arch=arm --karatos-json=ledger.json
    ... 1 passed in ...
    ```
    """


@pytest.hookspec
def pytest_karatos_report(ledger: dict[str, Any]) -> str | Sequence[str] | None:
    r"""Take the whole ledger at the end of the run, to render it or to send it your way.

    Called once, where the results come together (never on a worker), after the JSON was written.
    ``ledger`` is what ``--karatos-json`` writes (its schema is ``ledger.schema.json`` in the
    package); treat it as read-only. A text or lines that are returned are printed in the
    terminal's summary. A hook that raises does not lose the report; the run ends with status 4.

    ```python
    # file: conftest.py
    from pathlib import Path

    def pytest_karatos_report(ledger):
        rows = [f"{row['board']},{row['verdict']}" for row in ledger["boards"]]
        Path("boards.csv").write_text("\n".join(rows))
        slowest = max(ledger["tests"], key=lambda test: test["seconds"])
        return f"slowest test: {slowest['id']}"
    ```

    ```python
    # file: test_boot.py
    def test_boot(console):
        console.expect("boot rtos=")
    ```

    ```console
    $ pytest --arch=arm
    slowest test: test_boot.py::test_boot[arm]
    $ cat boards.csv
    lm3s6965evb,passed
    ```
    """
