# The only command surface. `make` alone lists the targets.

# The newest Python that runs and can make a virtual environment: a shim of pyenv may be there and not run.
PYTHON_VERSIONS := 3.14 3.13 3.12 3.11
PYENV_ROOT ?= $(HOME)/.pyenv
CANDIDATES = $(foreach version,$(PYTHON_VERSIONS),python$(version) $(wildcard $(PYENV_ROOT)/versions/$(version).*/bin/python)) python3
if_usable = $(shell $(1) -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(1))
PYTHON ?= $(or $(firstword $(foreach candidate,$(CANDIDATES),$(call if_usable,$(candidate)))),python3)
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := pip install --quiet --disable-pip-version-check
# What `make run` and `make deploy` need, and what tests, linters and benchmarks need besides.
INSTALLED := $(VENV)/.installed
DEVELOPMENT := $(VENV)/.development
# The scanner's own environment: it pins another boto3.
SCANNER := .venv-scan
# The load tool's own, too: it brings a web server along.
LOADER := .venv-load
# The packages of the browser tests and of the OpenAPI tools. Without npm these tests are skipped, each with a reason.
ifneq ($(shell command -v npm),)
NPM_PACKAGES := $(patsubst %/package-lock.json,%/node_modules/.package-lock.json,$(wildcard tests/*/package-lock.json tests/*/*/package-lock.json))
endif
# Test files are spread over two processes. More would start more stacks than they save time.
PYTEST := $(BIN)/python -m pytest -p tests.support.scheduling -n 2

# The oldest botocore that a Lambda runtime of Python 3.12 may have, from late 2024, and the newest that was tested.
BOTOCORE_OLDEST := 1.34.145
BOTOCORE_VERSIONS := $(BOTOCORE_OLDEST) 1.44.8
BOTOCORE_TESTS := tests/contract/test_calls.py $(patsubst %,tests/unit/test_%.py,aws idle_connections repository cognito paging checking)
# Those that tune clients themselves, whatever BOTOCORE_TUNING says.
BOTOCORE_TUNING_TESTS := $(patsubst %,tests/unit/test_%.py,botocore_tuning sdk)

.DEFAULT_GOAL := help
.PHONY: help run test test-unit test-all test-botocore faults bench load growth costs check format lock token reconcile openapi deploy destroy restore deploy-check scan reset clean

help: ## Show this
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(INSTALLED) ## Run all of it on this machine; API_PORT and AWS_PORT change the ports
	@$(BIN)/python -m local

test: $(DEVELOPMENT) ## Run the tests, in three minutes; ARGS goes to pytest: make test ARGS=tests/unit
	@$(PYTEST) -m "not slow" $(ARGS)

test-unit: $(DEVELOPMENT) ## Run the tests that start no server, in about a minute
	@$(PYTEST) tests/unit $(ARGS)

test-all: $(DEVELOPMENT) $(NPM_PACKAGES) ## Run all tests: browsers, generated clients and a whole deployment too
	@$(PYTEST) $(ARGS)

test-botocore: $(DEVELOPMENT) $(BOTOCORE_VERSIONS:%=.botocore/%) ## Run the tests of AWS calls with the oldest and the newest botocore
	@$(foreach version,$(BOTOCORE_VERSIONS),$(foreach tuning,on off,\
	  echo "botocore $(version), tuning $(tuning)" && \
	  BOTOCORE_VERSION=$(version) BOTOCORE_TUNING=$(tuning) $(PYTEST) -q -o pythonpath=.botocore/$(version) \
	    -W "ignore:datetime.datetime.utcnow:DeprecationWarning" \
	    $(if $(filter $(BOTOCORE_OLDEST),$(version)),-m "not newer_botocore") \
	    $(BOTOCORE_TESTS) $(if $(filter on,$(tuning)),$(BOTOCORE_TUNING_TESTS)) $(ARGS) &&)) true

faults: $(DEVELOPMENT) ## Hold the promises to faults of AWS, at full size: some minutes
	@$(BIN)/python -m tests.faults.bars $(ARGS)

bench: $(DEVELOPMENT) ## How fast, against what a user would write instead: some minutes
	@$(BIN)/python -m benchmarks $(ARGS)

load: $(DEVELOPMENT) $(LOADER) ## How it bears load, deployed and in chalice local: a quarter of an hour
	@$(BIN)/python -m benchmarks.load $(LOADER)/bin/locust $(ARGS)

growth: $(DEVELOPMENT) ## The same requests on ten profiles and on a million, and reconciliation: a quarter of an hour
	@$(BIN)/python -m benchmarks.growth $(ARGS)

costs: $(DEVELOPMENT) ## What it costs, and the quotas met, for so many people
	@$(BIN)/python -m benchmarks.costs $(ARGS)

check: $(DEVELOPMENT) ## Lint, formatting and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

format: $(DEVELOPMENT) ## Format the code and mend what the linter can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: $(DEVELOPMENT) ## Write the hashes of production dependencies, after a change of requirements.in
	@for name in requirements requirements-pictures; do \
	  CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --output-file $$name.txt $$name.in || exit 1; \
	done

# By the environment and $(value), so that a password may hold any character.
token: export SIGN_IN_EMAIL := $(value EMAIL)
token: export SIGN_IN_PASSWORD := $(value PASSWORD)
token: $(INSTALLED) ## Sign in to the running stack: make -s token EMAIL=... PASSWORD=...
	@$(BIN)/python -m local.session

STAGE ?= local
# By the environment and $(value), too: a stage's name is checked before anything else reads it, make included.
unexport FROM STAGE
reconcile: export STAGE_NAME := $(value STAGE)
reconcile: $(INSTALLED) ## Give every user a profile: STAGE=local ARGS="--dry-run --remove-orphans --restart"
	@$(BIN)/python -m local.reconcile $(ARGS)

openapi: $(DEVELOPMENT) ## Write openapi.json from the routes and the models
	@$(BIN)/python -m local.openapi

deploy destroy restore: export STAGE_NAME := $(filter-out local,$(value STAGE))
deploy: $(INSTALLED) ## Deploy a stage to AWS, or bring it up to date: make deploy STAGE=dev
	@$(BIN)/python -m infra.deploy up

destroy: $(INSTALLED) ## Take a stage down, with all its data: make destroy STAGE=dev
	@$(BIN)/python -m infra.deploy down

restore: export RESTORED_TABLE := $(value FROM)
restore: $(INSTALLED) ## Put profiles back from a restored table: make restore STAGE=dev FROM=Users-dev-restored
	@$(BIN)/python -m infra.deploy.restore $(ARGS)

deploy-check: $(DEVELOPMENT) ## Deploy to an embedded AWS with the real Terraform and Chalice, and try it
	@$(BIN)/python -m pytest -q -p tests.deployment.summary tests/deployment/cloud $(ARGS)

scan: $(SCANNER) ## Scan the Terraform module for insecure settings, and production dependencies for advisories
	@LOG_LEVEL=ERROR $(SCANNER)/bin/checkov --directory infra --framework terraform --compact --quiet --skip-download
	@$(SCANNER)/bin/python -m tools.audit requirements.txt requirements-pictures.txt

reset: $(INSTALLED) ## Forget the users of make run
	@$(BIN)/python -m local.reset

clean: ## Remove all that these targets made
	@rm -rf .local .local-* .bench .botocore .terraform-plugins $(VENV) $(SCANNER) $(LOADER) .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis $(dir $(NPM_PACKAGES))

%/node_modules/.package-lock.json: %/package-lock.json
	@npm ci --silent --prefix $*
	@touch $@

# Beside .venv, and before it in the path of tests alone: what they start has the version that the embedded AWS needs.
.botocore/%: | $(DEVELOPMENT)
	@$(BIN)/$(PIP_INSTALL) --no-compile --target $@.part --no-warn-conflicts boto3==$* botocore==$*
	@mv $@.part $@

$(SCANNER): requirements-scan.txt
	@$(PYTHON) -m venv $(SCANNER)
	@$(SCANNER)/bin/$(PIP_INSTALL) -r requirements-scan.txt
	@touch $@

$(LOADER): benchmarks/requirements/load.txt
	@$(PYTHON) -m venv $(LOADER)
	@$(LOADER)/bin/$(PIP_INSTALL) -r $<
	@touch $@

# Not compiled by pip: that takes 30 MB and half the time for modules of which few are ever imported.
$(INSTALLED): requirements.in requirements-pictures.in requirements-run.txt constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	@echo "Installing into $(VENV), once" >&2
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/$(PIP_INSTALL) --no-compile -r requirements-run.txt
	@$(BIN)/python -m compileall -q -j 0 -x '/(pip|setuptools|graphql|wcwidth)/' $(VENV)/lib
	@touch $@

$(DEVELOPMENT): $(INSTALLED) requirements-dev.txt
	@echo "Installing what the tests need into $(VENV), once: a minute or so" >&2
	@$(BIN)/$(PIP_INSTALL) -r requirements-dev.txt
	@touch $@
