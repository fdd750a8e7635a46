# make run     set up and serve
# make test    set up and run every test
# make check   format, lint, types, import contracts, documents, every test
# make format  mend what can be mended mechanically
# make calibrate FILE=costs.json   measure what the engines' steps cost on this machine
# make documents   write the tables of the README and openapi/openapi.json anew
# make check-everywhere   the suites that need Chromium, Node.js with npm, Go, pngcheck or containers
# make bench   measure the engines and the service beside what one would use instead
#              (PARTS="engines service" measures these alone, BENCH_OPTIONS=--quick takes minutes)

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := run
.PHONY: run test check check-everywhere format bench calibrate documents clean

# A virtual environment of the project's own, made again when the project file changes.
$(VENV)/.ready-to-run: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "This needs Python 3.11 or newer; say which with: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.ready-to-test: $(VENV)/.ready-to-run
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

run: $(VENV)/.ready-to-run
	$(BIN)/python -m service

test: $(VENV)/.ready-to-test
	$(BIN)/python -m pytest $(PYTEST_OPTIONS)

check: $(VENV)/.ready-to-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test PYTEST_OPTIONS="--cov --cov-report=term:skip-covered --durations=10"

check-everywhere: $(VENV)/.ready-to-test
	$(BIN)/python -m pytest -m "browser or programs" $(PYTEST_OPTIONS)
	docker/verify.sh

format: $(VENV)/.ready-to-test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.ready-to-test
	$(BIN)/python -m tests.bench $(BENCH_OPTIONS) $(PARTS)

calibrate: $(VENV)/.ready-to-test
	$(BIN)/python -m tests.bench.calibrate $(FILE)

documents: $(VENV)/.ready-to-test
	$(BIN)/python -m tests.generated_documents

clean:
	rm -rf $(VENV) build dist *.egg-info .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
