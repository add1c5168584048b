# The doors to the project; `make help` lists them.
#
# Every target first runs `scripts/setup` for what it needs. One cargo profile (`ci`) serves
# tests, lints and commands, so that nothing is built twice.

SHELL := /bin/sh
.DEFAULT_GOAL := help

# Simulation seeds, as first..past-the-last.
SEEDS ?= 0..200
# Days of the synthetic market that `make replay` replays.
DAYS ?= 2
# Kills of the kill test, and the databases it runs on.
ROUNDS ?= 25
DATABASE ?= both
# The address of `make run`.
LISTEN ?= 127.0.0.1:8000
# Generated answers of models that `make fuzz-replies` reads.
REPLIES ?= 1000000
# Folder of recorded market data; only `recorded` and `bench` look at it.
DATA ?=

CI := --locked --profile ci
BANYAN := cargo run $(CI) --quiet
STAGE := scripts/stage
RECORDINGS = BANYAN_DATA='$(abspath $(DATA))'

.PHONY: help run replay test kill9 test-postgres test-llm-faults lab recorded bench lint simulate mutants deny data-folder fuzz-replies

help: ## list the targets
	@echo 'usage: make <target> [NAME=value]'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## start the demo server: it prints its address and a login (LISTEN=127.0.0.1:8000)
	@scripts/setup run
	@cargo build $(CI)
	@exec target/ci/banyan serve --profile demo --listen $(LISTEN)

replay: ## replay the synthetic market with three strategies and print the report (DAYS=2)
	@scripts/setup run
	@cargo build $(CI)
	@$(BANYAN) -- replay --synthetic --days $(DAYS)

test: ## everything that proves a change: lint, tests, simulation, mutants
	@scripts/setup test
	@$(STAGE) lint $(MAKE) --no-print-directory lint
	@$(STAGE) tests cargo test --workspace $(CI)
	@$(STAGE) simulate $(MAKE) --no-print-directory simulate
	@$(STAGE) mutants $(MAKE) --no-print-directory mutants
	@$(STAGE) lab $(MAKE) --no-print-directory lab
	@$(STAGE) kill9 $(MAKE) --no-print-directory kill9 ROUNDS=4

kill9: ## kill a trading server again and again, and check that nothing is lost (ROUNDS=25 DATABASE=both)
	@scripts/setup test
	cargo test $(CI) --test kill9 -- --rounds $(ROUNDS) --database $(DATABASE)

test-postgres: ## the tests of store and interface on a real PostgreSQL server, with its version
	@scripts/setup test
	cargo test $(CI) --test store -- postgres:: --show-output
	API_TESTS_ON=postgres cargo test $(CI) --test api

test-llm-faults: ## everything that a provider of models can do wrong, each with its outcome
	@scripts/setup test
	@cargo test $(CI) --quiet --test llm faults:: -- --test-threads 1 --nocapture

lint: ## formatting and clippy, warnings are errors
	@scripts/setup lint
	cargo fmt --all -- --check
	cargo clippy --workspace --all-targets --all-features $(CI) -- -D warnings

simulate: ## run the whole engine under seeded faults (SEEDS=0..200)
	@scripts/setup run
	$(BANYAN) -- simulate --seeds $(SEEDS) --json

fuzz-replies: ## read generated answers of models, spoilt in all ways (REPLIES=1000000)
	@scripts/setup run
	BANYAN_REPLIES=$(REPLIES) cargo test $(CI) -p banyan-core --test decisions -- generated --show-output

mutants: ## show that the simulation catches each planted bug (SEEDS=0..200)
	@scripts/setup run
	$(BANYAN) --features mutants,lab -- simulate --mutants --seeds $(SEEDS)

lab: ## the tests of the doors for experiments, which no release has
	@scripts/setup test
	cargo test $(CI) --features mutants,lab --test api lab::

recorded: data-folder ## the cases that need recorded market data (DATA=<folder>)
	@scripts/setup test
	$(RECORDINGS) cargo test $(CI) --test recorded --features recorded

bench: $(if $(DATA),data-folder) ## the benches, in the release profile (DATA=<folder> adds recorded ones)
	@scripts/setup bench
	$(if $(DATA),$(RECORDINGS)) cargo bench --locked

deny: ## licences, bans and sources of every dependency, with cargo-deny
	@cargo deny --version >/dev/null 2>&1 || { \
	  echo 'deny: cargo-deny is not here; install it: cargo install cargo-deny --locked' >&2; \
	  exit 3; }
	cargo deny --all-features check licenses bans sources

data-folder:
	@test -n '$(DATA)' || { \
	  echo 'DATA is not set: name the folder of recorded data, as in make recorded DATA=<folder>' >&2; \
	  exit 2; }
	@test -d '$(DATA)' || { echo 'DATA=$(DATA) is not a folder' >&2; exit 2; }
