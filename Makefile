# make demo and make test need Go and nothing else: PostgreSQL is installed if it is missing.

GO    ?= go
TOOL  := $(GO) tool -modfile=internal/tools/go.mod
# The race detector needs a C compiler.
RACE  := $(shell command -v $$($(GO) env CC) >/dev/null 2>&1 && echo -race)
TMP   := $(or $(TMPDIR),/tmp)
BENCH_RECORDS ?= 100000
BENCH_FLAGS ?=

.DEFAULT_GOAL := help

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: postgres build ## load an invented Salesforce export into the embedded PostgreSQL and show the graph
	@bin/rye-import demo
	@echo "Here, rye-import is bin/rye-import."

.PHONY: test
test: postgres ## run all tests, on a private PostgreSQL
	$(GO) test $(RACE) -timeout 60m ./...

.PHONY: postgres
postgres: ## install PostgreSQL through the system's package manager if it is missing
	@$(GO) run ./internal/pgserver/cmd/ensure-postgres

.PHONY: build
build: ## build bin/rye-import
	@CGO_ENABLED=0 $(GO) build -trimpath -o bin/rye-import ./cmd/rye-import

MODEL_SEQUENCES ?= 20000

.PHONY: model
model: postgres ## compare MODEL_SEQUENCES random lives of a CRM with the model of the rules, from RYE_MODEL_SEED on
	RYE_MODEL_SEQUENCES=$(MODEL_SEQUENCES) $(GO) test -timeout 4h -count=1 -run TestSequences ./internal/modeltest

.PHONY: generate
generate: ## generate db/ from schema/ and queries/, and docs/mapping.schema.json from the language of mappings
	$(TOOL) sqlc generate
	$(GO) run ./internal/mapschema/cmd/mapschema > docs/mapping.schema.json.new && mv docs/mapping.schema.json.new docs/mapping.schema.json

.PHONY: golden
golden: postgres ## write the golden files of the tests anew; look at what changed
	$(GO) test ./cmd/rye-import ./importer ./importer/draft ./importer/mapping ./importer/report -update

.PHONY: check
check: check-go check-sql ## all that CI checks besides the tests

.PHONY: check-go
check-go: ## format, vet, lint, tidy
	$(TOOL) golangci-lint fmt --diff
	$(GO) vet ./...
	$(TOOL) golangci-lint run ./...
	$(GO) mod tidy -diff
	cd internal/tools && $(GO) mod tidy -diff

# The queries are prepared on a server of their own, which is stopped and removed afterwards.
VET_HOME := $(TMP)/rye-import-vet-$(shell id -u)
VET_RYE  := RYE_HOME=$(VET_HOME) RYE_DATABASE_URL= DATABASE_URL= bin/rye-import

.PHONY: check-sql
check-sql: postgres build ## is db/ up to date, and is every query right on a migrated database
	$(TOOL) sqlc diff
	$(VET_RYE) db start
	$(VET_RYE) db migrate && export GO="$(GO)" RYE_SQLC_DATABASE_URL="$$($(VET_RYE) db url)" \
		&& internal/tools/vet/run && $(TOOL) sqlc vet; \
		status=$$?; $(VET_RYE) db stop && rm -rf $(VET_HOME); exit $$status

.PHONY: fuzz
fuzz: ## fuzz each reader of foreign bytes for a minute
	@set -e; for p in $$($(GO) list ./cmd/... ./importer/... ./internal/...); do \
		for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
			$(GO) test -run '^$$' -fuzz "^$$f\$$" -fuzztime 60s $$p; \
		done; \
	done

.PHONY: bench
bench: postgres build ## time imports of BENCH_RECORDS records beside other ways to load them; BENCH_FLAGS="-rounds 3 -scale 10 ..."
	$(GO) run ./internal/bench -records $(BENCH_RECORDS) -json bin/bench.json $(BENCH_FLAGS)

.PHONY: bench-once
bench-once: postgres ## run each micro-benchmark once, to prove that it runs
	$(GO) test -run '^$$' -bench . -benchtime 1x ./importer/decode ./importer/mapping ./importer/load

.PHONY: bench-queries
bench-queries: postgres ## time every query on graphs of 10,000 and 1,000,000 nodes; takes half an hour
	$(GO) run ./internal/bench/queries

.PHONY: clean
clean: ## remove what was built
	rm -rf bin
