# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.

.PHONY: help setup build demo test test-example lint release completions documentation golden mutants soak image-check bench bench-router python
.DEFAULT_GOAL := help

help: ## What can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):[^#]*## ?/\1\t/' | expand -t 14

setup: ## Say what is missing for building and testing, and install it
	@scripts/setup.sh

build: ## A debug build
	swift build

demo: setup build ## The whole pipeline on a throwaway PostgreSQL
	@"$$(swift build --show-bin-path)/partition-cli" demo

test: ## Set up, build, run every test on PostgreSQL 15, 16 and 18
	@scripts/test.sh

python: ## Build, type-check and test the Python client alone (also part of test)
	@scripts/python.sh

lint: ## What can be checked without a build
	@scripts/lint.sh

release: setup ## A stripped release binary with the Swift runtime in it, completions and man page, in dist/
	swift build -c release --static-swift-stdlib --product partition-cli
	mkdir -p dist
	strip -o dist/partition-cli "$$(swift build -c release --static-swift-stdlib --show-bin-path)/partition-cli"
	dist/partition-cli --version
	scripts/shell-files.sh dist/partition-cli dist

completions: build ## Completions for bash, zsh, fish and the man page, in dist/
	scripts/shell-files.sh "$$(swift build --show-bin-path)/partition-cli" dist

documentation: build ## The library's documentation by docc, in dist/documentation
	scripts/documentation.sh dist/documentation

golden: setup build ## Record anew what people see on their terminals, in Tests/Golden
	scripts/golden.sh "$$(swift build --show-bin-path)/partition-cli"

mutants: setup ## Break the code in known ways; the tests must notice each
	@scripts/mutants.sh
	@scripts/python.sh --mutants

image-check: ## The Dockerfile's last stage without a container engine: a CronJob's command in it (root, some minutes)
	@scripts/image-check.sh

test-example: setup ## Build and run the service in Examples/ against PostgreSQL while rotate runs (some minutes)
	@scripts/test-example.sh

soak: ## Random tests for long: runs killed and stopped at random moments (ROUNDS, SEED)
	@scripts/soak.sh

bench: ## Measure what docs/benchmarks.md says, and write it there (QUICK=1: a small trial, elsewhere; BENCH="stalls throughput idle router")
	@scripts/bench.sh

bench-router: ## Measure what routing costs, into docs/router-benchmarks.md
	@scripts/bench-router.sh
