# `make demo` and `make test` need Python >= 3.10, Go >= 1.26 and make; what else they need, they install or build.
# Real packets need root, iproute2 and nftables; as root on Debian and its like these are installed, elsewhere that part is left out.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Engine tests by the file: what a file's tests build on each other stays together. They mostly wait, so two labs fit on two cores.
# The lab's own tests kill labs and look for what is left, so they run alone.
# A lab starts Python for every step of a program, and pytest rewrites each test: what is compiled is kept, whatever the machine's habit.
export PYTHONDONTWRITEBYTECODE :=
UNIT := -n auto --dist worksteal
ENGINE := -n 2 --dist loadfile

.PHONY: help demo test unit lint toolchain tools pins clean
help: ## What can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

$(VENV)/.ready: requirements/dev.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python is missing: install Python 3.10 or later" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "Python 3.10 or later is needed; say make PYTHON=python3.11" >&2; exit 1; }
	@echo "environment: $(VENV) (about two minutes the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m pytest --collect-only --quiet tests/unit >/dev/null || true # compiles, so that the first run takes no longer
	@touch $@

demo: tools ## The article's cluster in the embedded lab: preview, up, third zone, which client pods see, destroy
	@$(BIN)/python -m tests.lab.demo

test: lint tools ## Everything: linters, type checkers, unit, engine and lab tests
	@$(BIN)/python -m pytest $(UNIT) tests/unit
	@$(BIN)/python -m pytest tests/processes
	@$(BIN)/python -m tests.lab.toolchain
	@$(BIN)/python -m pytest $(ENGINE) tests/engine
	@$(BIN)/python -m pytest tests/lab

unit: $(VENV)/.ready ## The unit tests alone: seconds, no binary
	@$(BIN)/python -m pytest $(UNIT) tests/unit

lint: $(VENV)/.ready ## Linters, type checkers and the import contract
	@$(BIN)/ruff check pulumi_tke_hybrid examples tests benchmarks
	@$(BIN)/ruff format --check --quiet pulumi_tke_hybrid examples tests benchmarks
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/mypy
	@$(BIN)/pyright

toolchain: $(VENV)/.ready ## Build what the lab runs on: about 20 minutes on two cores, once
	@$(BIN)/python -m tests.lab.toolchain

tools: $(VENV)/.ready ## What real packets need, iproute2 and nftables: installed with apt-get where that is possible
	@$(BIN)/python -m tests.lab.packets.tools

pins: $(VENV)/.ready ## Renew requirements/dev.txt
	@$(BIN)/python -m pip install --quiet uv
	@$(BIN)/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-emit-index-url --no-annotate --no-header \
		requirements/dev.in -o requirements/dev.txt

clean: ## Remove the environment; the built toolchain stays in the user's cache
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build *.egg-info
