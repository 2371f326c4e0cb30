# maild: what an operator and a developer type. Everything else is in docs/.
#
#   make setup   .venv with .venv/bin/maild, from the hashes in requirements.txt
#   make run     the embedded default: SMTP on 127.0.0.1:8025, outgoing mail as files
#   make test    lint, types, import contracts and every test, against real servers
#   make bench   the benchmarks

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.PHONY: setup dev run test lint format bench lock servers wheel clean

VENV := .venv
BIN := $(VENV)/bin
# The newest Python there is of those maild knows; name another with make PYTHON=…
PYTHON ?= $(shell for one in python3.11 python3.12 python3.13 python3.14 python3; do \
	"$$one" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$one"; break; }; done)
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet --require-virtualenv
APT := DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -qq -y --no-install-recommends
# Tests that want a machine to themselves carry an xdist group; two processes suit two cores.
WORKERS ?= 2

setup: $(VENV)/.installed

dev: $(VENV)/.installed-dev

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "maild needs Python 3.11 or newer: install it, or name it: make setup PYTHON=/path/to/python3" >&2; exit 1; }
	@# Debian splits venv off python3; a half-made venv would look whole to the next run.
	@if ! "$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null; then \
		version=$$("$(PYTHON)" -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
			echo "Python has no venv module; installing python$$version-venv"; \
			$(APT) install python$$version-venv || { $(APT) update && $(APT) install python$$version-venv; }; \
		else \
			echo "Python has no venv module. As root: apt-get install python$$version-venv (Debian, Ubuntu)" >&2; exit 1; \
		fi; \
	fi
	@"$(PYTHON)" -m venv "$(VENV)" || { rm -rf "$(VENV)"; exit 1; }

$(VENV)/.installed: $(BIN)/python requirements.txt requirements-build.txt pyproject.toml
	$(PIP) --require-hashes -r requirements-build.txt -r requirements.txt
	$(PIP) --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.txt
	$(PIP) --require-hashes -r requirements-dev.txt
	@touch $@

run: setup
	$(BIN)/maild run --config config.toml

# Dovecot, Postfix, PostgreSQL, Neomutt and Sisimai, where we may install them. Tests that miss one skip, and fail
# under CI=true.
servers:
	@bash tests/servers/install.sh

lint: dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: dev
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

test: dev servers lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadgroup

bench: dev
	$(BIN)/python -m benchmarks

wheel: dev
	$(BIN)/python -m pip --disable-pip-version-check wheel --quiet --no-deps --no-build-isolation --wheel-dir build .

# New versions of everything within pyproject.toml, with the hashes of every platform. Where packages come from is the
# installing machine's business: lines that say it are taken out.
LOCK := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --upgrade --generate-hashes --allow-unsafe \
	--strip-extras --no-header --no-annotate
lock: dev
	$(LOCK) --output-file requirements.txt pyproject.toml
	sed -i '/^-/d; /^$$/d' requirements.txt
	$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
		| $(LOCK) --constraint requirements.txt --output-file requirements-build.txt -
	sed -i '/^-/d; /^$$/d' requirements-build.txt
	$(LOCK) --constraint requirements.txt --constraint requirements-build.txt --extra dev --extra postgresql \
		--output-file requirements-dev.txt pyproject.toml
	sed -i '/^-/d; /^$$/d' requirements-dev.txt

clean:
	rm -rf build .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
