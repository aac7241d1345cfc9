# The commands of the study book. All of them install what they need first, from requirements.lock.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(shell command -v uv 2>/dev/null)
# The ledger sums up the results of the others, so it comes last.
NOTEBOOKS = $(sort $(filter-out %/ledger.ipynb,$(wildcard notebooks/*.ipynb))) $(wildcard notebooks/ledger.ipynb)

# The kernel "python3" is that of .venv, even if the user has another one of that name.
export JUPYTER_PREFER_ENV_PATH := 1
export PYDEVD_DISABLE_FILE_VALIDATION := 1

.PHONY: help book run case check sweep lab test lint test-code test-notebooks outputs format lock clean
.DEFAULT_GOAL := help

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-15s %s\n", $$1, $$2}' Makefile

book: $(VENV)/.ready  ## run the notebooks that changed and build the book
	@echo "Building the book; unchanged notebooks are not run again."
	@$(BIN)/snakemake --cores all --keep-going --rerun-incomplete --quiet all || \
	  { echo "The book was not built; what failed stands above, the details in build/logs/." >&2; exit 1; }
	@echo "The book: build/book/index.html"

run: $(VENV)/.ready  ## run one notebook: make run NB=cooperation P="penalty=3e-4 solver=gurobi"
	@NB="$(NB)" $(BIN)/python tools/run_notebook.py "$$NB" --parameters "$$P"

case: $(VENV)/.ready  ## copy the commented template of a case: make case NAME=mine
	@$(BIN)/python tools/case.py new "$(NAME)"

check: $(VENV)/.ready  ## say what a case holds, or every fault in it: make check CASE=data/mine
	@$(BIN)/python tools/case.py check "$(CASE)"

CASES ?= paper-a
LEVELS ?= 0 2 4 6 8 10 12
DEVIATIONS ?= 0.1 0.2
sweep: $(VENV)/.ready  ## worst-case cost over a grid: make sweep LEVELS="0 4 8" DEVIATIONS="0.1 0.2" CASES="paper-a"
	@$(BIN)/snakemake --cores all --keep-going --rerun-incomplete --quiet all --config cases="$(CASES)" \
	  levels="$(LEVELS)" deviations="$(DEVIATIONS)" -- sweep || \
	  { echo "Not every point was computed; what failed stands above." >&2; exit 1; }
	@$(BIN)/python -c 'import pandas; print(pandas.read_csv("results/sweep/sweep.csv").round(2).to_string(index=False))'

lab: $(VENV)/.ready  ## open the notebooks in JupyterLab
	VPPCORE_RESULTS="$(CURDIR)/build/lab/results" VPPCORE_PROGRESS=1 $(BIN)/jupyter lab \
	  --LabApp.news_url=None --LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate notebooks $(LAB)

test: lint  ## check the code, the notebooks' stored outputs and the built book
	@mkdir -p build/logs
# The notebooks run beside the other tests: one core each.
	@$(MAKE) --no-print-directory test-notebooks >build/logs/nbval.log 2>&1 & notebooks=$$!; \
	  trap 'kill $$notebooks 2>/dev/null' INT TERM; \
	  $(MAKE) --no-print-directory test-code; code=$$?; \
	  wait $$notebooks || code=1; cat build/logs/nbval.log; exit $$code

lint: $(VENV)/.ready
	@$(BIN)/ruff check --quiet --output-format concise .
	@$(BIN)/python tools/strip_images.py --check $(NOTEBOOKS)

test-code: $(VENV)/.ready  ## the tests in tests/ alone
	@$(BIN)/pytest tests

# A folder of its own for the results, so that testing does not touch what the book shows.
test-notebooks: $(VENV)/.ready  ## compare the stored outputs of the notebooks with a new run
	@VPPCORE_RESULTS="$(CURDIR)/build/nbval/results" $(BIN)/pytest --nbval --nbval-current-env \
	  --nbval-sanitize-with tests/nbval_sanitize.cfg --nbval-cell-timeout 900 -p no:cacheprovider $(NOTEBOOKS)

outputs: book  ## store the outputs of the book's run in notebooks/, after a wanted change of numbers
	@$(BIN)/python tools/strip_images.py --into notebooks $(addprefix build/site/,$(NOTEBOOKS))

format: $(VENV)/.ready  ## let ruff mend and format the code
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

lock:  ## compile requirements.lock anew (UPGRADE=--upgrade takes newer versions)
	@uv="$(UV)"; [ -n "$$uv" ] || { $(PYTHON) -m venv build/uv && build/uv/bin/python -m pip install --quiet uv \
	  && uv=build/uv/bin/uv; }; "$$uv" pip compile pyproject.toml --extra book --extra test --universal \
	  --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet $(UPGRADE) -o requirements.lock

clean:  ## remove build/ and results/
	rm -rf build results .snakemake

# A path file instead of an editable install: the same with uv and pip, and nothing has to be built or fetched.
$(VENV)/.ready: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null || \
	  { echo "The book needs Python 3.11 to 3.14, and $(PYTHON) is not: say which one to use, as in" \
	    "make book PYTHON=python3.12" >&2; exit 1; }
	@echo "Installing the locked packages into $(VENV); this takes some minutes, once."
ifdef UV
	@[ -x $(BIN)/python ] || "$(UV)" venv --quiet --python "$$($(PYTHON) -c 'import sys; print(sys.executable)')" $(VENV)
	@"$(UV)" pip install --quiet --python $(BIN)/python --require-hashes --no-deps -r requirements.lock
else
	@[ -x $(BIN)/python ] || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
endif
	@$(BIN)/python -c 'import sysconfig, pathlib; \
	  pathlib.Path(sysconfig.get_path("purelib"), "vppcore.pth").write_text("$(CURDIR)\n")'
# Matplotlib lists the fonts once; left to the first notebook, its notice would end up in the book.
	@$(BIN)/python -c 'import matplotlib.font_manager' 2>/dev/null
	@touch $@
