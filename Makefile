# The two commands: `make demo` shows it, `make test` proves it. Both do all the set-up.

PYTHON ?= python3
VENV := .venv
PEER := .venv-peer
PEER_0_10 := .venv-peer-0.10
BIN := $(VENV)/bin
SNAPSHOTS ?=

export ROUTILUX_TUI_PEER := $(CURDIR)/$(PEER)/bin/python
export ROUTILUX_TUI_PEER_0_10 := $(CURDIR)/$(PEER_0_10)/bin/python

.PHONY: demo test lint types contract tests bench snapshots clean

# At a pace for people on a terminal; as fast as it goes without one.
demo: $(VENV)/.ready
	@if [ -t 0 ] && [ -t 1 ]; then pace=60; else pace=0; fi; \
	$(BIN)/routilux-tui run sample_flows/source_audit.py -p pace=$(or $(PACE),$$pace)

test: lint types contract tests

lint: $(VENV)/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.ready
	$(BIN)/mypy

contract: $(VENV)/.ready
	$(BIN)/lint-imports

tests: $(VENV)/.ready $(PEER)/.ready $(PEER_0_10)/.ready
	$(BIN)/pytest -n 2 --dist loadgroup $(SNAPSHOTS)

bench: $(VENV)/.ready $(PEER)/.ready $(PEER_0_10)/.ready
	$(BIN)/python -m tests.bench $(ONLY)

# Cuts a job's files at every byte of their ends, and kills it at every step: some minutes.
every: $(VENV)/.ready
	ROUTILUX_TUI_EVERY=1 $(BIN)/pytest -n 2 --timeout 3600 tests/store/test_segments.py tests/store/test_interrupted.py

# Draws the snapshots and the README's pictures anew: look at what changed before you commit it.
snapshots: $(VENV)/.ready
	$(BIN)/pytest -n 2 tests/tui --snapshot-update

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "routilux-tui needs Python 3.10 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

# The library itself: its jobs are compared with ours, read back by it, and its scripts are run.
$(PEER)/.ready: Makefile
	$(PYTHON) -m venv $(PEER)
	$(PEER)/bin/python -m pip install --quiet --disable-pip-version-check 'routilux==0.11.0' 'serilux<0.4'
	@touch $@

$(PEER_0_10)/.ready: Makefile
	$(PYTHON) -m venv $(PEER_0_10)
	$(PEER_0_10)/bin/python -m pip install --quiet --disable-pip-version-check 'routilux==0.10.0' 'serilux<0.4'
	@touch $@

clean:
	rm -rf $(VENV) $(PEER) $(PEER_0_10) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
