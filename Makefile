# The commands of the study book. All of them set up what they need first, from requirements.lock.
#
# What a reader gives (NB, P, NAME, ...) reaches the programs as environment variables, word for word:
# `$(value NB)` is the text before make expands it, and "$$NB" in a recipe is never read as shell code.
PYTHON ?= python3
VENV ?= .venv
CASES ?= paper-a-parent
LEVELS ?= 0 2 4 6 8 10 12
DEVIATIONS ?= 0.1 0.2
override NB := $(value NB)
override P := $(value P)
override FILE := $(value FILE)
override NAME := $(value NAME)
override KIND := $(value KIND)
override FROM := $(value FROM)
override CASE := $(value CASE)
override CASES := $(value CASES)
override LEVELS := $(value LEVELS)
override WORST := $(value WORST)
override DEVIATIONS := $(value DEVIATIONS)
override PROFILE := $(value PROFILE)
override LAB := $(value LAB)
override UPGRADE := $(value UPGRADE)
override PYTHON := $(value PYTHON)
override VENV := $(value VENV)
export NB P FILE NAME KIND FROM CASE CASES LEVELS WORST DEVIATIONS PROFILE LAB UPGRADE PYTHON VENV

# Programs are started as modules of the environment's Python: its scripts name the place where they were
# installed, which may have changed since.
PY := "$$VENV/bin/python"
# The ledger sums up the results of the others, so it comes last.
NOTEBOOKS = $(sort $(filter-out %/ledger.ipynb,$(wildcard notebooks/*.ipynb))) $(wildcard notebooks/ledger.ipynb)

# Notebooks and tests run side by side, one core each: threads of a linear algebra library would wait
# for each other and take several times the time. Numbers do not depend on it.
export OMP_NUM_THREADS ?= 1
export OPENBLAS_NUM_THREADS ?= 1

# The kernel "python3" is that of the environment, even if the user has another one of that name.
export JUPYTER_PREFER_ENV_PATH := 1
export PYDEVD_DISABLE_FILE_VALIDATION := 1

.PHONY: help setup book pdf epub slides assignments run compare batch case check sweep cluster-demo proofs check-proofs lab test lint test-code test-runs test-doctests test-notebooks outputs format types lock clean
.DEFAULT_GOAL := help

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' Makefile

setup:  ## set up the environment alone, or mend it
	@command -v "$$PYTHON" >/dev/null 2>&1 || { echo "There is no Python called '$$PYTHON' here:" \
	  "install Python 3.11 to 3.14, or say which one to use, as in make book PYTHON=python3.12" >&2; exit 1; }
	@"$$PYTHON" tools/setup_venv.py

book: setup  ## run the notebooks that changed and build the book
	@exec $(PY) tools/make_book.py book

pdf: setup  ## print the whole book: build/book/book.pdf (needs a chromium or chrome)
	@exec $(PY) tools/make_pdf.py

epub: setup  ## make an e-book of it: build/book/book.epub (needs a chromium or chrome)
	@exec $(PY) tools/make_epub.py

slides: setup  ## slides of the notebooks, in a folder to carry away: build/slides
	@exec $(PY) tools/slides.py

assignments: setup  ## assignments with tests, for students and for the teacher: build/assignments
	@"$$PYTHON" tools/setup_venv.py requirements-teach.lock
	@exec $(PY) tools/assignments.py

run: setup  ## run one notebook: make run NB=cooperation P="penalty=3e-4 solver=gurobi"
	@exec $(PY) tools/rerun.py --parameters="$$P" -- "$$NB"

compare: setup  ## put the kept runs side by side: make compare NB=cooperation, or all without NB
	@exec $(PY) tools/compare_runs.py "$$NB"

batch: setup  ## run a CSV of parameter sets in parallel: make batch FILE=sets.csv NB=cooperation
	@exec $(PY) tools/batch.py "$$FILE" "$$NB"

case: setup  ## begin a case: make case NAME=mine KIND=homes (street, industry, feeder) or FROM=mine.xlsx
	@$(PY) tools/case.py new --kind="$$KIND" --from="$$FROM" -- "$$NAME"

check: setup  ## say what a case holds and draw it, or every fault in it: make check CASE=data/mine
	@$(PY) tools/case.py check -- "$$CASE"

sweep: setup  ## worst-case cost over a grid: make sweep LEVELS="0 4 8" DEVIATIONS="0.1 0.2" CASES="paper-a-parent"
	@exec $(PY) tools/make_book.py sweep

cluster-demo: setup  ## a fleet on two workers, one of them killed midway; then a sweep by a scheduler's jobs
	@exec $(PY) tools/cluster_demo.py

proofs: setup  ## write exact proofs of the least costs: build/proofs; of another case with CASE=data/mine WORST="4 12"
	@exec $(PY) tools/make_proofs.py $${CASE:+"$$CASE"} $${WORST:+--levels "$$WORST"}

check-proofs:  ## check these proofs with Python's fractions alone: no solver, no vppcore
	@"$$PYTHON" tools/check_proofs.py build/proofs/*.json
	@set -- build/proofs/*-worst-day-*.json; [ ! -e "$$1" ] || "$$PYTHON" tools/check_worst_days.py "$$@"

lab: setup  ## open the notebooks in JupyterLab
	@VPPCORE_RESULTS="$$PWD/build/lab/results" VPPCORE_PROGRESS=1 $(PY) -m jupyterlab \
	  --LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate notebooks $$LAB

test: lint  ## check the code, the notebooks' stored outputs and the built book
	@mkdir -p build/logs
# What runs notebooks runs beside the other tests: one core each.
	@$(MAKE) --no-print-directory --keep-going test-notebooks test-runs >build/logs/nbval.log 2>&1 & notebooks=$$!; \
	  trap 'kill $$notebooks 2>/dev/null' INT TERM; \
	  $(MAKE) --no-print-directory test-code; code=$$?; \
	  $(MAKE) --no-print-directory test-doctests || code=1; \
	  wait $$notebooks || code=1; cat build/logs/nbval.log; exit $$code

lint: setup  ## check layout, style and the notebooks' stored outputs
	@$(PY) -m ruff format --check --quiet . || { echo "Not laid out as \`make format\` does it: see above." >&2; exit 1; }
	@$(PY) -m ruff check --quiet --output-format concise .
	@$(PY) -m mypy --no-error-summary
	@$(PY) tools/strip_images.py --check $(NOTEBOOKS)

types: setup  ## check the types of the package
	@$(PY) -m mypy

test-code: setup  ## the tests in tests/ alone
	@$(PY) -m pytest tests --ignore tests/test_printed_runs.py

test-runs: setup  ## the commands `make run ...` that the pages print alone
	@$(PY) -m pytest tests/test_printed_runs.py

test-doctests: setup  ## the examples in the package's docstrings alone
	@$(PY) -m pytest --quiet --doctest-modules vppcore

# A folder of its own for the results, so that testing does not touch what the book shows.
test-notebooks: setup  ## compare the stored outputs of the notebooks with a new run
	@VPPCORE_RESULTS="$$PWD/build/nbval/results" $(PY) -m pytest --nbval --nbval-current-env \
	  --nbval-sanitize-with tests/nbval_sanitize.cfg --nbval-cell-timeout 900 -p no:cacheprovider \
	  -p tests.nbval_same $(NOTEBOOKS)

outputs: book  ## store the outputs of the book's run in notebooks/, after a wanted change of numbers
	@$(PY) tools/strip_images.py --into notebooks $(addprefix build/site/,$(NOTEBOOKS))

format: setup  ## let ruff mend and format the code
	@$(PY) -m ruff check --fix . && $(PY) -m ruff format .

lock:  ## compile requirements.lock anew (UPGRADE=--upgrade takes newer versions)
	@sh tools/lock.sh

clean:  ## remove build/ and results/
	@"$$PYTHON" tools/clean.py
