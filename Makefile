# Commands of dlmskit. `make test` and `make demo` set up what they need on a bare machine with Python 3.11 or later.
# Every path is relative, so that the folder may have any name.

VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
UV_VERSION := 0.13.8
PYTEST_WORKERS ?= 2
FUZZ_SECONDS ?= 60

# The interpreter is the one of the environment: uv neither fetches one nor keeps what a `make demo` did not ask for.
export UV_PYTHON_DOWNLOADS := never
export UV_PROJECT_ENVIRONMENT := $(VENV)
# Where the system has its own list of certificate authorities, that one counts: it knows the proxies of a company.
AUTHORITIES := $(wildcard /etc/ssl/certs/ca-certificates.crt)
ifneq ($(AUTHORITIES),)
export UV_SYSTEM_CERTS ?= 1
export PIP_CERT ?= $(AUTHORITIES)
endif
SYNC := $(UV) sync --quiet --frozen --inexact --all-extras

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup test lint types imports format cases guards support-table bench form-costs round-trips demo soak fuzz docs clean

help: ## Show this list
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 22

setup: $(VENV)/.stamp-dev ## Create the environment with everything for development

test: setup lint types imports ## Style, types, import contracts, then the tests
	@$(BIN)/pytest -n $(PYTEST_WORKERS) --dist worksteal -q

lint: setup ## Check style and formatting
	@$(BIN)/ruff check --quiet
	@$(BIN)/ruff format --quiet --check
	@echo "style: good"

types: setup ## Check types
	@$(BIN)/mypy

imports: setup ## Check that every room imports only what it may
	@$(BIN)/lint-imports

support-table: setup ## Run the marked tests, write which parts of the security concept they have shown
	-@$(BIN)/pytest -n $(PYTEST_WORKERS) --dist worksteal -q -m "supports and not soak"
	@$(BIN)/python -m scripts.support_table

format: setup ## Mend style and formatting where that is safe
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

cases: setup ## List the robustness cases and the tests that hold them
	@$(BIN)/python -m tests.case_table

guards: setup ## Take out each guard of a robustness case, see the tests of the case turn red; an hour or so
	@$(BIN)/python -m scripts.guards

bench: setup ## Compare speed with other Python stacks, side by side in one run
	@$(BIN)/dlmskit bench

round-trips: setup ## Count round trips and octets of each way to read, write docs/explanation/efficiency.md
	@$(BIN)/python -m scripts.round_trips

form-costs: setup ## Measure what each form of protection costs, write docs/explanation/form-costs.md
	@$(BIN)/python -m scripts.form_costs

demo: $(VENV)/.stamp-run ## Simulated meters, a ciphered read, a load profile, a telegram explained
	@$(BIN)/dlmskit demo

soak: setup ## Everything, long runs included, with many random examples per property
	@HYPOTHESIS_PROFILE=soak $(BIN)/pytest -n $(PYTEST_WORKERS) --dist worksteal -q -m ""

fuzz: setup ## Look for inputs that break a decoder, by coverage; FUZZ_SECONDS for each target
	@$(SYNC) --group fuzz
	@for target in v44 unprotect; do $(BIN)/python -m tests.fuzz $$target $(FUZZ_SECONDS) || exit 1; done

docs: setup ## Build the documentation into site/
	@$(BIN)/python -m scripts.reference
	@$(BIN)/python -m scripts.object_types
	@$(BIN)/zensical build --strict

clean: ## Remove what was built and cached; the environment stays
	@rm -rf build dist site .cache .fuzz .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find src tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

# The environment. A stamp says which state of pyproject.toml and uv.lock it was made for.

$(UV): scripts/environment.sh Makefile
	@sh scripts/environment.sh $(VENV) $(UV_VERSION)
	@touch $(UV)

$(VENV)/.stamp-run: $(UV) pyproject.toml uv.lock
	@$(SYNC) --no-dev
	@touch $@

$(VENV)/.stamp-dev: $(UV) pyproject.toml uv.lock scripts/services.sh
	@sh scripts/services.sh
	@$(SYNC)
	@touch $@ $(VENV)/.stamp-run
