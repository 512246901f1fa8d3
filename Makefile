# The commands a developer needs. `make help` lists them.

GO       ?= go
BIN      := bin
FUZZTIME ?= 30s
SOAKTIME ?= 10m
SOAKSEED ?= 1
BENCHTIME ?= 0.5s
COUNT    ?= 1
CAMPAIGNSEED ?= 1
CAMPAIGNSEQUENCES ?= 4400
CAMPAIGNGROUPS ?= string hash list set sorted-set stream bitmap hyperloglog geo generic transactions

.DEFAULT_GOAL := help
.PHONY: help build run test test-tools test-mutations lint fuzz bench bench-quick bench-compare bench-stages bench-tools soak soak-cluster soak-overwrites campaign proto release clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/paxredis
	$(GO) build -o $(BIN)/paxredis ./cmd/paxredis

run: build ## build and start a local cluster of three nodes; Ctrl-C stops it
	$(BIN)/paxredis dev

test-tools: ## install what the tests use beside Go: redis-cli, redis-benchmark, redis-server, Chromium, clients in JavaScript and Python
	@.ci/install-test-tools
	@.ci/install-client-tools

# A simulated history is one goroutine, so the race detector would find nothing there and leave time for a tenth of them. Long tests of the state
# machine with one goroutine run without it, too, and those of storage that are run once more with encryption. Packages wait for the disk, too, so
# there are more at a time than processors; what takes longest comes first, so that others run beside all of it. Whole processes come last and alone:
# their nodes share the disk with whatever else is tested. Three clusters at a time: they wait for the most part, for elections and the like. What
# was measured is printed at the end.
test: export PAXREDIS_TEST_FIGURES = $(abspath $(BIN)/figures)
test: test-tools ## run all tests, with the race detector where there is more than one goroutine
	@mkdir -p $(BIN) && : >$(PAXREDIS_TEST_FIGURES)
	$(GO) test -race -p 3 -timeout 25m ./storage/state $$($(GO) list ./... | grep -v -e '/storage/state$$' -e '/integration$$' -e '/integration/sim$$')
	$(GO) test -p 3 -timeout 25m ./integration/sim ./statemachine ./storage ./storage/state ./storage/journal
	$(GO) test -race -timeout 25m -parallel 3 ./integration || { cat $(PAXREDIS_TEST_FIGURES); exit 1; }
	@cat $(PAXREDIS_TEST_FIGURES)

test-mutations: ## break one rule after the other, and have the simulator find each
	$(GO) test -tags mutation -timeout 25m -v -run TestEveryBrokenRuleIsFound ./integration/sim

lint: ## check formatting, go vet, staticcheck
	@.ci/lint

fuzz: ## run every fuzz target for FUZZTIME (30s) each; KEEP=1 adds what was found to the tests
	@.ci/fuzz $(FUZZTIME) $(KEEP)

# What could not be installed, and why, is for the report.
bench-tools: test-tools ## install what the benchmarks compare with: redis-server, etcd
	@mkdir -p $(BIN)
	@.ci/install-bench-tools >$(BIN)/bench-tools.missing
	@cat $(BIN)/bench-tools.missing

bench: build bench-tools ## compare with redis-server and etcd, for an hour; a report with plots. BENCHFLAGS="-parts table -rounds 9"
	$(GO) run ./integration/bench -paxredis $(BIN)/paxredis -missing $(BIN)/bench-tools.missing $(BENCHFLAGS)

bench-quick: build bench-tools ## its tables in two minutes, to see about where things stand; BENCHFLAGS="-parts scenarios" takes those
	$(GO) run ./integration/bench -quick -parts table,follower,values,mixed -paxredis $(BIN)/paxredis -missing $(BIN)/bench-tools.missing $(BENCHFLAGS)

bench-compare: build test-tools ## compare with paxredis as it was at BASE=REF, and say what is slower or faster than chance explains
	$(GO) run ./integration/bench compare -base "$(BASE)" -paxredis $(BIN)/paxredis $(BENCHFLAGS)

bench-stages: ## benchmark each stage of a write, from its request to its reply, for BENCHTIME (0.5s), COUNT times (benchstat wants 6 or more)
	$(GO) test -run '^$$' -bench Stage -benchmem -benchtime $(BENCHTIME) -count $(COUNT) ./resp ./replication ./storage/journal ./peer ./statemachine

campaign: ## compare a million random commands of each group with redis-server; CAMPAIGNSEED=N draws others, CAMPAIGNGROUPS="list set" of some
	@for group in $(CAMPAIGNGROUPS); do $(GO) test -timeout 0 -count=1 -v -run 'TestRandomSequencesAsRedis$$' ./integration -differential.group $$group \
		-differential.seed $(CAMPAIGNSEED) -differential.sequences $(CAMPAIGNSEQUENCES) -differential.calls 250 || exit; done

soak: ## simulate clusters until something is wrong; SOAKFLAGS="-duration 10m" bounds it, "-seed N" replays one
	$(GO) run ./integration/sim/soak $(SOAKFLAGS)

soak-cluster: test-tools ## real processes under random faults, every history checked, for SOAKTIME (10m); SOAKSEED=N begins with another
	$(GO) test -timeout 0 -v -count=1 -run TestSoakCluster ./integration -soak.duration $(SOAKTIME) -soak.seed $(SOAKSEED)

soak-overwrites: build ## overwrite keys for long and measure disk, memory, restart and catch-up; SOAKFLAGS="-scenarios takeover,slow -quick" measures others, or less
	$(GO) run ./integration/soak -paxredis $(BIN)/paxredis $(SOAKFLAGS)

proto: ## generate the codecs from their schemas
	$(GO) generate ./...

release: ## build dist/ for VERSION=1.2.3: static binaries for linux and darwin, amd64 and arm64, checksums, SBOMs; TARGETS="linux/amd64" builds less
	@.ci/release "$(VERSION)"

clean: ## remove what was built
	rm -rf $(BIN) dist
