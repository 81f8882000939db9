# Every chore of this project; `make` alone lists them. The logic is in toolchain/ and scripts/.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv/bin
PULUMI := $(VENV)/pulumi
PY := $(VENV)/python
CMD ?=
# exported unexpanded, so that the host gets the text as it was given and no shell on this machine reads it
export HOST_COMMAND := $(value CMD)
# where an image sets this, hundreds of processes would compile the same files again
export PYTHONDONTWRITEBYTECODE :=
DEFAULT_CACHE := $(if $(XDG_CACHE_HOME),$(XDG_CACHE_HOME),$(HOME)/.cache)/dhanman-infra

need-stack = $(if $(STACK),,$(error name the stack: `make $@ STACK=qa`))

.PHONY: help setup audit local test unit host-test preview plan drift doctor status zone policy up rotate smoke drill destroy outputs slow-test bench bench-releases bench-restores lint format lock host-key host-shell clean distclean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' Makefile | sed 's/:.*## /\t/' | awk -F'\t' '{ printf "  make %-14s %s\n", $$1, $$2 }'

setup: ## everything that the project needs, into .venv and .local (nothing to do: under a second)
	@command -v $(PYTHON) >/dev/null || { echo "make setup: $(PYTHON) is missing: run 'sudo apt-get install python3 python3-venv'" >&2; exit 1; }
	@$(PYTHON) -m toolchain setup

local: setup ## a complete environment on a host of its own on this machine
	@$(PY) -m scripts.local

test: setup ## unit tests, then the tests on a host
	@$(MAKE) unit host-test

unit: setup ## tests that need no host
	@$(PY) -m pytest tests -m "not host and not slow" -n 2 $(ARGS)

host-test: setup ## tests on a real host that they start themselves
	@$(PY) -m pytest tests -m "host and not slow" -vv -n 2 --dist loadfile $(ARGS)

slow-test: setup ## tests on hosts that take minutes each; `test` leaves them out
	@$(PY) -m pytest tests -m "slow" -vv $(ARGS)

preview: setup ## what `up` would change; STACK=qa
	@:$(need-stack)
	@$(PULUMI) preview --stack $(STACK) $(ARGS)

audit: setup ## what ssh-audit, sslyze, gixy, the HTTP Observatory, Lynis and others say of the local environment; STACK=local
	@:$(need-stack)
	@$(PY) -m audit $(STACK)

policy: setup ## hold a stack's preview against the rules in policies/; STACK=qa
	@:$(need-stack)
	@$(PY) -m scripts.policy $(STACK)

plan: setup ## keep what `up` would do, to be approved; STACK=prod, PLAN=file (then `make up ARGS="--plan file"`)
	@:$(need-stack)
	@$(PULUMI) preview --stack $(STACK) --save-plan "$(or $(PLAN),$(STACK).plan)" $(ARGS)

drift: setup ## what differs on the hosts from what was applied; STACK=prod
	@:$(need-stack)
	@$(PY) -m scripts.drift $(STACK)

up: setup ## bring a stack's hosts to what its settings say; STACK=local
	@:$(need-stack)
	@$(PULUMI) up --stack $(STACK) $(ARGS)

smoke: setup ## ask every service and the front end of a stack whether they answer; STACK=qa
	@:$(need-stack)
	@$(PULUMI) stack output --json --stack $(STACK) | $(PY) -m scripts.smoke

status: setup ## what each service runs, since when, how it is, its last deployment; STACK=qa
	@:$(need-stack)
	@$(PY) -m scripts.status $(STACK)

doctor: setup ## hosts, DNS, certificates and Pulumi: how they are, and what to do; STACK=qa
	@:$(need-stack)
	@$(PY) -m doctor $(STACK)

zone: setup ## the records of a stack's names, as lines of a zone file to paste; STACK=local
	@:$(need-stack)
	@$(PY) -m scripts.zone $(STACK)

rotate: setup ## change what services log in with, without a refused login; SECRET=postgres STACK=qa
	@:$(need-stack)
	@$(PY) -m scripts.rotate "$(SECRET)" "$(STACK)" $(ARGS)

drill: setup ## restore a stack's newest backup beside its databases, and compare; STACK=qa
	@:$(need-stack)
	@$(PY) -m scripts.drill $(STACK)

destroy: setup ## remove a stack from its hosts (asks for the name again); STACK=local
	@:$(need-stack)
	@$(PY) -m scripts.destroy $(STACK)

outputs: setup ## a stack's outputs as JSON; STACK=local
	@:$(need-stack)
	@$(PULUMI) stack output --json --stack $(STACK)

bench: setup ## the measurements that docs quote
	@$(PY) -m bench $(ARGS)

bench-releases: setup ## the requests that deploys under load fail
	@$(PY) -m bench.releases $(ARGS)

bench-restores: setup ## how long backups and the ways back take, beside pg_dump and pg_restore
	@$(PY) -m bench.restores $(ARGS)

lint: setup ## ruff and mypy
	@$(VENV)/ruff check .
	@$(VENV)/ruff format --check .
	@$(VENV)/mypy

format: setup ## let ruff write what `lint` wants
	@$(VENV)/ruff check --fix-only .
	@$(VENV)/ruff format .

lock: setup ## requirements*.txt from requirements*.in
	@$(PY) -m scripts.lock $(ARGS)

host-key: setup ## a server's host key in the form that settings take; HOST=address
	@$(PY) -m scripts.host_key "$(HOST)"

host-shell: setup ## a root shell on the local host; CMD="..." runs that instead
	@if [ -n "$$HOST_COMMAND" ]; then $(PY) -m testbed shell local -- "$$HOST_COMMAND"; else $(PY) -m testbed shell local; fi

clean: ## stop the local host and remove .local and .venv
	@if [ -x $(PY) ] && [ -d .local/testbed ]; then $(PY) -m testbed down local; fi
	@rm -rf .local .venv .pytest_cache .mypy_cache .ruff_cache

distclean: clean ## clean, and remove the caches that all clones share
	@rm -rf "$(DEFAULT_CACHE)"
