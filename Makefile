# `make help` lists the targets. scripts/setup.sh installs missing tools into $(TOOLS), outside the checkout, with one
# directory per version, so that several clones share them. PATH is extended only inside make.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

TRUNK_VERSION := 0.21.14
BINARYEN_VERSION := 132.0.0
ESBUILD_VERSION := 0.28.2
CARGO_DENY_VERSION := 0.20.2
# wasm-bindgen-cli must have exactly the version of the wasm-bindgen crate.
WASM_BINDGEN_VERSION := $(shell awk '$$0 == "name = \"wasm-bindgen\"" { getline; gsub(/"/, "", $$3); print $$3; exit }' Cargo.lock)

TOOLS := $(or $(AGENT_OBS_TOOLS),$(or $(XDG_CACHE_HOME),$(HOME)/.cache)/agent-obs/tools)
TARGET := $(or $(CARGO_TARGET_DIR),target)
# Packages from PyPI and npm that the tests use, in one directory per set of versions.
TEST_PACKAGES := $(TOOLS)/test-packages-$(shell cat crates/test-support/packages/requirements.txt crates/test-support/packages/package-lock.json 2>/dev/null | sha256sum | cut -c1-12)
# wasm-opt and esbuild.
WEB_TOOLS := $(TOOLS)/web-tools-$(BINARYEN_VERSION)-$(ESBUILD_VERSION)/node_modules/.bin
# After a fresh rustup installation, ~/.cargo/bin is not yet on the PATH of every shell: append it.
PATH := $(TOOLS)/trunk-$(TRUNK_VERSION)/bin:$(TOOLS)/wasm-bindgen-cli-$(WASM_BINDGEN_VERSION)/bin:$(WEB_TOOLS):$(TOOLS)/cargo-deny-$(CARGO_DENY_VERSION)/bin:$(PATH):$(HOME)/.cargo/bin
export PATH TOOLS TARGET TEST_PACKAGES TRUNK_VERSION BINARYEN_VERSION ESBUILD_VERSION CARGO_DENY_VERSION WASM_BINDGEN_VERSION

# Make trunk use the installed tools instead of downloading them.
export TRUNK_TOOLS_WASM_BINDGEN := $(WASM_BINDGEN_VERSION)
export TRUNK_TOOLS_WASM_OPT := version_$(firstword $(subst ., ,$(BINARYEN_VERSION)))
export TRUNK_OFFLINE := true
export TRUNK_SKIP_VERSION_CHECK := true
# trunk rejects NO_COLOR=1.
TRUNK := env -u NO_COLOR trunk

# `make run DEMO=0` starts without the demo workspace.
DEMO ?= 1

WEB_SOURCES := Cargo.toml Cargo.lock Trunk.toml rust-toolchain.toml shared/Cargo.toml \
	$(shell find web shared/src -mindepth 1 \( -path web/dist -o -path web/styles.css \) -prune -o -print)

##@ Use

.PHONY: run
run: build-quick ## build with little optimisation and serve a demo workspace (DEMO=0: none) on 127.0.0.1:8000
	@exec $(TARGET)/quick/agent-obs serve $(if $(filter 0,$(DEMO)),,--demo)

.PHONY: build-quick
build-quick: setup-run $(TARGET)/spa-quick/index.html
	@echo "==> Server: $(TARGET)/quick/agent-obs"
	@AGENT_OBS_WEB_DIST=$(abspath $(TARGET)/spa-quick) cargo build --profile quick -p api

.PHONY: build
build: setup-build web/dist/index.html ## build the optimised binary target/release/agent-obs, SPA included
	@echo "==> Server: $(TARGET)/release/agent-obs"
	@cargo build --release -p api

# index.html gets the time at which the build started, so that files edited during the build are newer and trigger the
# next one.
web/dist/index.html: $(WEB_SOURCES) | setup-build
	@echo "==> SPA: web/dist"
	@mkdir -p $(TARGET) && touch $(TARGET)/spa-started
	@if [ -x $(WEB_TOOLS)/wasm-opt ]; then $(TRUNK) build --release; \
	else $(TRUNK) build --cargo-profile wasm-release; fi
	@touch -r $(TARGET)/spa-started $@

# Without LTO, minification and wasm-opt.
$(TARGET)/spa-quick/index.html: $(WEB_SOURCES) | setup-run
	@echo "==> SPA: $(TARGET)/spa-quick"
	@mkdir -p $(TARGET) && touch $(TARGET)/spa-started
	@$(TRUNK) build --cargo-profile quick --dist $(TARGET)/spa-quick
	@touch -r $(TARGET)/spa-started $@

##@ Develop

.PHONY: dev
dev: setup-build ## run the API on :8000 and the SPA on :8080; both are rebuilt on change
	@scripts/dev.sh

.PHONY: test
test: setup-test web/dist/index.html test-native test-wasm ## run all tests: units, stores, HTTP, components and browser flows

.PHONY: test-native
test-native: # Includes the browser flows in api/tests/browser.
	@echo "==> Tests: units, stores, HTTP, browser flows"
	@export CHROMEDRIVER="$${CHROMEDRIVER:-$$(command -v chromedriver)}" CHROMIUM="$${CHROMIUM:-$$(command -v chromium)}"; \
	cargo test --workspace

.PHONY: test-wasm
test-wasm:
	@echo "==> Tests: components in Chromium"
	@export CHROMEDRIVER="$${CHROMEDRIVER:-$$(command -v chromedriver)}" WASM_BINDGEN_TEST_TIMEOUT=120 \
		CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=wasm-bindgen-test-runner; \
	cargo test -p web --target wasm32-unknown-unknown

.PHONY: lint
lint: setup-lint ## check format, lock file, clippy; licences, scripts, nginx and containers if the tools are installed
	@echo "==> Lint: format"
	@cargo fmt --all --check
	@echo "==> Lint: Cargo.lock is up to date"
	@cargo metadata --locked --format-version 1 >/dev/null
	@echo "==> Lint: clippy, native"
	@cargo clippy --workspace --all-targets -- -D warnings
	@echo "==> Lint: clippy, wasm"
	@cargo clippy -p web --all-targets --target wasm32-unknown-unknown -- -D warnings
	@scripts/lint-optional.sh

.PHONY: deny
deny: setup-deny ## check licences, bans, sources and advisories of the dependencies; compiles cargo-deny on first use
	@scripts/deny.sh

.PHONY: fmt
fmt: ## format all Rust code
	@cargo fmt --all

# Number of traces that `make bench` loads, and the setup to measure: embedded, servers, or both if empty.
TRACES ?= 1000000
ONLY ?=

.PHONY: bench
bench: setup-bench ## measure with TRACES=1000000 traces (ONLY=embedded|servers), write docs/benchmarks.md; use an idle machine
	@cargo bench -p api --bench server -- --traces $(TRACES) $(if $(ONLY),--only $(ONLY)) --write $(CURDIR)/docs/benchmarks.md

.PHONY: screenshots
screenshots: setup-screenshots build-quick ## render docs/images/dashboard.png and trace.png from the demo workspace
	@scripts/screenshots.sh $(TARGET)/quick/agent-obs docs/images

##@ Housekeeping

.PHONY: setup-run setup-lint setup-build setup-test setup-bench setup-deny setup-screenshots
setup-run setup-lint setup-build setup-test setup-bench setup-deny setup-screenshots: setup-%:
	@scripts/setup.sh $*

.PHONY: versions
versions: # Prints the versions of the build tools for the Dockerfile.
	@printf '%s\n' TRUNK_VERSION=$(TRUNK_VERSION) WASM_BINDGEN_VERSION=$(WASM_BINDGEN_VERSION) \
		BINARYEN_VERSION=$(BINARYEN_VERSION) ESBUILD_VERSION=$(ESBUILD_VERSION) CARGO_DENY_VERSION=$(CARGO_DENY_VERSION)

.PHONY: clean
clean: ## delete build results; data and tools are kept
	@cargo clean
	@rm -rf web/dist

.PHONY: help
help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
