# make run     set up and serve
# make test    set up and run every test
# make check   format, lint, types, import contracts, documents, every test
# make format  mend what can be mended mechanically
# make calibrate FILE=costs.json   measure what the engines' steps cost on this machine
# make documents   write the tables of the README and openapi/openapi.json anew
# make check-programs     the suites that need Chromium, Node.js with npm, Go or pngcheck
# make check-containers   the files of docker/, the image, and containers of it
# make bench   measure the engines and the service beside what one would use instead
#              (PARTS="engines service" measures these alone, BENCH_OPTIONS=--quick takes minutes)

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin

NATIVE := service/convolution/native
# The suites that kill workers, wait for deadlines or judge times: a test at a time.
ALONE := tests/fuzz tests/system tests/web tests/workers

.DEFAULT_GOAL := run
.PHONY: run test check check-programs check-containers format bench calibrate documents clean

# A virtual environment of the project's own, made again when what is installed changes: the project
# file, or the sources of the compiled engines. Old ones go first: a build that fails shall leave none.
$(VENV)/.ready-to-run: pyproject.toml setup.py $(wildcard $(NATIVE)/*.cpp $(NATIVE)/*.hpp)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "This needs Python 3.11 or newer; say which with: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@rm -f $(NATIVE)/*"$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_config_var("EXT_SUFFIX"))')"
	$(BIN)/python -m pip install --quiet --editable .
	@$(BIN)/python -c 'from service.convolution.native import load; engines = load(); \
	  print("Compiled engines:", engines.instruction_set if engines else "none (no C++ compiler?)")'
	@touch $@

$(VENV)/.ready-to-test: $(VENV)/.ready-to-run
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

run: $(VENV)/.ready-to-run
	$(BIN)/python -m service

test: $(VENV)/.ready-to-test
	$(BIN)/python -m pytest --numprocesses=2 --dist=worksteal $(ALONE:%=--ignore=%) $(PYTEST_OPTIONS)
	$(BIN)/python -m pytest $(ALONE) $(PYTEST_OPTIONS)

check: $(VENV)/.ready-to-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/coverage erase
	$(MAKE) test PYTEST_OPTIONS="--cov --cov-append --cov-report= --cov-fail-under=0 --durations=10"
	$(BIN)/coverage report

check-programs: $(VENV)/.ready-to-test
	$(BIN)/python -m pytest -m "browser or programs" $(PYTEST_OPTIONS)

check-containers: $(VENV)/.ready-to-test
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
	rm -rf $(VENV) build dist *.egg-info $(NATIVE)/*.so .coverage* .hypothesis .mypy_cache .pytest_cache .ruff_cache
