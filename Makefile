# Two commands: `make firmware` (the main job) and `make test` (everything we claim, shown).
# Both set up what they need, are quick the second time, and go on where they were interrupted.

PYTEST = .venv/bin/python -m pytest
REPORT = report.html
# Where ci/setup.sh unpacks the newer QEMU.
NEWER_QEMU = $(or $(KARATOS_CACHE),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/pytest-karatos)/qemu-backports/usr/bin

.PHONY: firmware test lint bench sabotage reference clean

firmware:
	ci/setup.sh python qemu builder
	$(PYTEST) --arch=all -n auto --html=$(REPORT) --self-contained-html tests/firmware
	@echo "report: $(CURDIR)/$(REPORT)"

# The newest pytest is in .venv; nox adds the oldest that we support. What boots is run on two QEMUs.
test: lint
	ci/setup.sh qemu newer_qemu toolchain yardsticks tutorial docker browser
	$(PYTEST) --arch=all -n auto --karatos-json=.karatos/ledger.json tests
	PATH="$(NEWER_QEMU):$$PATH" $(PYTEST) --arch=all -n auto tests/firmware tests/emulated
	.venv/bin/nox --session oldest

lint:
	ci/setup.sh python
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

bench:
	ci/setup.sh python qemu builder browser peers
	.venv/bin/python -m benchmarks.bench_rows --write
	.venv/bin/python benchmarks/bench_boot.py
	.venv/bin/python benchmarks/bench_serial.py
	.venv/bin/python benchmarks/bench_import.py
	.venv/bin/python -m benchmarks.bench_report

# Breaks the plugin in a copy, one promise at a time: each time the suite must turn red.
sabotage:
	ci/setup.sh python qemu toolchain
	.venv/bin/python -m sabotage

# Known verdicts a hundred times, on a host that is kept from its work: about half an hour. Then a
# thousand boots for each processor, and a flood.
soak:
	ci/setup.sh python qemu toolchain
	.venv/bin/python -m benchmarks.soak_load
	.venv/bin/python -m benchmarks.soak_boots

# The pages of docs/reference, out of the code.
reference:
	.venv/bin/python -m tests.reference

clean:
	rm -rf .venv .nox .karatos dist $(REPORT)
