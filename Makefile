# The two commands: `make demo` shows it, `make test` proves it. Both do all the set-up.

PYTHON ?= python3
VENV := .venv
PEER := .venv-peer
BIN := $(VENV)/bin
SNAPSHOTS ?=

export ROUTILUX_TUI_PEER := $(CURDIR)/$(PEER)/bin/python

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

tests: $(VENV)/.ready $(PEER)/.ready
	$(BIN)/pytest -n 2 --dist loadgroup $(SNAPSHOTS)

bench: $(VENV)/.ready $(PEER)/.ready
	$(BIN)/python -m tests.bench $(ONLY)

# Draws the snapshots and the README's pictures anew: look at what changed before you commit it.
snapshots: $(VENV)/.ready
	$(BIN)/pytest -n 2 tests/tui --snapshot-update

$(VENV)/.ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "routilux-tui needs Python 3.10 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

# The library that jobs of older versions were written with, to compare and to read back with.
$(PEER)/.ready: Makefile
	$(PYTHON) -m venv $(PEER)
	$(PEER)/bin/python -m pip install --quiet --disable-pip-version-check 'routilux==0.11.0' 'serilux<0.4'
	@touch $@

clean:
	rm -rf $(VENV) $(PEER) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
