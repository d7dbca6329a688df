# Everything a person does with this repository; `make help` lists it.
# On a fresh machine each target first builds what it needs.

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed
EDITABLE := $(VENV)/.jikimi-installed
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input
WORKERS ?= 3

.DEFAULT_GOAL := help
.PHONY: help setup setup-dev demo run test check format bench bench-scale eval eval-forgery eval-harm eval-language chaos words docs lock screenshots clean \
	prerequisites-demo prerequisites-test web-scripts web-scripts-dev
.PHONY: demo-scale prerequisites-scale

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: prerequisites-demo $(RUNTIME) $(EDITABLE) web-scripts ## build .venv with .venv/bin/jikimi, and the pages' scripts
	@echo "ready: $(BIN)/jikimi"

setup-dev: prerequisites-test $(DEV) $(EDITABLE) web-scripts-dev ## the same with everything that tests need

demo: setup ## show the whole pipeline on an invented agency, in the browser
	$(BIN)/jikimi demo $(ARGS)

demo-scale: prerequisites-scale setup ## the same through a real Kafka, two workers, Elasticsearch
	PYTHON=$(PYTHON) deploy/local/services run -- $(BIN)/jikimi demo --scale $(ARGS)

run: setup ## watch live sources
	$(BIN)/jikimi run $(ARGS)

test: check ## every check and every test
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

check: setup-dev ## style, types, import rules, docs
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q tests/test_docs.py tests/test_house.py

format: setup-dev ## let ruff format and repair what it can
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

bench: setup-dev ## measure speed and memory; one JSON line a benchmark
	@for file in tests/bench/bench_*.py; do PYTHONPATH=. $(BIN)/python $$file $(ARGS) || exit 1; done

eval: setup ## find campaigns in simulated streams and score what was found
	$(BIN)/jikimi eval campaigns --work .eval $(ARGS)

eval-harm: setup-dev ## measure how well harm is judged: tables, intervals, disguises
	@PYTHONPATH=. $(BIN)/python -m tests.eval.harm $(ARGS)

eval-language: setup-dev ## measure how well the language of short posts is told
	@PYTHONPATH=. $(BIN)/python -m tests.eval.language

eval-forgery: setup-dev ## train a forgery model on drawn faces and measure it, ten minutes
	@PYTHONPATH=. $(BIN)/python -m tests.eval.forgery $(or $(ARGS),.eval/forgery)

bench-scale: setup-dev ## measure scale-out on a real Kafka and Elasticsearch, 12 minutes at most
	@PYTHONPATH=. $(BIN)/python -W ignore -m tests.bench.scale $(ARGS)

chaos: setup-dev ## bad days too long for make test, on a real Kafka: twenty rounds of chaos
	JIKIMI_CHAOS_ROUNDS=$${JIKIMI_CHAOS_ROUNDS:-20} $(BIN)/python -m pytest $(CHAOS) $(ARGS)

CHAOS := $(addprefix tests/scale/test_,brokers.py chaos.py membership.py network.py restore.py spread.py storm.py)

words: setup-dev ## bring the catalogues of the pages up to date with their sentences
	$(BIN)/python -m dashboards.web.extraction

docs: setup-dev ## write docs/reference/ anew from the code
	$(BIN)/python -m dashboards.reference docs/reference

screenshots: setup-dev ## take the pictures of docs/images
	PYTHONPATH=. $(BIN)/python tests/dashboards/web/screenshots.py docs/images

lock: setup-dev ## write both lock files anew
	$(BIN)/uv pip compile pyproject.toml --extra build --extra dev $(LOCK_FLAGS) -o requirements-dev.lock
	$(BIN)/uv pip compile pyproject.toml --extra build -c requirements-dev.lock $(LOCK_FLAGS) -o requirements.lock
	@! grep -nE '^--|https?://' requirements.lock requirements-dev.lock

LOCK_FLAGS := --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links --quiet $(UPGRADE)

clean: ## remove what was built, keep .venv and data
	rm -rf build dist node_modules dashboards/web/static/vendor .mypy_cache .ruff_cache \
		.pytest_cache .hypothesis .import_linter_cache .grimp_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +

prerequisites-demo:
	@PYTHON=$(PYTHON) sh deploy/local/prerequisites.sh demo

prerequisites-scale:
	@PYTHON=$(PYTHON) sh deploy/local/prerequisites.sh scale

prerequisites-test:
	@PYTHON=$(PYTHON) sh deploy/local/prerequisites.sh test

web-scripts:
	@sh deploy/local/web-scripts.sh

web-scripts-dev:
	@sh deploy/local/web-scripts.sh dev

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(RUNTIME): requirements.lock | $(BIN)/python
	$(PIP) install --quiet --require-hashes -r requirements.lock
	@touch $@

$(DEV): requirements-dev.lock | $(BIN)/python
	$(PIP) install --quiet --require-hashes -r requirements-dev.lock
	@touch $@ $(RUNTIME)

# The lock holds the build backend, so nothing is fetched here.
$(EDITABLE): pyproject.toml | $(BIN)/python
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@
