# newsapp: `make run` is all that a new machine needs. PYTHON=… chooses another Python.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done || true)
BIN := .venv/bin
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check --no-input
COMPILE := $(BIN)/uv pip compile -q --upgrade --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml --group build

.PHONY: help run test day lint words lock screenshots judge clean
help: ## Lists what make can do.
	@sed -n 's/^\([a-z]*\):.*## /  make \1	/p' Makefile

run: .venv/run.stamp ## Installs what is needed into .venv and runs everything until Ctrl-C.
	@$(BIN)/newsapp up

test: .venv/dev.stamp ## Runs the tests.
	@$(BIN)/pytest

day: .venv/dev.stamp ## Works a whole day at the desk in two browsers: 200 deeds, the desk killed five times; DAY_SEED=N makes another.
	@DAY_DEEDS=200 $(BIN)/pytest -n0 tests/test_desk_day.py

lint: .venv/dev.stamp ## Checks style and types.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

words: .venv/dev.stamp ## Brings the catalogues of readers' words up to date with the source; NEW=de begins one more.
	@$(BIN)/pybabel -q extract -F pyproject.toml -k N_ -c Translators: --no-location --sort-output -o .venv/words.pot .
	@test -z "$(NEW)" || $(BIN)/pybabel -q init -i .venv/words.pot -d newsapp/translations -l "$(NEW)"
	@$(BIN)/pybabel -q update -i .venv/words.pot -d newsapp/translations -w 0 --no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date

lock: .venv/dev.stamp ## Renews both lock files with the newest versions that pyproject.toml allows.
	@$(PIP) install uv
	@$(COMPILE) -o requirements.lock
	@$(COMPILE) --group dev -c requirements.lock -o requirements-dev.lock

screenshots: .venv/dev.stamp ## Takes the pictures of docs/desk.md and docs/site.md anew.
	@DESK_PICTURES=docs/screenshots SITE_PICTURES=docs/screenshots $(BIN)/pytest -n0 tests/test_desk_pages.py tests/test_browser.py

judge: .venv/dev.stamp ## Judges the running paper by outside tools; SITE=http://… another, JUDGES=… and SCHEMAS=… folders of more.
	@$(BIN)/python bench/judge.py $(if $(SITE),--site "$(SITE)") $(if $(JUDGES),--judges "$(JUDGES)") $(if $(SCHEMAS),--schemas "$(SCHEMAS)")

clean: ## Removes what was installed and cached; never var/, which holds the paper.
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "newsapp needs Python 3.11 or newer; install one, or name it: make run PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "$(PYTHON) is not Python 3.11 or newer; name another: make run PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -c 'import venv, ensurepip' 2>/dev/null || \
		{ echo "$(PYTHON) has no venv module; install it (Debian, Ubuntu: apt install python3-venv)" >&2; exit 1; }
	@"$(PYTHON)" -m venv .venv

.venv/run.stamp: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing the locked dependencies into .venv; this takes a minute."
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: requirements-dev.lock .venv/run.stamp
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@
