# The only command surface. `make` alone says what there is.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# The scanner's own environment: it pins another boto3.
SCANNER := .venv-scan
# The load tool's own, too: it brings a web server along.
LOADER := .venv-load
# What the browser tests and the generated client need. Without npm, or without Chromium, they say that they were skipped.
ifneq ($(shell command -v npm),)
NPM_PACKAGES := tests/browser/node_modules/.package-lock.json tests/contract/typescript/node_modules/.package-lock.json
endif

.DEFAULT_GOAL := help
.PHONY: help run test faults bench load growth costs check format token reconcile openapi deploy destroy restore deploy-check scan reset clean

help: ## Show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(INSTALLED) ## Run all of it on this machine; API_PORT and AWS_PORT change the ports
	@$(BIN)/python -m local

test: $(INSTALLED) $(NPM_PACKAGES) ## Run all tests; ARGS goes to pytest: make test ARGS=tests/unit
	@$(BIN)/python -m pytest $(ARGS)

faults: $(INSTALLED) ## Hold the promises to faults of AWS, at full size: some minutes
	@$(BIN)/python -m tests.faults.bars $(ARGS)

bench: $(INSTALLED) ## How fast, against what a user would write instead: some minutes
	@$(BIN)/python -m benchmarks $(ARGS)

load: $(INSTALLED) $(LOADER) ## How it bears load, deployed and in chalice local: a quarter of an hour
	@$(BIN)/python -m benchmarks.load $(LOADER)/bin/locust $(ARGS)

growth: $(INSTALLED) ## The same requests on ten profiles and on a million: ten minutes
	@$(BIN)/python -m benchmarks.growth $(ARGS)

costs: $(INSTALLED) ## What it costs, and the quotas met, for so many people
	@$(BIN)/python -m benchmarks.costs $(ARGS)

check: $(INSTALLED) ## Lint, formatting and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(INSTALLED) ## Format the code and mend what the linter can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

# By the environment and $(value), so that a password may hold any character.
token: export SIGN_IN_EMAIL := $(value EMAIL)
token: export SIGN_IN_PASSWORD := $(value PASSWORD)
token: $(INSTALLED) ## Sign in to the running stack: make -s token EMAIL=... PASSWORD=...
	@$(BIN)/python -m local.session

STAGE ?= local
reconcile: $(INSTALLED) ## Give every user a profile: STAGE=local ARGS="--dry-run --remove-orphans --restart"
	@$(BIN)/python -m local.reconcile --stage '$(STAGE)' $(ARGS)

openapi: $(INSTALLED) ## Write openapi.json anew, from the routes and the models
	@$(BIN)/python -m local.openapi

deploy: $(INSTALLED) ## Deploy a stage to AWS, or bring it up to date: make deploy STAGE=dev
	@$(BIN)/python -m infra.deploy up '$(filter-out local,$(STAGE))'

destroy: $(INSTALLED) ## Take a stage down, with all its data: make destroy STAGE=dev
	@$(BIN)/python -m infra.deploy down '$(filter-out local,$(STAGE))'

restore: $(INSTALLED) ## Put profiles back from a restored table: make restore STAGE=dev FROM=Users-dev-restored
	@$(BIN)/python -m infra.deploy.restore '$(filter-out local,$(STAGE))' '$(FROM)' $(ARGS)

deploy-check: $(INSTALLED) ## Deploy to an embedded AWS with the real Terraform and Chalice, and try it
	@$(BIN)/python -m pytest -q -p tests.deployment.summary tests/deployment/cloud $(ARGS)

scan: $(SCANNER) ## Scan the Terraform module for insecure settings
	@LOG_LEVEL=ERROR $(SCANNER)/bin/checkov --directory infra --framework terraform --compact --quiet --skip-download

reset: $(INSTALLED) ## Forget the users of make run
	@$(BIN)/python -m local.reset

clean: ## Remove all that these targets made
	@rm -rf .local .bench .terraform-plugins $(VENV) $(SCANNER) $(LOADER) .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis $(dir $(NPM_PACKAGES))

%/node_modules/.package-lock.json: %/package-lock.json
	@npm ci --silent --prefix $*
	@touch $@

$(SCANNER): requirements-scan.txt
	@$(PYTHON) -m venv $(SCANNER)
	@$(SCANNER)/bin/pip install --quiet --disable-pip-version-check -r requirements-scan.txt
	@touch $@

$(LOADER): benchmarks/requirements/load.txt
	@$(PYTHON) -m venv $(LOADER)
	@$(LOADER)/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(INSTALLED): requirements.txt requirements-pictures.txt requirements-dev.txt constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	@echo "Installing into $(VENV), once: a minute or so" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
