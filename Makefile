# Everything works from a fresh clone with Python 3.11 or newer and make; the first call installs what it needs.
# A stack beside the default one: make run MOHLAT_PORT=3001 MOHLAT_AWS_PORT=4601 MOHLAT_STATE=.local/other
.DEFAULT_GOAL := help
SHELL := /bin/sh
.DELETE_ON_ERROR:

# The first that runs and is new enough; 3.13 is what Lambda has.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
RUN := $(BIN)/python -m sandbox
PIP := -m pip install -qq --disable-pip-version-check

MOHLAT_PORT ?= 3000
MOHLAT_AWS_PORT ?= 4600
MOHLAT_STATE ?= .local/stack
export MOHLAT_PORT MOHLAT_AWS_PORT MOHLAT_STATE
export SAM_CLI_TELEMETRY := 0

CODE := functions layers/core sandbox tests

.PHONY: help
help: ## list the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z0-9-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# ------------------------------------------------------------------------------------------ environments
.PHONY: install
install: .venv/.stamp .local/venvs/ministack/.stamp .local/venvs/lambda/.stamp ## create the environments (others do it when needed)

.PHONY: python
python:
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
		{ echo "mohlat: Python 3.11 or newer is needed; name it with make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "mohlat: $(PYTHON) lacks the venv module (Debian: apt install python3-venv)" >&2; exit 1; }

# Made anew when a pin changes. The stamp comes last: an installation that was interrupted starts over.
.venv/.stamp: requirements/dev.txt requirements/dev.lock requirements/sandbox.txt layers/vendor/requirements.txt layers/pdf/requirements.txt | python
	@echo "installing tools (once, about a minute)"
	@rm -rf .venv && $(PYTHON) -m venv .venv
	@$(BIN)/python $(PIP) -r requirements/dev.txt -c requirements/dev.lock
	@touch $@

.local/venvs/%/.stamp: requirements/%.txt requirements/%.lock | python
	@echo "installing $*"
	@rm -rf .local/venvs/$* && mkdir -p .local/venvs && $(PYTHON) -m venv .local/venvs/$*
	@.local/venvs/$*/bin/python $(PIP) -r requirements/$*.txt -c requirements/$*.lock
	@touch $@

# --------------------------------------------------------------------------------------- the local stack
.PHONY: run
run: install ## build, deploy and run the whole system on this machine; Ctrl-C stops it
	@$(RUN) run

.PHONY: stop
stop: install ## stop it from another shell, keeping its state
	@$(RUN) down

.PHONY: status
status: install ## whether it runs, and where
	@$(RUN) status

.PHONY: deploy-local
deploy-local: install ## deploy changes to the running stack
	@$(RUN) deploy

.PHONY: logs
logs: install ## follow the functions' logs; those of one matter with TENANT=t_..., EXECUTION=... or REQUEST=...
	@$(RUN) logs --tenant "$(TENANT)" --execution "$(EXECUTION)" --request "$(REQUEST)"

.PHONY: reset
reset: install ## stop it and delete its state
	@$(RUN) reset

.PHONY: demo
demo: install ## walk a tenant through its life on the running stack
	@$(BIN)/python -m sandbox.demo

# ------------------------------------------------------------------------------------------------- tests
# The order of the tests and what is generated in them: the same at each run, so that what was green stays so.
# Another seed finds other things: make test SEED=$$RANDOM
SEED ?= 1405
.PHONY: test
test: check ## everything: checks, unit and end-to-end tests, the domain's branch coverage
	@$(BIN)/python -m pytest -q -n 3 --dist loadgroup --cov --cov-report=term --timeout 600 \
		--randomly-seed=$(SEED) --hypothesis-seed=$(SEED)

.PHONY: check
check: install ## style, formatting, types, the clauses without a gap, the template and its rules
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy
	@$(BIN)/python -m tests.clauses --strict >.local/clauses.txt || { tail -20 .local/clauses.txt; exit 1; }
	@$(BIN)/sam validate --lint --region us-east-1 >/dev/null || $(BIN)/sam validate --lint --region us-east-1
	@$(BIN)/python -m pytest -q tests/template/test_rules.py >.local/rules.txt || { tail -40 .local/rules.txt; exit 1; }

.PHONY: e2e
e2e: install ## the end-to-end tests on fresh local stacks, or on a deployed one with STACK=... (MOHLAT_OPERATOR...)
	@$(BIN)/python -m tests.e2e --stack "$(STACK)"

.PHONY: drill
drill: install ## break things on the running stack as the runbook tells, and mend them; one with DRILL=...
	@$(BIN)/python -m sandbox.drills $(DRILL)

.PHONY: format
format: install ## put the code into its one format
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

.PHONY: coverage
coverage: install ## the domain's branch coverage by its own tests alone
	@$(BIN)/python -m pytest -q tests/unit tests/application --cov --cov-report=term

STEPS ?= 100000
.PHONY: soak
soak: install ## a hundred thousand random steps of model and application side by side (STEPS=...)
	@MOHLAT_SOAK=$(STEPS) $(BIN)/python -m pytest -q -s tests/model/test_lives.py

.PHONY: clauses
clauses: install ## which clause is proved by which test
	@$(BIN)/python -m tests.clauses

.PHONY: crashes
crashes: install ## every life dies twice, after every two of its effects (hours)
	@CRASH_PAIRS=all $(BIN)/python -m pytest -q -n 2 tests/crashes

.PHONY: chains
chains: install ## long chains of generated calls against the functions, others each time (some minutes)
	@MOHLAT_CHAINS=100 $(BIN)/python -m pytest -q tests/handlers/test_stateful.py

.PHONY: audit
audit: install .local/venvs/audit/.stamp ## hold what is pinned against the list of known faults, and note so (needs the network)
	@for pins in layers/*/requirements.txt requirements/*.lock; do echo "$$pins"; \
		.local/venvs/audit/bin/pip-audit --strict --progress-spinner off --disable-pip --no-deps -r $$pins || exit 1; done
	@{ sed -n 1p layers/audited.txt; date -u +%F; \
		sed -n 's/^\([A-Za-z0-9_.-]*==[^ ]*\).*/\1/p' layers/*/requirements.txt | sort; } >.local/audited.txt
	@mv .local/audited.txt layers/audited.txt

.PHONY: rights
rights: install ## write docs/authorization.md anew from docs/openapi.yaml
	@$(BIN)/python -m tests.rights

.PHONY: bench
bench: install ## the figures to reach
	@$(BIN)/python -m tests.bench

# ---------------------------------------------------------------------------------------------------- AWS
.PHONY: validate
validate: install ## the template, as SAM and cfn-lint see it
	@$(BIN)/sam validate --lint --region us-east-1

.PHONY: build
build: install ## build for AWS (Python 3.13, arm64) into .aws-sam; then: sam deploy --config-env dev
	@find functions -name __pycache__ -type d -prune -exec rm -rf {} +
	@MOHLAT_PYTHON=$(abspath $(BIN)/python) $(BIN)/sam build
