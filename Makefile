# The targets, as `make` alone prints them:

## make run        install what is missing into .venv and start the switch on config/softswitch.toml
## make test       install what the tests need and run all of them; TESTS=tests/sip runs some, and
##                 DATABASE=postgresql lets the switches of tests/system have databases on a server
## make fast       build the optional part of the media workers that is in C, and install it into .venv
## make coverage   print which branches the last `make test` missed, and whether enough are covered
## make check      the style, the types and the arrows between modules
## make format     write the code in the style that `make check` asks for
## make console    check and build the page of softswitch/console/web into softswitch/console/built
## make docs       write docs/commands, docs/ozml.xsd and docs/states.md anew from the code
## make bench      print the figures of docs/performance.md
## make clean      remove what all these have made, except docs and data

CONFIG ?= config/softswitch.toml
TESTS ?= tests
DATABASE ?= sqlite
VENV := .venv
BIN := $(VENV)/bin

# Tests of real processes and phones mostly wait. They can miss their time on a busy machine: those
# are tried again, and named. The others compute, one for every core; nothing excuses their failure.
SYSTEM_TESTS := tests/system
SYSTEM_JOBS ?= 3
JOBS ?= $(shell nproc)
PYTEST := $(BIN)/python -m pytest -q
# Each switch that a test starts would compile all modules anew.
unexport PYTHONDONTWRITEBYTECODE
RERUNS := --reruns 2 --reruns-delay 1 -rR

# Percent of the branches that the tests have to reach, in the rooms that are easy to reach and in all.
ROOMS := sip sdp ozml commands guard store
ROOM_COVERAGE := 95
COVERAGE := 90

# The first Python from 3.11 to 3.13 that really starts.
PYTHON ?= $(shell for candidate in python3 python3.13 python3.12 python3.11; do \
	$$candidate -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null \
	&& echo $$candidate && break; done)

.PHONY: help run test fast coverage check format console docs bench clean

help:
	@sed -n 's/^## //p' Makefile

run: $(VENV)/.run
	@$(BIN)/softswitch serve --config $(CONFIG)

test: $(VENV)/.test $(VENV)/.fast
	@.ci/packages sip-tester=sipp baresip-core=baresip linphone-cli=linphonec multimon-ng=multimon-ng libspandsp2=libspandsp.so.2 \
		postgresql=psql kamailio=kamailio 'kamailio-tls-modules=/usr/lib/*/kamailio/modules/tls.so' \
		chromium=chromium nodejs=node npm=npm
ifeq ($(TESTS),tests)
	@rm -f .coverage .coverage.*
	$(PYTEST) -n $(JOBS) --dist loadfile --cov --cov-report= --ignore $(SYSTEM_TESTS) tests
	@$(MAKE) --no-print-directory coverage
	@# A switch that is traced misses its times, so the branches that only these reach are not counted.
	$(PYTEST) -n $(SYSTEM_JOBS) --dist worksteal $(RERUNS) $(SYSTEM_TESTS)
	@# Once more those that start a switch, each with a database on a server of PostgreSQL.
	$(PYTEST) -n $(SYSTEM_JOBS) --dist worksteal $(RERUNS) --database postgresql $(SYSTEM_TESTS)
else
	$(PYTEST) $(if $(findstring $(SYSTEM_TESTS),$(TESTS)),$(RERUNS)) --database $(DATABASE) $(TESTS)
endif

coverage: $(VENV)/.test
	$(BIN)/coverage report --show-missing --fail-under=$(COVERAGE)
	@for room in $(ROOMS); do \
		$(BIN)/coverage report --include="softswitch/$$room/*" --fail-under=$(ROOM_COVERAGE) --format=total \
			>.coverage-of-room || failed=1; \
		echo "$$room: $$(cat .coverage-of-room) % of $(ROOM_COVERAGE) %"; \
	done; rm -f .coverage-of-room; test -z "$$failed"

check: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/.test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

console:
	@.ci/packages nodejs=node npm=npm
	cd softswitch/console/web && npm ci --no-audit --no-fund && npm run check && npm run build

docs: $(VENV)/.run
	$(BIN)/python -m softswitch.calls.endings.diagram > docs/states.md
	$(BIN)/python -m softswitch.calls.codes.page > docs/codes.md
	$(BIN)/python -m softswitch.commands.pages docs

fast: $(VENV)/.fast

bench: $(VENV)/.test $(VENV)/.fast
	@.ci/packages sip-tester=sipp
	$(BIN)/python -m benchmarks

$(VENV)/.run: pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed, none was found." >&2; exit 1; }
	@.ci/packages python3-venv=python:venv libopus0=libopus.so.0 espeak-ng=espeak-ng
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

# Never required: without a compiler or the headers everything works, but SRTP costs more.
$(VENV)/.fast: $(VENV)/.run media/native/pyproject.toml media/native/build_native.py $(wildcard media/native/src/*)
	@.ci/packages gcc=gcc libssl-dev=/usr/include/openssl/evp.h
	@$(BIN)/python -m pip install --quiet --force-reinstall --no-deps ./media/native || \
		echo "Without softswitch-fast SRTP costs more; it needs a C compiler and the headers of OpenSSL and Python." >&2
	@rm -rf media/native/build media/native/*.egg-info
	@touch $@

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info
	rm -rf tests/browser/node_modules tests/browser/bundle softswitch/console/web/node_modules
	rm -f .coverage .coverage.*
	find softswitch media benchmarks tests -name __pycache__ -prune -exec rm -rf {} +
