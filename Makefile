# Needs Python 3.11 or newer and make. Everything else is installed into .venv/, at the versions and with the
# hashes that the lock files name.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
LOCK_VENV := .venv-lock
DOCS_VENV := .venv-docs
# Processes that run tests: one more than there are processors, as many tests wait for a server or a browser.
JOBS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
MIN_COVERAGE := 97
# A file of tests in one process, so that a server of its own is started once; in their order, in which slow ones are first.
PYTEST = $(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)
PIP_INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Tests start hundreds of processes, which would compile every module anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install serve test coverage lint bench man docs audit lock clean

help:
	@echo "make install   create .venv/ and install hcserver and its development tools into it"
	@echo "make serve     install, then start the server with its embedded database in data/"
	@echo "make test      install, then run all tests in parallel (JOBS=2 limits the processes, ARGS=\"tests/smtp -x\" is for pytest)"
	@echo "make coverage  run all tests and fail if less than $(MIN_COVERAGE) % of lines and branches were run"
	@echo "make lint      check style, types and import directions (ruff, mypy --strict, import-linter)"
	@echo "make bench     measure pings, requests, alerts and emails on temporary databases (PARTS=\"pings reads\" chooses)"
	@echo "make man       write docs/hcserver.1, the manual page, and docs/configuration.md, from the commands and settings"
	@echo "make docs      write the documents as a site to site/, and fail if a link in them leads nowhere"
	@echo "make audit     look the locked dependencies up in the database of known vulnerabilities"
	@echo "make lock      resolve the dependencies anew and write the lock files"
	@echo "make clean     delete .venv/ and everything that was built"
	@echo
	@echo "PYTHON=python3.12 chooses the interpreter that .venv/ is created with."

install: $(VENV)/.installed

# Some packages have no wheels, and are built with the locked setuptools, as hcserver is: nothing that is installed
# or executed here is without a hash. The lock files are complete, so pip resolves nothing (--no-deps): left to itself,
# it may prefer a newer release to the locked one for a requirement with an extra, and then find no hash for it.
$(VENV)/.installed: pyproject.toml requirements.lock requirements-build.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "hcserver needs Python 3.11 or newer; choose one with: make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP_INSTALL) --no-deps --require-hashes --requirement requirements-build.lock
	$(PIP_INSTALL) --no-deps --require-hashes --no-build-isolation --requirement requirements.lock
	PYTHONWARNINGS=ignore $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	touch $@

serve: install
	$(BIN)/hcserver serve

test: install
	$(PYTEST)

coverage: install
	$(PYTEST) --cov --cov-report=term --cov-fail-under=$(MIN_COVERAGE)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install
	$(BIN)/python -m bench $(PARTS)

man: install
	$(BIN)/python -m hcserver.cli.manual >docs/hcserver.1
	$(BIN)/python -m hcserver.config.document config.toml >docs/configuration.md

# MkDocs has an environment of its own, which nothing else needs. docs/site/mkdocs.yml says what the site consists of.
docs: install $(DOCS_VENV)/.installed
	mkdir -p build/docs
	$(BIN)/python -m handlers.pages.reference_document >build/docs/reference.md
	NO_MKDOCS_2_WARNING=1 $(DOCS_VENV)/bin/mkdocs build --quiet --strict --config-file docs/site/mkdocs.yml
	@echo "The site is in site/: open site/index.html, or serve it with: $(PYTHON) -m http.server --directory site"

$(DOCS_VENV)/.installed: docs/site/requirements.lock
	test -x $(DOCS_VENV)/bin/python || $(PYTHON) -m venv $(DOCS_VENV)
	$(DOCS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement $<
	touch $@

audit: install
	$(BIN)/pip-audit --strict --disable-pip --require-hashes \
		--requirement requirements.lock --requirement docs/site/requirements.lock

# The files hold for Python 3.11 and newer on every platform, and have the hashes of all files of a release.
COMPILE = UV_CUSTOM_COMPILE_COMMAND="make lock" $(LOCK_VENV)/bin/uv pip compile --quiet --upgrade --universal \
	--python-version 3.11 --generate-hashes --no-emit-index-url

lock:
	test -x $(LOCK_VENV)/bin/uv || ($(PYTHON) -m venv $(LOCK_VENV) && $(LOCK_VENV)/bin/pip install --quiet uv)
	$(COMPILE) --extra dev --output-file requirements.lock pyproject.toml
	$(COMPILE) --extra embedded --extra notify --constraint requirements.lock \
		--output-file docs/deploy/requirements.lock pyproject.toml
	echo mkdocs-material | $(COMPILE) --constraint requirements.lock --output-file docs/site/requirements.lock -
	echo setuptools | $(COMPILE) --constraint requirements.lock --output-file requirements-build.lock -

clean:
	rm -rf .venv .venv-* build site *.egg-info .coverage .mypy_cache .ruff_cache
