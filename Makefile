# What people run. Each goal does its own set-up; `make up` and `make test` are the two that a newcomer needs.
SHELL := /bin/bash
.DEFAULT_GOAL := help

GOALS := help up test test-llm-real build model bench asking crash fuzz lint setup setup-test build-test generate
.PHONY: $(GOALS)

# Paths are relative to this file's folder: from elsewhere (make -f REPO/Makefile up) it calls itself there.
# `lastword` and `dir` would cut a path at its spaces.
HERE := $(shell dirname -- "$$(sed 's/^ *//' <<<'$(subst ','\'',$(MAKEFILE_LIST))')")
ifneq ($(HERE),.)
$(GOALS):
	@$(MAKE) --no-print-directory -C "$(HERE)" $@
else

TARGET := $(or $(CARGO_TARGET_DIR),target)
SERVER := $(TARGET)/release/ragops-server
CARGO := cargo

# The sample runbooks, unless told otherwise: make up FILE=my-index.yaml DATA=my-data LISTEN=127.0.0.1:9000
FILE ?= config/samples/ragindex.yaml
LISTEN ?= 127.0.0.1:8000
DATA ?= ragops-data

help: ## Show what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: build model ## Index the sample runbooks and serve them on http://127.0.0.1:8000
	$(SERVER) up -f "$(FILE)" --data "$(DATA)" --listen "$(LISTEN)"

test: setup-test ## Run all tests
	scripts/test.sh

test-llm-real: setup-test ## Run the tests against a real Ollama and vLLM, which the first run fetches
	scripts/test-llm-real.sh

build: setup ## Build the release binaries into target/release
	$(CARGO) build --release --locked -p ragops-server -p ragops-crds

model: build ## Install the embedding model (91 MB, once a machine); MODEL=all-MiniLM-L6-v2 installs that one
	scripts/model.sh $(SERVER) $(MODEL)

bench: build model ## Measure, beside the peers, and write docs/benchmarks.md; SCOPE=--quick measures less and prints
	scripts/model.sh $(SERVER) all-MiniLM-L6-v2
	SCOPE=$(SCOPE) scripts/bench.sh

lint: setup ## Check format and lints
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --locked --workspace --all-targets -- -D warnings

crash: build-test ## Kill 200 builds and replay every prefix of their writes; writes docs/crash-report.md
	$(CARGO) test --release --locked --workspace --test e2e -- --ignored --nocapture \
	  --exact report::the_full_run_finds_nothing_torn_and_writes_its_report

asking: build-test ## Ask 2,422 questions about the samples: words in all ways of asking (make test: a sixth)
	$(CARGO) test --release --locked --workspace --test e2e -- --ignored --nocapture \
	  --exact asking::every_word_is_found_however_it_is_asked

fuzz: setup ## Fuzz each reader for SECONDS_EACH seconds (600); writes docs/fuzz-report.md
	scripts/fuzz.sh

generate: build ## Write what is generated from the code: CRDs, references, OpenAPI
	$(TARGET)/release/crdgen
	RAGOPS_UPDATE=1 $(CARGO) test --release --locked --workspace --test http

# As `make test` builds: with the features that all packages ask for together.
build-test: setup-test
	$(CARGO) test --release --locked --workspace --no-run
	scripts/model.sh $(SERVER)

setup: ## Install missing Debian packages (as root), or say which
	@scripts/setup.sh

setup-test: ## The same with what only the tests need
	@scripts/setup.sh test

endif
