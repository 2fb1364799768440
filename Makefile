# Two commands: `make firmware` (the main job) and `make test` (everything we claim, shown).
# Both set up what they need, are quick the second time, and go on where they were interrupted.

PYTEST = .venv/bin/python -m pytest
REPORT = report.html

.PHONY: firmware test lint bench reference clean

firmware:
	ci/setup.sh python qemu builder
	$(PYTEST) --arch=all -n auto --html=$(REPORT) --self-contained-html tests/firmware
	@echo "report: $(CURDIR)/$(REPORT)"

# The newest pytest is in .venv; nox adds the oldest that we support.
test: lint
	ci/setup.sh qemu toolchain yardsticks tutorial docker browser
	$(PYTEST) --arch=all -n auto --karatos-json=.karatos/ledger.json tests
	.venv/bin/nox --session oldest

lint:
	ci/setup.sh python
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

bench:
	ci/setup.sh python qemu builder browser
	.venv/bin/python benchmarks/bench_boot.py
	.venv/bin/python benchmarks/bench_serial.py
	.venv/bin/python benchmarks/bench_import.py
	.venv/bin/python -m benchmarks.bench_report

# The pages of docs/reference, out of the code.
reference:
	.venv/bin/python -m tests.reference

clean:
	rm -rf .venv .nox .karatos dist $(REPORT)
