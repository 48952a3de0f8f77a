# All commands of the project. `make` without a target lists them.

# The newest Python that runs and can create a virtual environment. A shim of pyenv can exist without a Python behind it.
PYTHON_VERSIONS := 3.14 3.13 3.12 3.11
PYENV_ROOT ?= $(HOME)/.pyenv
CANDIDATES = $(foreach version,$(PYTHON_VERSIONS),python$(version) $(wildcard $(PYENV_ROOT)/versions/$(version).*/bin/python)) python3
if_usable = $(shell $(1) -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(1))
PYTHON ?= $(or $(firstword $(foreach candidate,$(CANDIDATES),$(call if_usable,$(candidate)))),python3)
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := pip install --quiet --disable-pip-version-check
# Marker files: the packages of `make run` and `make deploy`, and the packages of tests, linters and benchmarks.
INSTALLED := $(VENV)/.installed
DEVELOPMENT := $(VENV)/.development
# A separate environment for the scanner, which requires another version of boto3.
SCANNER := .venv-scan
# A separate environment for the load tool, which depends on a web server.
LOADER := .venv-load
# The npm packages of the example, of the browser tests and of the OpenAPI tools. Without npm, these tests are skipped with a reason.
ifneq ($(shell command -v npm),)
NPM_PACKAGES := $(patsubst %/package-lock.json,%/node_modules/.package-lock.json,$(wildcard examples/*/package-lock.json tests/*/package-lock.json tests/*/*/package-lock.json))
endif
# Runs test files in two processes. Each further process starts another stack, which takes longer than it saves.
PYTEST := $(BIN)/python -m pytest -p tests.support.scheduling -n 2

# The oldest botocore of a Lambda runtime for Python 3.12 (late 2024), and the newest tested version.
BOTOCORE_OLDEST := 1.34.145
BOTOCORE_VERSIONS := $(BOTOCORE_OLDEST) 1.44.8
BOTOCORE_TESTS := $(patsubst %,tests/contract/test_%.py,aws_calls aws_calls_of_files aws_calls_of_pictures) \
  $(patsubst %,tests/unit/%.py,$(addprefix aws/test_,clients cognito_events dynamodb_transactions errors idle_connections user_pool) \
  accounts/test_triggers files/test_storage profiles/test_repository pictures/test_processing pictures/test_storage)
# Tests that tune clients themselves, independent of BOTOCORE_TUNING.
BOTOCORE_TUNING_TESTS := $(patsubst %,tests/unit/aws/test_%.py,botocore_tuning client_factory)

.DEFAULT_GOAL := help
.PHONY: help run screenshots test test-unit test-all test-botocore faults bench load growth costs check format lock token reconcile openapi docs deploy destroy restore deploy-check scan reset clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(INSTALLED) ## Run the product on this machine; API_PORT, AWS_PORT and CONSOLE_PORT set the ports
	@$(BIN)/python -m local

test: $(DEVELOPMENT) ## Run all tests except the slow ones (5 min); ARGS are pytest arguments: make test ARGS=tests/unit
	@$(PYTEST) -m "not slow" $(ARGS)

test-unit: $(DEVELOPMENT) ## Run the fast unit tests (less than 10 s)
	@$(BIN)/python -m pytest -q -p no:schemathesis -m "not long" tests/unit $(ARGS)

test-all: $(DEVELOPMENT) $(NPM_PACKAGES) ## Run all tests, including browsers, generated clients and a full deployment
	@$(PYTEST) $(ARGS)

test-botocore: $(DEVELOPMENT) $(BOTOCORE_VERSIONS:%=.botocore/%) ## Run the tests of AWS calls with the oldest and the newest supported botocore
	@$(foreach version,$(BOTOCORE_VERSIONS),$(foreach tuning,on off,\
	  echo "botocore $(version), tuning $(tuning)" && \
	  BOTOCORE_VERSION=$(version) BOTOCORE_TUNING=$(tuning) $(PYTEST) -q -o pythonpath=.botocore/$(version) \
	    -W "ignore:datetime.datetime.utcnow:DeprecationWarning" \
	    $(if $(filter $(BOTOCORE_OLDEST),$(version)),-m "not newer_botocore") \
	    $(BOTOCORE_TESTS) $(if $(filter on,$(tuning)),$(BOTOCORE_TUNING_TESTS)) $(ARGS) &&)) true

faults: $(DEVELOPMENT) ## Run the resilience tests at full size (about 30 min)
	@$(BIN)/python -m tests.resilience.acceptance $(ARGS)

bench: $(DEVELOPMENT) ## Run the benchmark against hand-written handlers and other frameworks (some minutes)
	@$(BIN)/python -m benchmarks $(ARGS)

load: $(DEVELOPMENT) $(LOADER) ## Run the load test against the local and the deployed API (15 min)
	@$(BIN)/python -m benchmarks.load $(LOADER)/bin/locust $(ARGS)

growth: $(DEVELOPMENT) ## Measure requests and reconciliation with 10 and with 1,000,000 profiles (15 min)
	@$(BIN)/python -m benchmarks.growth $(ARGS)

costs: $(DEVELOPMENT) ## Compute the monthly costs and the reached AWS quotas by number of users
	@$(BIN)/python -m benchmarks.costs $(ARGS)

check: $(DEVELOPMENT) ## Check code style, formatting, types, prose and spelling
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m tools.prose_check
	@$(BIN)/codespell

format: $(DEVELOPMENT) ## Format the code and apply the automatic fixes of the linter
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: $(DEVELOPMENT) ## Pin the production dependencies with hashes, after a change of requirements.in
	@for name in requirements requirements-pictures; do \
	  CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --output-file $$name.txt $$name.in || exit 1; \
	done

# Passed in environment variables with $(value), so that a password can contain any character.
token: export SIGN_IN_EMAIL := $(value EMAIL)
token: export SIGN_IN_PASSWORD := $(value PASSWORD)
token: $(INSTALLED) ## Print an ID token of the running stack: make -s token EMAIL=... PASSWORD=...
	@$(BIN)/python -m local.user_client

STAGE ?= local
# Passed with $(value) as well: neither make nor the shell expands the stage name before it is validated.
unexport FROM RECORDS STAGE
reconcile: export STAGE_NAME := $(value STAGE)
reconcile: $(INSTALLED) ## Reconcile users, profiles and files: STAGE=local ARGS="--dry-run --delete-orphans --restart"
	@$(BIN)/python -m tools.reconcile $(ARGS)

openapi: $(DEVELOPMENT) ## Generate openapi.json from the routes and the models
	@$(BIN)/python -m tools.openapi

docs: $(DEVELOPMENT) ## Generate the tables of docs/configuration.md from the settings and the Terraform variables
	@$(BIN)/python -m tools.configuration_tables

deploy destroy restore: export STAGE_NAME := $(filter-out local,$(value STAGE))
deploy: $(INSTALLED) ## Deploy or update a stage on AWS: make deploy STAGE=dev
	@$(BIN)/python -m infra.deploy deploy

destroy: $(INSTALLED) ## Destroy a stage with all its data: make destroy STAGE=dev
	@$(BIN)/python -m infra.deploy destroy

restore: export RESTORED_TABLE := $(value FROM)
restore: export RESTORED_RECORDS := $(value RECORDS)
restore: $(INSTALLED) ## Restore profiles and files from restored tables: STAGE=dev FROM=<table> RECORDS=<table>
	@$(BIN)/python -m infra.deploy.restore $(ARGS)

deploy-check: $(DEVELOPMENT) ## Deploy to an embedded AWS with Terraform and Chalice, and test the deployment
	@$(BIN)/python -m pytest -q -p tests.support.sentence_reporter tests/deployment/cloud $(ARGS)

scan: $(SCANNER) ## Scan the Terraform module for insecure settings, and the dependencies for vulnerabilities
	@LOG_LEVEL=ERROR $(SCANNER)/bin/checkov --directory infra --framework terraform --compact --quiet --skip-download
	@$(SCANNER)/bin/python -m tools.audit requirements.txt requirements-pictures.txt

screenshots: $(DEVELOPMENT) ## Make the screenshots of the console in docs/screenshots
	@$(BIN)/python -m tests.browser.screenshots

reset: $(INSTALLED) ## Delete the users and data of make run
	@$(BIN)/python -m local.reset

clean: ## Delete all files that these targets have created
	@rm -rf .local .local-* .bench .botocore .terraform-plugins $(VENV) $(SCANNER) $(LOADER) .mypy_cache .ruff_cache .pytest_cache .hypothesis .schemathesis $(dir $(NPM_PACKAGES))

%/node_modules/.package-lock.json: %/package-lock.json
	@npm ci --silent --prefix $*
	@touch $@

# Installed outside .venv and put first on the path of the tests only. The embedded AWS needs the version in .venv.
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

# pip does not compile: bytecode of rarely imported modules takes 30 MB and half of the installation time.
$(INSTALLED): requirements.in requirements-pictures.in requirements-run.txt requirements-console.txt constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 ...")'
	@echo "Installing packages into $(VENV) (only once)" >&2
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/$(PIP_INSTALL) --no-compile -r requirements-run.txt
	@$(BIN)/$(PIP_INSTALL) --no-compile --no-deps -r requirements-console.txt
	@$(BIN)/python -m compileall -q -j 0 -x '/(pip|setuptools|faker|graphql|wcwidth)/' $(VENV)/lib
	@touch $@

$(DEVELOPMENT): $(INSTALLED) requirements-dev.txt
	@echo "Installing development packages into $(VENV) (only once, about 1 min)" >&2
	@$(BIN)/$(PIP_INSTALL) -r requirements-dev.txt
	@touch $@
