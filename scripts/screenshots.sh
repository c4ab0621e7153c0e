#!/usr/bin/env bash
# Renders the screenshots of the README (1440 pixels wide, light theme): starts the server with the demo workspace and a
# temporary data directory, waits until the demo history is loaded, and drives headless Chromium over WebDriver. Called by
# `make screenshots`.
#
#   scripts/screenshots.sh BINARY DIRECTORY   write dashboard.png and trace.png to DIRECTORY
set -euo pipefail

binary=${1:?path to agent-obs} images=${2:?output directory}
work=$(mktemp -d)
server='' driver='' session=''

stop() {
    # Deleting the session stops Chromium, which would outlive a killed driver.
    [ -z "$session" ] || curl --silent --max-time 10 --request DELETE "$session" >/dev/null || true
    [ -z "$driver" ] || kill "$driver" 2>/dev/null || true
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    wait
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

fail() {
    printf 'screenshots: %s\n' "$*" >&2
    exit 1
}

# Repeats the command `$2…` twice a second until it succeeds. Fails after ten minutes with the description `$1`.
wait_until() {
    local what=$1 deadline=$((SECONDS + 600))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || fail "timed out: $what"
        sleep 0.5
    done
}

# ── Server ─────────────────────────────────────────────────────────────────────────────────────────────────────────

# Succeeds once the server has printed its URL. Fails the script if the server exits.
server_listens() {
    kill -0 "$server" 2>/dev/null || fail "the server exited: $(cat "$work/server.log")"
    url=$(grep --only-matching --max-count=1 'http://[0-9.:]*' "$work/server.out")
}
# Runs a GET request on the API path `$1`.
api() { curl --silent --fail --header "Authorization: Bearer $token" "$url/api/v1$1"; }
# Whether the list at the API path `$1` has items.
has_items() { api "$1" | jq --exit-status '.total > 0' >/dev/null; }

SERVICE_HOST=127.0.0.1 SERVICE_PORT=0 OTLP_GRPC_PORT=0 RATE_LIMIT_PER_MINUTE=0 LOG_LEVEL=warn DATA_DIR="$work/data" \
    "$binary" serve --demo >"$work/server.out" 2>"$work/server.log" &
server=$!
wait_until "server start" server_listens
login=$(curl --silent --fail --header 'Content-Type: application/json' \
    --data '{"email": "demo@agent-obs.local", "password": "demo-password"}' "$url/api/v1/auth/login") || fail "cannot log in"
token=$(jq --raw-output .access_token <<<"$login")
# The history is loaded from the newest day to the oldest; resolved alerts are added at the end.
wait_until "demo history" has_items "/alerts?state=resolved&limit=1"
trace=$(api "/traces?range=24h&agent_id=research-assistant&status=success&limit=100" |
    jq --raw-output '.items | max_by(.tokens_total) | .trace_id // empty')
[ -n "$trace" ] || fail "no trace of the agent research-assistant found"

# ── Browser ────────────────────────────────────────────────────────────────────────────────────────────────────────

driver_listens() {
    kill -0 "$driver" 2>/dev/null || fail "chromedriver exited: $(cat "$work/driver.out")"
    port=$(sed -n 's/.*started successfully on port \([0-9]*\).*/\1/p' "$work/driver.out")
    [ -n "$port" ]
}
# Sends the JSON `$2` to the WebDriver command `$1` and prints the value of the response.
webdriver() {
    curl --silent --fail-with-body --header 'Content-Type: application/json' --data "$2" "$session/$1" | jq --compact-output .value
}
devtools() { webdriver goog/cdp/execute "$(jq --null-input --arg cmd "$1" --argjson params "$2" '{$cmd, $params}')"; }
# Runs the JavaScript `$1` with the JSON array `$2` as its arguments.
script() { webdriver execute/sync "$(jq --null-input --arg script "$1" --argjson args "${2:-[]}" '{$script, $args}')"; }
open_page() { webdriver url "$(jq --null-input --arg url "$url$1" '{$url}')" >/dev/null; }
is_rendered() {
    [ "$(script 'return document.querySelector("main h1") !== null && document.querySelector(".skeleton, [aria-busy=true]") === null')" = true ]
}
# Saves the page at the path `$1` as `$2`.
save() {
    open_page "$1"
    wait_until "page $1" is_rendered
    # Let transitions finish.
    sleep 2
    devtools Page.captureScreenshot '{"format": "png"}' | jq --raw-output .data | base64 --decode >"$work/page.png"
    mkdir -p "$images"
    mv "$work/page.png" "$images/$2"
    echo "==> Screenshot: $images/$2"
}

TZ=UTC TMPDIR=$work "${CHROMEDRIVER:-chromedriver}" --port=0 >"$work/driver.out" 2>&1 &
driver=$!
wait_until "chromedriver start" driver_listens
capabilities=$(jq --null-input --arg binary "$(command -v "${CHROMIUM:-chromium}")" --arg profile "$work/profile" '{
    capabilities: {alwaysMatch: {"goog:chromeOptions": {$binary, args: [
        "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run",
        "--hide-scrollbars", "--lang=en-US", "--force-color-profile=srgb", "--user-data-dir=\($profile)"
    ]}}}
}')
session=http://127.0.0.1:$port/session
id=$(curl --silent --fail-with-body --header 'Content-Type: application/json' --data "$capabilities" "$session" |
    jq --raw-output '.value.sessionId // empty')
if [ -z "$id" ]; then
    session=''
    fail "cannot start Chromium"
fi
session=$session/$id
devtools Emulation.setDeviceMetricsOverride '{"width": 1440, "height": 1000, "deviceScaleFactor": 1, "mobile": false}' >/dev/null
devtools Emulation.setEmulatedMedia '{"features": [{"name": "prefers-color-scheme", "value": "light"}]}' >/dev/null
# The SPA reads its session from localStorage: web/src/auth/provider.rs.
open_page /login
script 'const [login] = arguments, now = Date.now();
    localStorage.setItem("agent-obs.token", JSON.stringify({
        access_token: login.access_token,
        obtained_at: new Date(now).toISOString(),
        expires_at: new Date(now + 1000 * login.expires_in).toISOString(),
    }))' "[$login]" >/dev/null
save /dashboard dashboard.png
save "/traces/$trace" trace.png
