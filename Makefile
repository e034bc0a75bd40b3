# `make run` starts a server, `make test` runs everything. The other verbs are parts of the second.

SHELL       := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

GO       ?= go
TOOL     := $(GO) tool -modfile=tools/go.mod
FUZZTIME ?= 2s
BENCH    ?= .
PKG      ?= ./...
LISTEN   ?= 127.0.0.1:9229

.PHONY: help
help: ## list the verbs
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: bin/cenote ## start a server with its embedded store and a demo pool
	exec bin/cenote dev --listen $(LISTEN) --data .cache/demo

.PHONY: bin/cenote
bin/cenote:
	$(GO) build -o $@ ./cmd/cenote

.PHONY: test
test: setup lint verify nocgo fuzz ## install what is missing and run everything
	$(MAKE) --no-print-directory race

.PHONY: setup
setup: ## install PostgreSQL, Node.js, Chromium and the clients of the end-to-end tests
	.ci/setup

.PHONY: race
race: ## run the tests under the race detector
	$(GO) test -race -timeout 20m -json $(PKG) | $(GO) run ./internal/testreport

.PHONY: quick
quick: ## run the tests without it
	$(GO) test -json $(PKG) | $(GO) run ./internal/testreport

.PHONY: lint
lint: ## gofmt, go vet, golangci-lint
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "gofmt -w $$unformatted"; exit 1; fi
	$(GO) vet ./...
	$(TOOL) golangci-lint run ./...

.PHONY: vuln
vuln: ## look for known vulnerabilities that the code reaches
	$(TOOL) govulncheck ./...

.PHONY: generate
generate: ## write the generated files
	$(GO) run ./internal/gen

.PHONY: verify
verify: ## compare the generated files with the models, the modules with their sums
	$(GO) run ./internal/gen -check
	$(GO) mod verify
	$(GO) mod tidy -diff

.PHONY: nocgo
nocgo: ## build without a C compiler
	CGO_ENABLED=0 $(GO) build ./...

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME
	FUZZTIME=$(FUZZTIME) .ci/fuzz

.PHONY: bench
bench: bin/cenote ## print costs against their floor, see docs/benchmarks.md (BENCHFLAGS=-test.short for less)
	$(GO) test -c -o bin/bench ./internal/bench
	bin/bench -table -cenote bin/cenote $(BENCHFLAGS)

.PHONY: microbench
microbench: ## run the Go benchmarks that match BENCH, of the packages PKG
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchmem $(PKG)

.PHONY: clean
clean: ## remove what was built, and the demo's data
	rm -rf bin .cache/demo
