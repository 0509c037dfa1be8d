# Every door of the repository. `make help` lists them; `make up` and `make test` need nothing first.

SHELL := /bin/sh
PY := .venv/bin/python
RUN := .venv/.stamp-run
DEV := .venv/.stamp-dev
LOCKS := requirements/runtime.txt requirements/local.txt deploy/local/uv.txt deploy/kafka/jgo.lock.toml
CODE := $(wildcard services gateway shared deploy tests)

# How many processes pytest uses, and what else it is told: make test n=1 args="-k offers -x".
n ?= 2
args ?=
# Which service, journey, role, figure: see the targets.
s ?=
name ?=
role ?= user
only ?=
m ?=
since ?=

.DEFAULT_GOAL := help
.PHONY: help setup up down status test check fmt journey bench invariants token migration \
	redeliver replay logs

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(RUN) ## What running needs: venv from the hashed lock, the broker's jars (again when a lock is newer)

$(RUN): $(LOCKS)
	@deploy/setup.sh run

$(DEV): $(LOCKS) requirements/dev.txt
	@deploy/setup.sh dev

up: $(RUN) ## Start the whole fleet, in the foreground; Ctrl-C stops it (KAFKA=lite, KAFKA_BOOTSTRAP=, DATABASE_URL_ORDER=)
	@exec $(PY) -m deploy.local up

down: ## Stop the fleet that runs in this checkout
	@if [ -x $(PY) ]; then exec $(PY) -m deploy.local down; fi

status: $(RUN) ## What runs where
	@exec $(PY) -m deploy.local status

logs: $(RUN) ## Follow a process's log: make logs name=order
	@exec $(PY) -m deploy.local logs $(name)

token: $(RUN) ## Print a bearer for the docs' Authorize: make token role=user|worker|staff [name=ming]
	@exec $(PY) -m deploy.local token role=$(role) $(if $(name),name=$(name))

journey: $(RUN) ## Tell one order's life on the running fleet: make journey name=towing
	@exec $(PY) -m tests.journeys $(name)

invariants: $(RUN) ## Check the running fleet's books: six databases and the sandbox's
	@exec $(PY) -m tests.invariants $(args)

bench: $(DEV) ## Print the figures, a JSON line each: make bench [only=orders_vs_pgbench]
	@exec $(PY) -m tests.bench $(only)

test: $(DEV) ## All tests on PostgreSQL and Kafka of their own, or one service's: make test [s=order] [n=2] [args=-x]
	@exec .venv/bin/pytest $(if $(s),tests/services/$(s),tests) -n $(n) $(args)

check: $(DEV) ## Formatting, lint, types, import contracts, conventions; needs no database
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy $(CODE)
	.venv/bin/lint-imports
	JAJAYA_NO_SERVERS=1 .venv/bin/pytest tests/conventions -q $(args)

fmt: $(DEV) ## Format the code and mend what the linter can mend
	.venv/bin/ruff format .
	.venv/bin/ruff check --fix .

migration: $(RUN) ## Write an empty migration with the next number: make migration s=order m="add tip"
	@exec $(PY) -m services.$(s) new-migration "$(m)"

redeliver: $(RUN) ## Take a service's dead events up again, on the running fleet: make redeliver s=order
	@exec $(PY) -m deploy.local run $(s) redeliver

replay: $(RUN) ## Send a service's events again from an instant on: make replay s=order since=2026-11-01
	@exec $(PY) -m deploy.local run $(s) replay --since $(since)
