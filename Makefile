# The whole of what one does with this repository. "make help" lists it.
#
# The embedded Temporal server takes minutes to compile, so everything here compiles it once, with the same settings:
# without cgo, without the race detector. What does not run the server leaves it out by a build tag, and tests that
# need it start bin/shodo beside themselves.

.DEFAULT_GOAL := help
.NOTPARALLEL:
SHELL := /bin/bash

BINARY  := bin/shodo
VERSION := $(or $(shell git describe --tags --always --dirty 2>/dev/null),dev)
LIGHT   := -tags no_embedded_temporal
RACE    := CGO_ENABLED=1 SHODO_TEST_BINARY=$(abspath $(BINARY)) go test -race $(LIGHT) -p 2 -timeout 20m

export CGO_ENABLED := 0
export GOFLAGS := $(strip $(shell go env GOFLAGS) -trimpath -buildvcs=false)

# say prints what comes next, with the seconds since the beginning.
BEGAN := $(shell date +%s)
say = @printf '\n== [%3d s] %s\n' $$(( $$(date +%s) - $(BEGAN) )) '$(1)'

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/shodo (the first time takes minutes: it holds a Temporal server)
	$(call say,build $(BINARY))
	go build -ldflags '-s -w -X main.version=$(VERSION)' -o $(BINARY) ./cmd/shodo

.PHONY: demo
demo: build ## see the product work: eight things break, and are answered
	$(BINARY) demo

.PHONY: test
test: export SHODO_SIMULATION_INCIDENTS ?= 2500
test: check simulation test-server demo-exit ## everything, as CI runs it; of the simulation a quarter
	$(call say,all is well)

.PHONY: check
check: needs lint build scenarios test-race ## format, vet, lint, the scenarios, and our tests under the race detector

.PHONY: lint
lint: format vet staticcheck workflowcheck

.PHONY: format
format:
	$(call say,format: gofmt)
	@wrong=$$(gofmt -l .); \
	if [ -n "$$wrong" ]; then echo "not formatted, run gofmt -w on: $$wrong"; exit 1; fi

.PHONY: vet
vet:
	$(call say,vet)
	go vet $(LIGHT) ./...

.PHONY: staticcheck
staticcheck:
	$(call say,lint: staticcheck)
	go tool staticcheck $(LIGHT) ./...

# Workflows are replayed: no clock, no randomness, no goroutine, no walk over a map.
.PHONY: workflowcheck
workflowcheck:
	$(call say,lint: workflows are deterministic)
	go tool workflowcheck $(LIGHT) ./workflows

.PHONY: scenarios
scenarios: build
	$(call say,the shipped scenarios and their tests)
	$(BINARY) check .
	$(BINARY) test .

.PHONY: test-race
test-race: build
	$(call say,tests under the race detector)
	$(RACE) ./...

# Under the race detector only some of the incidents happen; here all of them do.
.PHONY: simulation
simulation: ## 10,000 incidents through three months of quiet hours, breakdowns and changes of plan
	$(call say,$(or $(SHODO_SIMULATION_INCIDENTS),10000) incidents through three months)
	@set -o pipefail; \
	go test $(LIGHT) -count 1 -timeout 20m -v ./workflows/simulation | sed -E '/^ *(===|--- PASS)/d'

# Without vet, which would analyse the whole server for the sake of three files of ours.
.PHONY: test-server
test-server:
	$(call say,tests of the embedded Temporal server)
	go test -vet=off -timeout 10m ./internal/temporalserver

.PHONY: demo-exit
demo-exit: build
	$(call say,the demo)
	$(BINARY) demo --exit

.PHONY: bench
bench: ## measure speed and cost, as a table
	go run ./internal/bench

.PHONY: docs
docs: build ## write docs/configuration.md, docs/actions.md and docs/schema anew
	$(BINARY) config reference > docs/configuration.md
	$(BINARY) actions --markdown > docs/actions.md
	$(BINARY) schema --dir docs/schema

.PHONY: clean
clean: ## remove what was built
	rm -rf bin

# What the tests need beyond Go and git: a C compiler for the race detector, an SSH server for ssh.run, and PostgreSQL,
# which they start themselves: no cluster is made, and nothing of it runs.
.PHONY: needs
needs:
	$(call say,install what the tests need)
	@packages=; \
	command -v "$$(go env CC)" > /dev/null || packages="gcc libc6-dev"; \
	test -x /usr/sbin/sshd || packages="$$packages openssh-server"; \
	command -v initdb > /dev/null || ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 || \
		test -n "$$SHODO_TEST_POSTGRES_URL" || packages="$$packages postgresql"; \
	if [ -z "$$packages" ]; then echo "all is there"; exit; fi; \
	if command -v apt-get > /dev/null && [ "$$(id -u)" = 0 ]; then \
		echo "installing $$packages"; \
		export DEBIAN_FRONTEND=noninteractive; \
		case "$$packages" in *postgresql*) mkdir -p /etc/postgresql-common && \
			{ test -e /etc/postgresql-common/createcluster.conf || \
				echo "create_main_cluster = false" > /etc/postgresql-common/createcluster.conf; };; esac; \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends $$packages > /dev/null; \
	elif [ "$$CI" = true ]; then \
		echo "missing, and cannot be installed here: $$packages"; exit 1; \
	else \
		echo "missing: $$packages. Without a C compiler the race detector cannot run; without sshd the tests of ssh.run are skipped, and without PostgreSQL those of the store on it."; \
	fi
