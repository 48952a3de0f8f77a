# The only command surface. `make` alone says what there is.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# The browser tests' client. Without npm, or without Chromium, those tests say that they were skipped.
ifneq ($(shell command -v npm),)
BROWSER_CLIENT := tests/browser/node_modules/.package-lock.json
endif

.DEFAULT_GOAL := help
.PHONY: help run test check format token reconcile reset clean

help: ## Show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(INSTALLED) ## Run all of it on this machine; API_PORT and AWS_PORT change the ports
	@$(BIN)/python -m local

test: $(INSTALLED) $(BROWSER_CLIENT) ## Run all tests; ARGS goes to pytest: make test ARGS=tests/unit
	@$(BIN)/python -m pytest $(ARGS)

check: $(INSTALLED) ## Lint, formatting and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(INSTALLED) ## Format the code and mend what the linter can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

token: $(INSTALLED) ## Sign in to the running stack: make -s token EMAIL=... PASSWORD=...
	@$(BIN)/python -m local.session sign-in '$(EMAIL)' '$(PASSWORD)'

STAGE ?= local
reconcile: $(INSTALLED) ## Give every user a profile: STAGE=local ARGS="--dry-run --remove-orphans --restart"
	@$(BIN)/python -m local.reconcile --stage '$(STAGE)' $(ARGS)

reset: ## Forget the users of make run
	@rm -rf .local

clean: reset ## Remove all that these targets made
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis tests/browser/node_modules

tests/browser/node_modules/.package-lock.json: tests/browser/package-lock.json
	@npm ci --silent --prefix tests/browser
	@touch $@

$(INSTALLED): requirements.txt requirements-dev.txt constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	@echo "Installing into $(VENV), once: a minute or so" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
