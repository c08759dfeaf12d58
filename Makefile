# Needs Python 3.11 or newer and make; everything else is installed into .venv/.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= auto

.DEFAULT_GOAL := help
.PHONY: help install serve test lint bench clean

help:
	@echo "make serve    install, then start the server on its embedded database"
	@echo "make test     install, then run all tests"
	@echo "make lint     ruff, mypy --strict, import directions"
	@echo "make bench    pings per second and latency on a database of its own"

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "hcserver needs Python 3.11 or newer; name one: make PYTHON=python3.12")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

serve: install
	$(BIN)/hcserver serve

test: install
	$(BIN)/python -m pytest -n $(JOBS)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict -p hcserver -p handlers -p smtp
	$(BIN)/lint-imports

bench: install
	$(BIN)/python -m bench.pings

clean:
	rm -rf $(VENV) build *.egg-info
