# `make demo` and `make test` need Python >= 3.10, Go >= 1.26 and make, and install or build everything else.
# Real packets need root, iproute2 and nftables. As root on Debian and similar systems, both targets install the two packages.
# Without them, both targets skip the packet tests.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
# A newer kubernetes plugin, installed in the Pulumi home, needs its SDK, so its runs have an environment of their own.
ifdef KUBERNETES
VENV := .venv-kubernetes-$(KUBERNETES)
export TKE_HYBRID_LAB_KUBERNETES := $(KUBERNETES)
endif
BIN := $(VENV)/bin
# Engine tests run file by file, because the tests of a file build on each other. Engine tests often wait, so three labs fit on two cores.
# The order of the files is that of tests/engine/conftest.py.
# Some of the lab's own tests kill labs and search for leftovers, so these tests run alone.
# A lab starts Python for every step of a program, and pytest rewrites each test, so bytecode is always written.
export PYTHONDONTWRITEBYTECODE :=
ENGINE := -n 3 --dist loadfile --no-loadscope-reorder
ALONE := tests/lab/test_packet_networks.py tests/lab/test_verify.py

.PHONY: help demo test engine unit cases lint toolchain tools pins clean
help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

$(VENV)/.ready: requirements/dev.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing: install Python 3.10 or later" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "Python 3.10 or later is needed: make PYTHON=python3.11" >&2; exit 1; }
	@echo "environment: $(VENV) (about two minutes the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(if $(KUBERNETES),$(BIN)/python -m pip install --quiet --disable-pip-version-check pulumi-kubernetes==$(KUBERNETES))
	@$(BIN)/python -m pytest --collect-only --quiet tests/unit tests/cases >/dev/null || true # writes bytecode, so that the first run takes no longer
	@touch $@

demo: tools ## The article's cluster in the embedded lab: preview, up, third zone, addresses that pods see, destroy
	@$(BIN)/python -m tests.lab.demo

test: lint tools ## Everything: linters, type checkers, unit, engine and lab tests
	@$(BIN)/python -m tests.shares tests/unit
	@$(BIN)/python -m tests.shares tests/cases
	@$(BIN)/python -m pytest -n 2 tests/processes
	@$(BIN)/python -m tests.lab.toolchain
	@$(BIN)/python -m pytest $(ENGINE) tests/engine
	@$(BIN)/python -m pytest -n 2 --dist loadfile tests/lab $(ALONE:%=--ignore %)
	@$(BIN)/python -m pytest $(ALONE)

engine: tools ## Only the engine tests; KUBERNETES=VERSION takes an installed kubernetes plugin and its SDK
	@$(BIN)/python -m tests.lab.toolchain
	@$(BIN)/python -m pytest $(ENGINE) tests/engine

unit: $(VENV)/.ready ## Only the unit tests: no binary, no lab
	@$(BIN)/python -m tests.shares tests/unit

cases: $(VENV)/.ready ## Only the cases: whole programs and whole commands, without a lab
	@$(BIN)/python -m tests.shares tests/cases

lint: $(VENV)/.ready ## Linters, type checkers and the import contract
	@$(BIN)/ruff check pulumi_tke_hybrid examples tests benchmarks
	@$(BIN)/ruff format --check --quiet pulumi_tke_hybrid examples tests benchmarks
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/mypy & mypy=$$!; $(BIN)/pyright; pyright=$$?; wait $$mypy && exit $$pyright # one checker on each core

toolchain: $(VENV)/.ready ## Download or build the lab's toolchain: up to 20 minutes on two cores, once
	@$(BIN)/python -m tests.lab.toolchain

tools: $(VENV)/.ready ## Install iproute2 and nftables with apt-get, for real packets
	@$(BIN)/python -m tests.lab.packets.tools

pins: $(VENV)/.ready ## Renew requirements/dev.txt
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		requirements/dev.in -o requirements/dev.txt

clean: ## Remove the environments; the built toolchain stays in the user's cache
	@rm -rf .venv .venv-kubernetes-* .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
