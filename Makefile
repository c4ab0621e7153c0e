# Everything there is to run: `make help`. Tools live outside the checkout, in $(TOOLS), a folder per version, so that a
# second clone finds them; scripts/setup.sh brings what is missing. PATH is extended in here only.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

TRUNK_VERSION := 0.21.14
BINARYEN_VERSION := 132.0.0
CARGO_DENY_VERSION := 0.20.2
# The command-line tool and the crate must be of one version.
WASM_BINDGEN_VERSION := $(shell awk '$$0 == "name = \"wasm-bindgen\"" { getline; gsub(/"/, "", $$3); print $$3; exit }' Cargo.lock)

TOOLS := $(or $(AGENT_OBS_TOOLS),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/agent-obs/tools)
TARGET := $(or $(CARGO_TARGET_DIR),target)
# The libraries that api/tests/otlp sends with: a folder for each set of versions.
OTLP_CLIENTS := $(TOOLS)/otlp-clients-$(shell cat api/tests/otlp/python/requirements.txt api/tests/otlp/node/package-lock.json 2>/dev/null | sha256sum | cut -c1-12)
WASM_OPT := $(TOOLS)/binaryen-$(BINARYEN_VERSION)/node_modules/.bin/wasm-opt
# A fresh rustup is not on every shell's PATH yet: ~/.cargo/bin comes last.
PATH := $(TOOLS)/trunk-$(TRUNK_VERSION)/bin:$(TOOLS)/wasm-bindgen-cli-$(WASM_BINDGEN_VERSION)/bin:$(dir $(WASM_OPT)):$(TOOLS)/cargo-deny-$(CARGO_DENY_VERSION)/bin:$(PATH):$(HOME)/.cargo/bin
export PATH TOOLS TARGET OTLP_CLIENTS TRUNK_VERSION BINARYEN_VERSION CARGO_DENY_VERSION WASM_BINDGEN_VERSION

# trunk takes these tools and downloads nothing.
export TRUNK_TOOLS_WASM_BINDGEN := $(WASM_BINDGEN_VERSION)
export TRUNK_TOOLS_WASM_OPT := version_$(firstword $(subst ., ,$(BINARYEN_VERSION)))
export TRUNK_OFFLINE := true
export TRUNK_SKIP_VERSION_CHECK := true
# trunk takes NO_COLOR=1, as everybody else writes it, for a mistake.
TRUNK := env -u NO_COLOR trunk

# `make run DEMO=0` starts without the demo workspace.
DEMO ?= 1

WEB_SOURCES := Cargo.toml Cargo.lock Trunk.toml rust-toolchain.toml shared/Cargo.toml \
	$(shell find web shared/src -mindepth 1 -path web/dist -prune -o -print)

##@ Use

.PHONY: run
run: build ## build, and serve with the demo workspace (DEMO=0: without) on 127.0.0.1:8000
	@exec $(TARGET)/release/agent-obs serve $(if $(filter 0,$(DEMO)),,--demo)

.PHONY: build
build: setup-build web/dist/index.html ## build target/release/agent-obs with the SPA in it
	@echo "==> Server: $(TARGET)/release/agent-obs"
	@cargo build --release -p api

# index.html gets the time at which the build began: what is edited meanwhile is newer, and built next time.
web/dist/index.html: $(WEB_SOURCES) | setup-build
	@echo "==> SPA: web/dist"
	@mkdir -p $(TARGET) && touch $(TARGET)/spa-started
	@if [ -x $(WASM_OPT) ]; then $(TRUNK) build --release; \
	else $(TRUNK) build --cargo-profile wasm-release; fi
	@touch -r $(TARGET)/spa-started $@

##@ Develop

.PHONY: dev
dev: setup-build ## API on :8000, rebuilt and restarted on change, beside `trunk serve` on :8080
	@scripts/dev.sh

.PHONY: test
test: setup-test web/dist/index.html test-native test-wasm ## all tests: units, stores, HTTP, components and flows in Chromium

.PHONY: test-native
test-native: # The flows in the browser are among them: api/tests/browser.
	@echo "==> Tests: units, stores, HTTP, flows in Chromium"
	@export CHROMEDRIVER="$${CHROMEDRIVER:-$$(command -v chromedriver)}" CHROMIUM="$${CHROMIUM:-$$(command -v chromium)}"; \
	cargo test --workspace

.PHONY: test-wasm
test-wasm:
	@echo "==> Tests: components in Chromium"
	@export CHROMEDRIVER="$${CHROMEDRIVER:-$$(command -v chromedriver)}" WASM_BINDGEN_TEST_TIMEOUT=120 \
		CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=wasm-bindgen-test-runner; \
	cargo test -p web --target wasm32-unknown-unknown

.PHONY: lint
lint: setup-lint ## format, Cargo.lock, clippy natively and for wasm; licences, shell scripts, nginx.conf and containers where their tools are
	@echo "==> Lint: format"
	@cargo fmt --all --check
	@echo "==> Lint: Cargo.lock fits the manifests"
	@cargo metadata --locked --format-version 1 >/dev/null
	@echo "==> Lint: clippy, native"
	@cargo clippy --workspace --all-targets -- -D warnings
	@echo "==> Lint: clippy, wasm"
	@cargo clippy -p web --all-targets --target wasm32-unknown-unknown -- -D warnings
	@scripts/lint-optional.sh

.PHONY: deny
deny: setup-deny ## licences, bans and sources of the dependencies; brings cargo-deny, which compiles for some minutes
	@cargo deny --log-level error check licenses bans sources

.PHONY: fmt
fmt: ## format all Rust code
	@cargo fmt --all

# What `make bench` loads before it measures, and which way to run the server: embedded, servers, or both where empty.
TRACES ?= 1000000
ONLY ?=

.PHONY: bench
bench: setup-bench ## measure on TRACES=1000000 traces (ONLY=embedded|servers) and write docs/benchmarks.md; wants an idle machine
	@cargo bench -p api --bench server -- --traces $(TRACES) $(if $(ONLY),--only $(ONLY)) --write $(CURDIR)/docs/benchmarks.md

##@ Housekeeping

.PHONY: setup-lint setup-build setup-test setup-bench setup-deny
setup-lint setup-build setup-test setup-bench setup-deny: setup-%:
	@scripts/setup.sh $*

.PHONY: versions
versions: # The tools of setup-build, for the Dockerfile.
	@printf '%s\n' TRUNK_VERSION=$(TRUNK_VERSION) WASM_BINDGEN_VERSION=$(WASM_BINDGEN_VERSION) \
		BINARYEN_VERSION=$(BINARYEN_VERSION) CARGO_DENY_VERSION=$(CARGO_DENY_VERSION)

.PHONY: clean
clean: ## remove what was built; data and tools stay
	@cargo clean
	@rm -rf web/dist

.PHONY: help
help: ## this list
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
