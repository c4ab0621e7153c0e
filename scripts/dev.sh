#!/usr/bin/env bash
# Runs the API, rebuilt and restarted when its sources change, and `trunk serve`, which does the same for the SPA and
# forwards /api to the API. Ctrl-C stops both. Called by `make dev`, which puts the tools on the PATH.
set -euo pipefail

: "${TARGET:?}"
web=http://127.0.0.1:8080
marker=$TARGET/dev-build # modification time: start of the last build
server='' trunk=''
# trunk fails if a path in its ignore list does not exist.
mkdir -p "$TARGET" web/dist
touch web/styles.css

stop_server() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" 2>/dev/null || true
        server=''
    fi
}
stop() {
    trap - EXIT HUP INT TERM
    [ -z "$trunk" ] || kill -- "-$trunk" 2>/dev/null || true
    stop_server
    wait
}
trap stop EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

changed() {
    [ -n "$(find api/src api/build.rs api/Cargo.toml crates shared/src shared/Cargo.toml migrations Cargo.toml Cargo.lock \
        -newer "$marker" -print -quit 2>/dev/null)" ]
}

# If the build fails, the running server is kept until the next change.
build_and_restart() {
    touch "$marker"
    if cargo build -p api; then
        stop_server
        "$TARGET/debug/agent-obs" serve --demo &
        server=$!
    fi
}

echo "==> API: building"
build_and_restart
echo "==> SPA: $web"
# A separate output directory: web/dist is the release build that `make build` embeds. A separate process group:
# stopping it stops the builds that trunk started.
setsid env -u NO_COLOR trunk serve --dist "$TARGET/dev-dist" --address 127.0.0.1 --port 8080 &
trunk=$!

while kill -0 "$trunk" 2>/dev/null; do
    if changed; then
        echo "==> API: sources changed, building"
        build_and_restart
    fi
    # Sleep in the background, so that signals are handled immediately.
    sleep 1 &
    wait $!
done
wait "$trunk"
