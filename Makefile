# SPDX-License-Identifier: Apache-2.0
# Part of partition-cli. See LICENSE and CONTRIBUTING.md.

.PHONY: help setup build demo test lint release mutants soak image-check bench-router
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

lint: ## What can be checked without a build
	@scripts/lint.sh

release: setup ## A stripped release binary with the Swift runtime in it, in dist/
	swift build -c release --static-swift-stdlib --product partition-cli
	mkdir -p dist
	strip -o dist/partition-cli "$$(swift build -c release --static-swift-stdlib --show-bin-path)/partition-cli"
	dist/partition-cli --version

mutants: setup ## Break the code in known ways; the tests must notice each
	@scripts/mutants.sh

image-check: ## The Dockerfile's last stage without a container engine: a CronJob's command in it (root, some minutes)
	@scripts/image-check.sh

soak: ## Random tests for long: runs killed and stopped at random moments (ROUNDS, SEED)
	@scripts/soak.sh

bench-router: ## Measure what routing costs, into docs/router-benchmarks.md
	@scripts/bench-router.sh
