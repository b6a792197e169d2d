# Two commands do everything on a fresh machine:
#   make submission   installs into .venv and regenerates the demo submission from videos
#   make test         installs into .venv and runs all tests (slow ones too) and the linters

PROFILE ?= demo
CORES ?= 2
# The first Python 3.11 to 3.13 that runs here; override with `make PYTHON=... submission`.
PYTHON ?= $(shell for p in python3 python3.12 python3.11 python3.13; do \
  $$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip install -qq --disable-pip-version-check
UV := 0.13.9
PYTEST := $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile
FAST = $(PYTEST) -m "not slow"

.PHONY: submission test test-fast lint format docs pages tables release lock clean
submission: .venv/installed
	$(BIN)/rppg run --profile $(PROFILE) --cores $(CORES)

test: .venv/installed lint
	$(FAST)
	$(PYTEST) -m slow --durations 25

test-fast: .venv/installed
	$(FAST)

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/nbstripout --verify notebooks/*.ipynb notebooks/studies/*/*.ipynb

format: .venv/installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/nbstripout notebooks/*.ipynb notebooks/studies/*/*.ipynb

# The documentation as a site: build/site/index.html.  A broken link or a missing name is an error.
docs: .venv-docs/installed
	NO_MKDOCS_2_WARNING=1 .venv-docs/bin/mkdocs build --strict --quiet
	@echo "build/site/index.html"

# The executed notebooks of the demo as HTML in docs/notebooks, once `make submission` has made them.
pages: .venv/installed
	$(BIN)/python docs/notebook_pages.py submissions/$(PROFILE)/notebooks docs/notebooks

# The tables of README.md and docs/ again, from the committed results.
tables: .venv/installed
	$(BIN)/python benchmarks/tables.py

# An archive of the sources and a wheel in build/dist, checked; CONTRIBUTING.md says what a release is.
release: .venv-docs/installed
	rm -rf build/dist
	.venv-docs/bin/python -m build --outdir build/dist
	.venv-docs/bin/twine check --strict build/dist/*

# MkDocs, build and twine, in an environment of their own (220 MB): none of them needs rppg installed.
.venv-docs/installed: pyproject.toml
	$(PYTHON) -m venv .venv-docs
	.venv-docs/bin/python -m pip install -qq --disable-pip-version-check -U "pip>=25.1"
	.venv-docs/bin/python -m pip install -qq --group docs --group release
	@touch $@

# Installs exactly what requirements.lock pins, once; again only when the pins change.  By uv, which
# takes a third of pip's time; by pip where uv cannot, as where only pip is told of an index.  Compiled
# at once, as pip does: where Python may not write bytecode, each process would compile what it imports.
.venv/installed: requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "rppg needs Python 3.11, 3.12 or 3.13; none was found on PATH. Install one, or name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@echo "Installing into .venv with $$($(PYTHON) --version) (about 2 minutes, 7 GB)"
	$(PYTHON) -m venv .venv
	$(PIP) uv==$(UV) && UV_CACHE_DIR=.venv/cache $(BIN)/uv pip install -q --compile-bytecode --python $(BIN)/python -r requirements.lock || $(PIP) -r requirements.lock
	@rm -rf .venv/cache
	$(PIP) --no-build-isolation --no-deps -e .
	@touch $@

# Resolves the pins anew for Python 3.11 to 3.13 (a test then says which lines of environment.yml to change).
lock:
	$(PIP) uv==$(UV)
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --extra suite --extra dev --no-annotate --no-header \
	  pyproject.toml -o requirements.lock

clean:
	rm -rf .venv .venv-docs .snakemake build data prepared runs submissions/*/
