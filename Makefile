# Two commands: `make demo` runs the main job on the sample feedback, `make test` passes the tests.
# PYTHON may name an interpreter (3.11 or newer); otherwise the first one found is taken.
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
export DO_NOT_TRACK := 1
# A process per core, but not more than four: each loads the model.
PARALLEL := -n auto --maxprocesses 4 --dist loadfile

.PHONY: demo test test-all check licences clean

demo: .venv/.run
	$(BIN)/cxi run sample --config sample/config.yaml --out cx-out

test: .venv/.dev
	$(BIN)/python -m pytest $(PARALLEL) -m "not browser and not server and not postgres and not wheel and not slow"

# Adds what needs Chromium, a Prefect server with a worker, PostgreSQL, or a freshly built wheel.
test-all: .venv/.dev
	bash scripts/install-system-packages
	$(BIN)/python -m pytest $(PARALLEL) -m "browser or server or postgres or wheel or slow"

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) licences

licences: .venv/.dev
	$(BIN)/pip-licenses --partial-match --fail-on="AGPL;Affero" --format=csv > /dev/null

.venv/.run: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or newer found; install one or run make PYTHON=/path/to/python"; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/.dev: .venv/.run
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

clean:
	rm -rf .venv cx-out build dist
