# make run     set up and serve
# make test    set up and run every test
# make check   format, lint, types, import contracts, documents, every test
# make format  mend what can be mended mechanically
# make documents   write the tables of the README and openapi/openapi.json anew
# make bench   measure the engines and the service beside what one would use instead

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

.DEFAULT_GOAL := run
.PHONY: run test check format bench documents clean

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

format: $(VENV)/.ready-to-test
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.ready-to-test
	@# The allocator as the workers set it for themselves.
	MALLOC_MMAP_THRESHOLD_=1073741824 MALLOC_TRIM_THRESHOLD_=2147483647 $(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench_vgg16

documents: $(VENV)/.ready-to-test
	$(BIN)/python -m tests.generated_documents

clean:
	rm -rf $(VENV) build dist *.egg-info .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
