# Everything is built in one configuration, so that the first build serves tests, demo and bench alike.
CHECK  := --explicit-target-dependency-import-check error
SWIFT  := swift build -c release $(CHECK)
STEP   := Scripts/step
PYTHON := .venv/bin/python
# Package.swift takes it from here; what was built with another one is not built anew but for that.
export KUBESHARK_VERSION := $(shell Scripts/version)

.DEFAULT_GOAL := help
.PHONY: help build test demo bench bench-peers bench-agents bench-hub dist profile mcpb image manifests install man traffic fuzz kills truth vectors reference samples format clean

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r verb text; do \
	  printf '  make %-11s %s\n' "$$verb" "$$text"; done

build: ## Build .build/release/kubeshark, installing the libraries it needs
	@Scripts/setup
	@$(STEP) "Building kubeshark" $(SWIFT) --product kubeshark

test: ## Run all tests: the modules' own, then the built command from outside
	@Scripts/setup --python
	@$(STEP) "Building kubeshark and its tests" $(SWIFT) --build-tests
	@$(STEP) "Module tests" swift test -c release --skip-build --skip "StdioServerTests|HubClientTests"
	@$(STEP) "Tests with deadlines, which need the machine to themselves" \
	  swift test -c release --skip-build --filter "StdioServerTests|HubClientTests"
	@if [ -d Tests/EndToEnd ]; then \
	  $(STEP) "End-to-end tests" $(PYTHON) -m pytest -q Tests/EndToEnd; fi

demo: ## Ask the sample captures questions over MCP, and print the transcript
	@Scripts/setup --python
	@$(STEP) "Building kubeshark" $(SWIFT) --product kubeshark
	@$(PYTHON) Scripts/demo.py

bench: build ## Measure speed and memory, beside tshark where it is installed
	@Scripts/bench

traffic: ## Record captures of real servers under load for bench-peers (root, Linux)
	@Scripts/make-traffic

bench-peers: build dist ## Measure speed beside tshark, httpry (on the captures of make traffic), DuckDB, tcpdump and MCP servers in Python
	@Scripts/bench-peers
	@Scripts/bench-mcp
	@Scripts/bench-store
	@Scripts/bench-live

dist: ## Build dist/kubeshark: one stripped file with its libraries inside, and its manual page
	@Scripts/setup
	@$(STEP) "Building dist/kubeshark" Scripts/dist
	@python3 -B Scripts/man --binary dist/kubeshark

profile: ## Count what runs often, which the compiler is given (also on the captures of make traffic)
	@Scripts/setup
	@Scripts/profile

mcpb: dist ## Pack dist/*.mcpb, a bundle that MCP clients install, and the registry's dist/server.json
	@python3 -B Scripts/mcpb

image: dist ## Build dist/kubeshark-image.tar, the container image as an OCI archive, without a daemon
	@Scripts/image

manifests: build ## Write Deploy/: manifests for kubectl apply, and the Helm chart
	@.build/release/kubeshark manifests Deploy

install: ## Install the program, its manual page and completions (PREFIX=/usr/local)
	@Scripts/install $(PREFIX)

man: build ## Write the manual page, dist/kubeshark.1
	@python3 -B Scripts/man

bench-agents: build ## Let 10 to 1,000 simulated agents ship recorded calls to one Hub
	@$(STEP) "Building kubeshark-bench" $(SWIFT) --product kubeshark-bench
	@Scripts/bench-agents

bench-hub: build ## Load the Hub with 1,000 connections for a minute (wrk)
	@Scripts/bench-hub

fuzz: ## Feed every parser with made-up inputs (FUZZ="TARGET... --seconds N")
	@Scripts/setup
	@Scripts/fuzz $(FUZZ)

kills: ## Kill a process that fills a store KILLS=1000 times at random moments, and look what is left
	@Scripts/setup
	@$(STEP) "Building kubeshark and its tests" $(SWIFT) --build-tests
	@KUBESHARK_KILLS=$(or $(KILLS),1000) swift test -c release --skip-build --filter KillTests

truth: build ## Compare calls found in captures with what their makers say is in them
	@Scripts/truth

vectors: build ## Run files of KFL and CEL vectors through the command: VECTORS=DIR
	@Scripts/vectors $(or $(VECTORS),Tests/KFL/vectors)

reference: build ## Write docs/kfl.md, the reference of fields and functions
	@mkdir -p docs && .build/release/kubeshark kfl reference > docs/kfl.md

samples: ## Make the sample captures anew (root, Linux)
	@Scripts/make-samples
	@Scripts/make-tls-samples
	@Scripts/make-protocol-samples

format: ## Format all Swift files
	@swift format --in-place --parallel --recursive Package.swift Sources Tests Fuzz Benchmarks

clean: ## Remove everything built; the next build takes minutes
	rm -rf .build .build-dist .build-fuzz .build-profile .venv .venv-duckdb .venv-mcp-peers dist
