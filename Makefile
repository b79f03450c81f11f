# make run     install what is missing into .venv and start the switch on config/softswitch.toml
# make test    install what the tests need and run all of them
# make check   the style, the types and the arrows between packages
# make docs    make docs/states.md, docs/commands/ and docs/ozml.xsd anew from the code
# make bench   print the figures of docs/performance.md

CONFIG ?= config/softswitch.toml
TESTS ?= tests
VENV := .venv
BIN := $(VENV)/bin

# The first Python from 3.11 to 3.13 that really starts.
PYTHON ?= $(shell for candidate in python3 python3.13 python3.12 python3.11; do \
	$$candidate -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo $$candidate && break; done)

.PHONY: run test check docs bench clean

run: $(VENV)/.run
	@$(BIN)/softswitch serve --config $(CONFIG)

test: $(VENV)/.test
	@.ci/packages sip-tester=sipp multimon-ng=multimon-ng libspandsp2=libspandsp.so.2
	@# Real processes and phones can miss their time on a busy machine: those are tried again, and said.
	$(BIN)/python -m pytest -q --reruns 2 --reruns-delay 1 -rR $(TESTS)

check: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

docs: $(VENV)/.run
	$(BIN)/python -m softswitch.calls.endings.diagram > docs/states.md
	$(BIN)/python -m softswitch.commands.pages docs

bench: $(VENV)/.test
	@.ci/packages sip-tester=sipp
	$(BIN)/python -m benchmarks

$(VENV)/.run: pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed, none was found." >&2; exit 1; }
	@.ci/packages python3-venv=python:venv libopus0=libopus.so.0
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) …"
	@$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.run pyproject.toml
	@$(BIN)/python -m pip install --quiet --editable '.[test,recogniser,pyttsx3]'
	@.ci/packages gcc=gcc
	@$(BIN)/python -m pip install --quiet --editable '.[quality]' || \
		echo "Without pesq transcoded speech is not judged by P.862; it needs a C compiler." >&2
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
