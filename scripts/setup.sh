#!/usr/bin/env bash
# Installs the missing prerequisites of a make target. Does not change installed software, returns quickly and silently
# if nothing is missing, and reports in one line what it cannot install. Called by make, which sets the versions and the
# directory.
#
#   scripts/setup.sh run|build|lint|test|bench|deny|screenshots
set -euo pipefail

need=${1:?usage: scripts/setup.sh run|build|lint|test|bench|deny|screenshots (called by make)}
: "${TOOLS:?}" "${TRUNK_VERSION:?}" "${WASM_BINDGEN_VERSION:?}" "${BINARYEN_VERSION:?}" "${ESBUILD_VERSION:?}" "${CARGO_DENY_VERSION:?}"

step() { printf '==> Setup: %s\n' "$*"; }
fail() {
    printf 'Setup failed: %s\n' "$*" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }
# Whether `$1 --version` prints `$2`.
is_version() { have "$1" && [ "$("$1" --version 2>/dev/null)" = "$2" ]; }

# ── Debian packages ────────────────────────────────────────────────────────────────────────────────────────────────

as_root=()
apt_get=()
# Sets both variables. Fails if the user cannot install packages.
find_apt() {
    have apt-get || return 1
    if [ "$(id -u)" != 0 ]; then
        have sudo && sudo -n true 2>/dev/null || return 1
        as_root=(sudo -n)
    fi
    apt_get=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
}

install_packages() {
    step "Debian packages: $*"
    # A failed update of one package source is not fatal: the packages may come from another source.
    "${apt_get[@]}" update || true
    # Debian starts nginx on port 80 after the installation. The tests only need the binary: prevent the start.
    local masked=
    if [[ " $* " == *" nginx "* && -d /run/systemd/system ]]; then
        "${as_root[@]}" systemctl --quiet mask nginx && masked=yes
    fi
    local result=0
    "${apt_get[@]}" install -y --no-install-recommends "$@" >/dev/null || result=$?
    if [ -n "$masked" ]; then
        "${as_root[@]}" systemctl --quiet unmask nginx
        "${as_root[@]}" systemctl --quiet disable nginx || true
    fi
    return "$result"
}

packages=() # missing Debian packages
missing=()  # descriptions of the missing programs
require() {
    local what=$1
    shift
    missing+=("$what")
    packages+=("$@")
}

# Debian installs each PostgreSQL version in a directory of its own, which is not on the PATH.
have_postgres() {
    local bin
    for bin in "${POSTGRES_BIN:-}" "$(pg_config --bindir 2>/dev/null)" /usr/lib/postgresql/*/bin; do
        [ -x "$bin/postgres" ] && return 0
    done
    return 1
}
# Minimum versions of Python and Node for the packages of the tests.
has_python() { have python3 && python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; }
has_node() {
    have npm && have node && node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 18 || (a == 18 && b > 18) ? 0 : 1)'
}
compiles_c() { have cc && echo '#include <stdlib.h>' | cc -E -x c - >/dev/null 2>&1; }

want_browser() {
    have "${CHROMIUM:-chromium}" || require "chromium (or CHROMIUM=/path/to/chrome)" chromium
    have "${CHROMEDRIVER:-chromedriver}" || require "chromedriver (or CHROMEDRIVER=/path/to/chromedriver)" chromium-driver
}
# Debian starts a PostgreSQL and a Redis server after the installation. Tests and benchmarks start their own.
want_servers() {
    have redis-server || require redis-server redis-server
    have setpriv || require "setpriv (util-linux)" util-linux
    have_postgres || require "PostgreSQL (or POSTGRES_BIN=/path/to/its/programs)" postgresql
}

compiles_c || require "a C compiler (cc)" gcc libc6-dev
case $need in
    test)
        want_browser
        want_servers
        # Debian installs nginx in /usr/sbin, which is only on root's PATH.
        PATH=$PATH:/usr/sbin have "${NGINX:-nginx}" || require "nginx (or NGINX=/path/to/nginx)" nginx
        have openssl || require openssl openssl
        has_python || require "python3 3.10 or newer with venv" python3 python3-venv
        has_node || require "node 18.19 or newer with npm" nodejs npm
        have brotli || require brotli brotli
        ;;
    bench)
        have wrk || require wrk wrk
        want_servers
        ;;
    screenshots)
        want_browser
        have curl || require curl curl
        have jq || require jq jq
        ;;
esac
if [ ${#packages[@]} -gt 0 ]; then
    list=$(printf ', %s' "${missing[@]}")
    find_apt || fail "missing ${list:2}; on Debian, run: sudo apt-get install ${packages[*]}"
    install_packages "${packages[@]}" || fail "apt-get cannot install ${packages[*]}"
fi

# ── Rust ───────────────────────────────────────────────────────────────────────────────────────────────────────────

have cargo || fail "missing cargo: install Rust from https://rustup.rs"
wasm=wasm32-unknown-unknown
if [ ! -d "$(rustc --print target-libdir --target $wasm)" ]; then
    have rustup || fail "missing Rust target $wasm: install it, or install Rust from https://rustup.rs"
    step "Rust target $wasm"
    rustup target add $wasm || fail "rustup cannot add the target $wasm"
fi
case $need in lint | bench | screenshots) exit 0 ;; esac

# ── Tools, in one directory per version ────────────────────────────────────────────────────────────────────────────

# Downloads the prebuilt binaries of `$1` at version `$2` if cargo-binstall is installed. `$3` checks whether they run.
download_crate() {
    have cargo-binstall || return 1
    step "$1 $2 (prebuilt) → $TOOLS"
    cargo binstall --no-confirm --disable-strategies compile --version "=$2" --root "$TOOLS/$1-$2" "$1" && "$3" && return
    rm -rf "${TOOLS:?}/$1-$2"
    return 1
}

# Compiles `$1` at version `$2`; further arguments are passed to `cargo install`. Uses almost no optimisation, since the
# tools run for seconds. Compiled crates are kept until the installation is complete, so that an interrupted one
# continues.
install_crate() {
    local crate=$1 version=$2 build=$TOOLS/build/$1-$2
    shift 2
    step "$crate $version (compiled once, takes minutes) → $TOOLS"
    local install=(env CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16
        "CARGO_TARGET_DIR=$build" cargo install "$crate" --version "=$version" --root "$TOOLS/$crate-$version" "$@")
    # The lock file can name versions that a mirror of crates.io does not have yet.
    if ! "${install[@]}" --locked; then
        step "$crate $version, with the newest available dependencies"
        "${install[@]}" || fail "cargo cannot install $crate $version"
    fi
    rm -rf "$build"
}

# wasm-opt, which makes the SPA a third smaller, and esbuild, which minifies the script that loads it.
install_web_tools() {
    if ! { have node && have npm; }; then
        find_apt && install_packages nodejs npm || return 1
    fi
    local target=$TOOLS/web-tools-$BINARYEN_VERSION-$ESBUILD_VERSION
    step "wasm-opt $BINARYEN_VERSION and esbuild $ESBUILD_VERSION (npm) → $TOOLS"
    rm -rf "$target.part"
    npm install --prefix "$target.part" --ignore-scripts --no-audit --no-fund --loglevel=error \
        "binaryen@$BINARYEN_VERSION" "esbuild@$ESBUILD_VERSION" || return 1
    # Fails if the installed version of node is too old.
    "$target.part/node_modules/.bin/wasm-opt" --version >/dev/null || return 1
    "$target.part/node_modules/.bin/esbuild" --version >/dev/null || return 1
    rm -rf "$target" && mv "$target.part" "$target"
}

# The Python and JavaScript packages of the tests, at pinned versions.
install_test_packages() {
    local lists=crates/test-support/packages part=$TEST_PACKAGES.part
    step "Packages of the tests (PyPI, npm) → $TEST_PACKAGES"
    rm -rf "$part" && mkdir -p "$part/node" && cp "$lists"/package*.json "$part/node/" || return 1
    python3 -m venv "$part/python" || return 1
    "$part/python/bin/python" -m pip install --quiet --no-deps --disable-pip-version-check --no-input \
        --requirement "$lists/requirements.txt" || return 1
    npm ci --prefix "$part/node" --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null || return 1
    rm -rf "$TEST_PACKAGES" && mv "$part" "$TEST_PACKAGES"
}

has_test_packages() { [ -x "${TEST_PACKAGES:?}/python/bin/python" ] && [ -d "$TEST_PACKAGES/node/node_modules/ai" ]; }
has_trunk() { is_version trunk "trunk $TRUNK_VERSION"; }
has_wasm_bindgen() { is_version wasm-bindgen "wasm-bindgen $WASM_BINDGEN_VERSION" && have wasm-bindgen-test-runner; }
has_cargo_deny() { is_version cargo-deny "cargo-deny $CARGO_DENY_VERSION"; }
has_web_tools() { [ -x "$TOOLS/web-tools-$BINARYEN_VERSION-$ESBUILD_VERSION/node_modules/.bin/wasm-opt" ]; }

case $need in
    run) wanted=(has_trunk has_wasm_bindgen) ;;
    deny) wanted=(has_cargo_deny) ;;
    test) wanted=(has_trunk has_wasm_bindgen has_web_tools has_test_packages) ;;
    *) wanted=(has_trunk has_wasm_bindgen has_web_tools) ;;
esac
complete() { for has in "${wanted[@]}"; do "$has" || return 1; done; }
complete && exit 0

mkdir -p "$TOOLS/build"
# Another checkout may be installing the same tools: wait, then check again.
exec 9>"$TOOLS/lock"
flock -n 9 || { step "waiting for another installation in $TOOLS" && flock 9; }
for has in "${wanted[@]}"; do
    "$has" && continue
    case $has in
        # The default features are update checks and TLS, which make does not use: trunk runs offline.
        has_trunk)
            download_crate trunk "$TRUNK_VERSION" has_trunk ||
                install_crate trunk "$TRUNK_VERSION" --no-default-features
            ;;
        has_wasm_bindgen)
            download_crate wasm-bindgen-cli "$WASM_BINDGEN_VERSION" has_wasm_bindgen ||
                install_crate wasm-bindgen-cli "$WASM_BINDGEN_VERSION" --no-default-features
            ;;
        has_cargo_deny) install_crate cargo-deny "$CARGO_DENY_VERSION" ;;
        has_test_packages)
            install_test_packages ||
                step "cannot install the packages of the tests from PyPI or npm: the tests that use them will fail"
            ;;
        has_web_tools)
            install_web_tools ||
                step "cannot install wasm-opt and esbuild (requires node and npm): the SPA is built without them and is larger"
            ;;
    esac
done
