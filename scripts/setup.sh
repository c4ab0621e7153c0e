#!/usr/bin/env bash
# Brings what a make target needs and the machine does not have. Changes nothing that is there, stays quiet and quick
# when nothing is missing, and says in one line what it cannot bring. make names the versions and the folder.
#
#   scripts/setup.sh lint|build|test|bench|deny
set -euo pipefail

need=${1:?usage: scripts/setup.sh lint|build|test|bench|deny (make calls it)}
: "${TOOLS:?}" "${TRUNK_VERSION:?}" "${WASM_BINDGEN_VERSION:?}" "${BINARYEN_VERSION:?}" "${CARGO_DENY_VERSION:?}"

step() { printf '==> Set-up: %s\n' "$*"; }
fail() {
    printf 'Cannot go on: %s\n' "$*" >&2
    exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }
# Whether `$1 --version` says `$2`.
is_version() { have "$1" && [ "$("$1" --version 2>/dev/null)" = "$2" ]; }

# ── Debian packages ────────────────────────────────────────────────────────────────────────────────────────────────

as_root=()
apt_get=()
# Sets both, or fails where this user cannot install packages.
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
    # A source that does not answer need not be the one that has the packages: installing decides.
    "${apt_get[@]}" update || true
    # Debian starts an nginx, for the world on port 80, as soon as it is installed: here it is a program for the tests.
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

packages=() # what is missing, as Debian packages…
missing=()  # …and as what they are for
want() {
    local what=$1
    shift
    missing+=("$what")
    packages+=("$@")
}

# On Debian each version is in a folder of its own, which is on nobody's path.
have_postgres() {
    local bin
    for bin in "${POSTGRES_BIN:-}" "$(pg_config --bindir 2>/dev/null)" /usr/lib/postgresql/*/bin; do
        [ -x "$bin/postgres" ] && return 0
    done
    return 1
}
# The libraries that send OTLP in the tests want these versions or later.
has_python() { have python3 && python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; }
has_node() {
    have npm && have node && node -e 'const [a, b] = process.versions.node.split("."); process.exit(a > 18 || (a == 18 && b > 18) ? 0 : 1)'
}
compiles_c() { have cc && echo '#include <stdlib.h>' | cc -E -x c - >/dev/null 2>&1; }
# Debian keeps the server's programs off the PATH.
has_postgres() { compgen -G "${POSTGRES_BIN:-/usr/lib/postgresql/*/bin}/initdb" >/dev/null || have initdb; }

compiles_c || want "a C compiler (cc)" gcc libc6-dev
case $need in
    test)
        # Installing it starts a server, which the tests leave alone: they start their own.
        has_postgres || want "PostgreSQL's server (or POSTGRES_BIN=/path/to/its/programs)" postgresql
        have "${CHROMIUM:-chromium}" || want "chromium (or CHROMIUM=/path/to/chrome)" chromium
        have redis-server || want redis-server redis-server
        have setpriv || want "setpriv (util-linux)" util-linux
        have_postgres || want "PostgreSQL (or POSTGRES_BIN=/path/to/its/programs)" postgresql
        # On Debian it is on root's path alone.
        PATH=$PATH:/usr/sbin have "${NGINX:-nginx}" || want "nginx (or NGINX=/path/to/it)" nginx
        have openssl || want openssl openssl
        has_python || want "python3 of 3.10 or later, with venv" python3 python3-venv
        has_node || want "node of 18.19 or later, with npm" nodejs npm
        have brotli || want brotli brotli
        have "${CHROMEDRIVER:-chromedriver}" || want "chromedriver (or CHROMEDRIVER=/path/to/it)" chromium-driver
        ;;
    bench)
        have wrk || want wrk wrk
        have redis-server || want redis-server redis-server
        have setpriv || want "setpriv (util-linux)" util-linux
        have_postgres || want "PostgreSQL (or POSTGRES_BIN=/path/to/its/programs)" postgresql
        ;;
esac
if [ ${#packages[@]} -gt 0 ]; then
    list=$(printf ', %s' "${missing[@]}")
    find_apt || fail "missing ${list:2}; on Debian: sudo apt-get install ${packages[*]}"
    install_packages "${packages[@]}" || fail "apt-get could not install ${packages[*]}"
fi

# ── Rust ───────────────────────────────────────────────────────────────────────────────────────────────────────────

have cargo || fail "missing cargo: install Rust from https://rustup.rs"
wasm=wasm32-unknown-unknown
if [ ! -d "$(rustc --print target-libdir --target $wasm)" ]; then
    have rustup || fail "this Rust cannot build for $wasm: install that target, or Rust from https://rustup.rs"
    step "Rust target $wasm"
    rustup target add $wasm || fail "rustup could not add the target $wasm"
fi
case $need in lint | bench) exit 0 ;; esac

# ── Tools: each version in a folder of its own ─────────────────────────────────────────────────────────────────────

# Builds `$1` at version `$2` with cargo. Quickly rather than well: the tools run for seconds. What was compiled stays
# until it is done, so that an interrupted installation goes on where it was.
install_crate() {
    local crate=$1 version=$2 build=$TOOLS/build/$1-$2
    step "$crate $version (compiled once, some minutes) → $TOOLS"
    local install=(env CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=1 "CARGO_TARGET_DIR=$build"
        cargo install "$crate" --version "=$version" --root "$TOOLS/$crate-$version")
    # A lock file may name versions that a mirror of crates.io does not have yet.
    if ! "${install[@]}" --locked; then
        step "$crate $version again, with the dependencies that there are"
        "${install[@]}" || fail "cargo could not install $crate $version"
    fi
    rm -rf "$build"
}

install_wasm_opt() {
    if ! { have node && have npm; }; then
        find_apt && install_packages nodejs npm || return 1
    fi
    local folder=$TOOLS/binaryen-$BINARYEN_VERSION
    step "wasm-opt $BINARYEN_VERSION (npm: binaryen) → $TOOLS"
    rm -rf "$folder.part"
    npm install --prefix "$folder.part" --no-audit --no-fund --loglevel=error "binaryen@$BINARYEN_VERSION" || return 1
    # A node that is too old for it shows here.
    "$folder.part/node_modules/.bin/wasm-opt" --version >/dev/null || return 1
    rm -rf "$folder" && mv "$folder.part" "$folder"
}

# Python's and JavaScript's libraries that send OTLP to the tests, as their lists pin them.
install_otlp_clients() {
    local lists=api/tests/otlp part=$OTLP_CLIENTS.part
    step "clients that send OpenTelemetry (PyPI, npm) → $OTLP_CLIENTS"
    rm -rf "$part" && mkdir -p "$part/node" && cp "$lists"/node/package*.json "$part/node/" || return 1
    python3 -m venv "$part/python" || return 1
    "$part/python/bin/python" -m pip install --quiet --no-deps --disable-pip-version-check --no-input \
        --requirement "$lists/python/requirements.txt" || return 1
    npm ci --prefix "$part/node" --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null || return 1
    rm -rf "$OTLP_CLIENTS" && mv "$part" "$OTLP_CLIENTS"
}

has_otlp_clients() { [ -x "${OTLP_CLIENTS:?}/python/bin/python" ] && [ -d "$OTLP_CLIENTS/node/node_modules/ai" ]; }
has_trunk() { is_version trunk "trunk $TRUNK_VERSION"; }
has_wasm_bindgen() { is_version wasm-bindgen "wasm-bindgen $WASM_BINDGEN_VERSION" && have wasm-bindgen-test-runner; }
has_cargo_deny() { is_version cargo-deny "cargo-deny $CARGO_DENY_VERSION"; }
has_wasm_opt() { [ -x "$TOOLS/binaryen-$BINARYEN_VERSION/node_modules/.bin/wasm-opt" ]; }

case $need in
    deny) wanted=(has_cargo_deny) ;;
    test) wanted=(has_trunk has_wasm_bindgen has_wasm_opt has_otlp_clients) ;;
    *) wanted=(has_trunk has_wasm_bindgen has_wasm_opt) ;;
esac
complete() { for has in "${wanted[@]}"; do "$has" || return 1; done; }
complete && exit 0

mkdir -p "$TOOLS/build"
# Another checkout may be at it: wait, and look again.
exec 9>"$TOOLS/lock"
flock -n 9 || { step "waiting for another installation into $TOOLS" && flock 9; }
for has in "${wanted[@]}"; do
    "$has" && continue
    case $has in
        has_trunk) install_crate trunk "$TRUNK_VERSION" ;;
        has_wasm_bindgen) install_crate wasm-bindgen-cli "$WASM_BINDGEN_VERSION" ;;
        has_cargo_deny) install_crate cargo-deny "$CARGO_DENY_VERSION" ;;
        has_otlp_clients)
            install_otlp_clients ||
                step "PyPI or npm did not give the clients that send OpenTelemetry: the tests that want them will fail"
            ;;
        has_wasm_opt)
            install_wasm_opt ||
                step "no wasm-opt (it needs node and npm): the SPA is built without it and gets somewhat larger"
            ;;
    esac
done
