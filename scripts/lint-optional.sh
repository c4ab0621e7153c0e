#!/usr/bin/env bash
# Runs the checks whose tools are optional. A check is skipped with a message if its tool is not installed.
set -euo pipefail

if command -v cargo-deny >/dev/null; then
    echo "==> Lint: licences, bans, sources and advisories of the dependencies"
    scripts/deny.sh
else
    echo "==> Lint: SKIPPED: licences, bans and sources of the dependencies (no cargo-deny; installed by make deny)"
    echo "==> Advisories of the dependencies NOT CHECKED: cargo-deny is not installed"
fi
if command -v shellcheck >/dev/null; then
    echo "==> Lint: shell scripts"
    shellcheck scripts/*.sh .ci/run
else
    echo "==> Lint: SKIPPED: shell scripts (no shellcheck)"
fi
if PATH=$PATH:/usr/sbin command -v "${NGINX:-nginx}" >/dev/null; then
    echo "==> Lint: nginx.conf"
    temp=$(mktemp -d)
    trap 'rm -rf "$temp"' EXIT
    mkdir "$temp/dist"
    echo '<script type="module">start()</script>' >"$temp/dist/index.html"
    scripts/nginx.sh web "$temp/dist" "$temp/web"
    NGINX_WEB=$temp/web NGINX_TMP=$temp NGINX_ACCESS_LOG=$temp/access.log NGINX_SERVER_CONF=$PWD/deploy/load-balancer.conf \
        scripts/nginx.sh conf >"$temp/nginx.conf"
    PATH=$PATH:/usr/sbin "${NGINX:-nginx}" -t -q -c "$temp/nginx.conf"
else
    echo "==> Lint: SKIPPED: nginx.conf (no nginx; installed by make test)"
fi
if docker compose version >/dev/null 2>&1; then
    echo "==> Lint: docker-compose.yml"
    check_compose() {
        JWT_SECRET=x INTERNAL_SECRET=x POSTGRES_PASSWORD=x TIMESCALE_PASSWORD=x REDIS_PASSWORD=x \
            docker compose --env-file /dev/null --project-directory . "$@" config --quiet
    }
    check_compose -f docker-compose.yml
    check_compose -f docker-compose.yml -f deploy/docker-compose.tls.yml
else
    echo "==> Lint: SKIPPED: docker-compose.yml (no docker compose)"
fi
if command -v hadolint >/dev/null; then
    echo "==> Lint: Dockerfile"
    hadolint Dockerfile
else
    echo "==> Lint: SKIPPED: Dockerfile (no hadolint)"
fi
# rust-toolchain.toml and the Dockerfile must name the same Rust version.
toolchain=$(sed -n 's/^channel = "\(.*\)"$/\1/p' rust-toolchain.toml)
grep -qx "ARG RUST_VERSION=$toolchain" Dockerfile || {
    echo "Dockerfile: RUST_VERSION must be $toolchain, the version in rust-toolchain.toml" >&2
    exit 1
}
