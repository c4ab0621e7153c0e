#!/usr/bin/env bash
# The checks whose tools are not worth minutes of installing on every machine: made where the tool is, and said to be
# left out where it is not.
set -euo pipefail

if command -v cargo-deny >/dev/null; then
    echo "==> Lint: licences, bans and sources of the dependencies"
    # Advisories want a database from the network: `cargo deny check advisories`, by hand.
    cargo deny --log-level error check licenses bans sources
else
    echo "==> Lint: NOT checked: licences, bans and sources of the dependencies (no cargo-deny; make deny brings it)"
fi
if command -v shellcheck >/dev/null; then
    echo "==> Lint: shell scripts"
    shellcheck scripts/*.sh .ci/run
else
    echo "==> Lint: NOT checked: shell scripts (no shellcheck)"
fi
if PATH=$PATH:/usr/sbin command -v "${NGINX:-nginx}" >/dev/null; then
    echo "==> Lint: nginx.conf"
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    mkdir "$folder/dist"
    echo '<script type="module">start()</script>' >"$folder/dist/index.html"
    scripts/nginx.sh web "$folder/dist" "$folder/web"
    NGINX_WEB=$folder/web NGINX_TMP=$folder NGINX_ACCESS_LOG=$folder/access.log NGINX_SERVER_CONF=$PWD/deploy/load-balancer.conf \
        scripts/nginx.sh conf >"$folder/nginx.conf"
    PATH=$PATH:/usr/sbin "${NGINX:-nginx}" -t -q -c "$folder/nginx.conf"
else
    echo "==> Lint: NOT checked: nginx.conf (no nginx; make test brings it)"
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
    echo "==> Lint: NOT checked: docker-compose.yml (no docker compose)"
fi
if command -v hadolint >/dev/null; then
    echo "==> Lint: Dockerfile"
    hadolint Dockerfile
else
    echo "==> Lint: NOT checked: Dockerfile (no hadolint)"
fi
# What both name must be the same.
toolchain=$(sed -n 's/^channel = "\(.*\)"$/\1/p' rust-toolchain.toml)
grep -qx "ARG RUST_VERSION=$toolchain" Dockerfile || {
    echo "Dockerfile: RUST_VERSION is not that of rust-toolchain.toml, $toolchain" >&2
    exit 1
}
