#!/usr/bin/env bash
# What nginx needs besides nginx.conf.
#
#   scripts/nginx.sh web DIST FOLDER   from a built SPA, the folder that nginx serves: the files with .gz beside each
#                                      (plain/), compressed by brotli where that is installed (br/), and the hashes of
#                                      the page's inline scripts for the Content-Security-Policy (page.conf)
#   scripts/nginx.sh conf              nginx.conf with its variables filled in from the environment, to standard output
#   scripts/nginx.sh grpc              the same of deploy/otlp-grpc.conf
set -euo pipefail

# The hash of each inline script of the page on standard input, as a policy wants it: what asset.rs does for the binary.
script_hashes() {
    local page script attributes
    page=$(cat)
    while [[ $page == *"<script"* ]]; do
        page=${page#*"<script"}
        attributes=${page%%">"*}
        page=${page#*">"}
        script=${page%%"</script>"*}
        [[ $attributes == *src=* || -z $script ]] && continue
        printf " 'sha256-%s'" "$(printf %s "$script" | openssl dgst -sha256 -binary | base64)"
    done
}

web() {
    local dist=$1 folder=$2 part=$2.part
    [ -f "$dist/index.html" ] || { echo "$dist holds no index.html: make build makes one in web/dist" >&2 && exit 1; }
    rm -rf "$part"
    mkdir -p "$part"
    cp -r --preserve=timestamps "$dist" "$part/plain"
    if command -v brotli >/dev/null; then
        cp -r --preserve=timestamps "$dist" "$part/br"
        find "$part/br" -type f -print0 | while IFS= read -r -d '' file; do
            brotli --best "$file"
            mv "$file.br" "$file"
        done
    fi
    find "$part/plain" -type f -exec gzip --best --keep {} +
    # Without a newline of its own: a hash is of every byte.
    printf 'map "" %s {\n  default "%s";\n}\n' "\$page_scripts" "$(script_hashes <"$dist/index.html")" >"$part/page.conf"
    chmod -R a+rX "$part"
    rm -rf "$folder"
    mv "$part" "$folder"
}

# The template $1, filled in.
conf() {
    # Each with what it is when not set.
    local -A values=(
        [NGINX_LISTEN]="${NGINX_LISTEN:-8080}"                             # of `listen`: a port, an address, `8443 ssl`
        [NGINX_GATEWAY]="${NGINX_GATEWAY:-127.0.0.1:8000}"                 # of `server` in the upstream
        [NGINX_LOCAL_RESOLVERS]="${NGINX_LOCAL_RESOLVERS:-127.0.0.1}"      # used with `resolve` in NGINX_GATEWAY alone
        [NGINX_WEB]="${NGINX_WEB:-/srv/agent-obs/web}"                     # the folder made by `nginx.sh web`
        [NGINX_SERVER_CONF]="${NGINX_SERVER_CONF:-/etc/agent-obs/nginx/*.conf}" # more for the server: TLS, load balancers
        [NGINX_HTTP_CONF]="${NGINX_HTTP_CONF:-/etc/agent-obs/nginx/http/*.conf}" # more servers: OTLP over gRPC
        [NGINX_GRPC_LISTEN]="${NGINX_GRPC_LISTEN:-14317}"                # where the gateway beside it has 4317
        [NGINX_GRPC_GATEWAY]="${NGINX_GRPC_GATEWAY:-127.0.0.1:4317}"
        [NGINX_TMP]="${NGINX_TMP:-/run}"                                   # a folder for the pid and small buffers
        [NGINX_ACCESS_LOG]="${NGINX_ACCESS_LOG:-/var/log/nginx/access.log}"
        [NGINX_WORKERS]="${NGINX_WORKERS:-auto}"
        [NGINX_CONNECTIONS_PER_CLIENT]="${NGINX_CONNECTIONS_PER_CLIENT:-512}"
    )
    local text name
    text=$(cat "$(dirname "$0")/../$1")
    for name in "${!values[@]}"; do
        text=${text//"\${$name}"/"${values[$name]}"}
    done
    printf '%s\n' "$text"
}

case ${1-} in
    web) web "${2:?a built SPA}" "${3:?a folder to make}" ;;
    conf) conf nginx.conf ;;
    grpc) conf deploy/otlp-grpc.conf ;;
    *) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2 && exit 2 ;;
esac
