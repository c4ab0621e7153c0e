#!/usr/bin/env bash
# The API, rebuilt and restarted when its sources change, beside `trunk serve`, which does the same for the SPA and hands
# /api on to the API. Ctrl-C ends both. `make dev` calls this, with the tools on PATH.
set -euo pipefail

: "${TARGET:?}"
web=http://127.0.0.1:8080
seen=$TARGET/dev-seen # as old as the sources that were last built
server='' trunk=''
# trunk wants the folders that it is told to ignore to be there.
mkdir -p "$TARGET" web/dist

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
    [ -n "$(find api/src api/build.rs api/Cargo.toml shared/src shared/Cargo.toml migrations Cargo.toml Cargo.lock \
        -newer "$seen" -print -quit 2>/dev/null)" ]
}

# A failed build leaves the server that runs alone: the next change tries again.
build_and_restart() {
    touch "$seen"
    if cargo build -p api; then
        stop_server
        "$TARGET/debug/agent-obs" serve --demo &
        server=$!
    fi
}

echo "==> API: building"
build_and_restart
echo "==> SPA: $web"
# Its own folder: web/dist is the release build, which `make build` embeds.
# In a group of its own, so that the builds it starts end with it.
setsid env -u NO_COLOR trunk serve --dist "$TARGET/dev-dist" --address 127.0.0.1 --port 8080 &
trunk=$!

while kill -0 "$trunk" 2>/dev/null; do
    if changed; then
        echo "==> API: changed, building"
        build_and_restart
    fi
    # In the background, so that a signal is not kept waiting.
    sleep 1 &
    wait $!
done
wait "$trunk"
