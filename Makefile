# Set-up, demo, tests. Everything lands in .venv and in the user's cache.
PYTHON ?= python3
VENV := .venv
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check
# PyTorch: this release, and never its CUDA packages unless they are asked for (see README, "Set-up").
TORCH ?= torch==2.13.0
PIP_OPTIONS ?=
CONSTRAINTS ?= constraints-cpu.txt

.PHONY: setup demo test test-times fuzz lint docs site explorer-page bench bench-compare bench-scale clean

setup: $(VENV)/ready

$(VENV)/ready: pyproject.toml constraints-cpu.txt
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --quiet --upgrade pip
	$(PIP) install --quiet $(PIP_OPTIONS) $(if $(CONSTRAINTS),--constraint $(CONSTRAINTS)) "$(TORCH)"
	$(PIP) install --quiet $(PIP_OPTIONS) --editable ".[dev]"
	touch $@

demo: setup
	$(VENV)/bin/crosslift demo

# One process a core, at most 8; a test takes up to 2 GB.
PYTEST := $(VENV)/bin/python -m pytest -n auto --maxprocesses 8 --dist worksteal

test: setup
	$(PYTEST)

# The same, with the 20 slowest tests by name.
test-times: setup
	$(PYTEST) --durations 20

# 20,000 inputs or 3 minutes for each target, on all cores; its layouts share the minutes. fuzz-counts.tsv
# says how many inputs each layout had.
fuzz: setup
	rm -f fuzz-counts.tsv
	CROSSLIFT_FUZZ_INPUTS=20000 CROSSLIFT_FUZZ_SECONDS=180 CROSSLIFT_FUZZ_COUNTS=fuzz-counts.tsv \
		OMP_NUM_THREADS=1 $(PYTEST) tests/fuzz
	cat fuzz-counts.tsv

lint: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

# Writes the generated parts of docs/json.md and docs/study-file.md anew.
docs: setup
	$(VENV)/bin/python -m crosslift.results.documentation docs/json.md
	$(VENV)/bin/python -m crosslift.studies.documentation docs/study-file.md

# The documentation as a site, in build/site; it needs no network.
site: docs
	$(VENV)/bin/sphinx-build --quiet --fail-on-warning --keep-going -b html docs build/site

# Builds src/crosslift/explorer/page/page.html from explorer_page/ (needs node 20 and npm; nothing else does).
explorer-page:
	cd explorer_page && npm ci --no-audit --no-fund && npm run build

# QUICK=1: minutes, with small sizes. Each run adds a line to benchmarks/history.jsonl.
bench: setup
	$(VENV)/bin/python -m benchmarks $(if $(QUICK),--quick)

# The last run beside the one before on the same processor, or RUNS="3 -1": two lines of the history.
bench-compare: setup
	$(VENV)/bin/python -m benchmarks.compare $(RUNS)

# How time and memory grow with the work; WORKS="plan report" for some of it.
bench-scale: setup
	$(VENV)/bin/python -m benchmarks.scale $(WORKS)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache
