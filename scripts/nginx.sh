#!/usr/bin/env bash
# Prepares the files and the configuration of nginx.
#
#   scripts/nginx.sh web DIST DIRECTORY   create the directory that nginx serves from a built SPA: plain/ (the files, each
#                                         with a .gz copy), br/ (the files compressed with brotli, if it is installed) and
#                                         page.conf (hashes of the inline scripts for the Content-Security-Policy)
#   scripts/nginx.sh conf                 print nginx.conf with variables substituted from the environment
#   scripts/nginx.sh grpc                 print deploy/otlp-grpc.conf with variables substituted from the environment
set -euo pipefail

# Prints the hash of each inline script of the HTML page on stdin as a Content-Security-Policy source. asset.rs computes
# the same hashes for the binary.
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
    local dist=$1 directory=$2 part=$2.part
    [ -f "$dist/index.html" ] || { echo "$dist: no index.html found; make build creates web/dist" >&2 && exit 1; }
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
    # A map whose default is the value: nginx has no variable assignment at the http level.
    printf 'map "" %s {\n  default "%s";\n}\n' "\$page_scripts" "$(script_hashes <"$dist/index.html")" >"$part/page.conf"
    chmod -R a+rX "$part"
    rm -rf "$directory"
    mv "$part" "$directory"
}

# Prints the template $1 with its variables substituted.
conf() {
    # Variables and their defaults.
    local -A values=(
        [NGINX_LISTEN]="${NGINX_LISTEN:-8080}"                        # arguments of `listen`: a port, an address, `8443 ssl`
        [NGINX_GATEWAY]="${NGINX_GATEWAY:-127.0.0.1:8000}"            # arguments of `server` in the upstream
        [NGINX_LOCAL_RESOLVERS]="${NGINX_LOCAL_RESOLVERS:-127.0.0.1}" # DNS servers, used only with `resolve` in NGINX_GATEWAY
        [NGINX_WEB]="${NGINX_WEB:-/srv/agent-obs/web}"                # directory created by `nginx.sh web`
        [NGINX_SERVER_CONF]="${NGINX_SERVER_CONF:-/etc/agent-obs/nginx/*.conf}"  # included in the server: TLS, load balancers
        [NGINX_HTTP_CONF]="${NGINX_HTTP_CONF:-/etc/agent-obs/nginx/http/*.conf}" # additional servers: OTLP over gRPC
        [NGINX_GRPC_LISTEN]="${NGINX_GRPC_LISTEN:-14317}"             # the gateway on the same host uses 4317
        [NGINX_GRPC_GATEWAY]="${NGINX_GRPC_GATEWAY:-127.0.0.1:4317}"  # arguments of `server` in the gRPC upstream
        [NGINX_TMP]="${NGINX_TMP:-/run}"                              # directory for the pid file and temporary files
        [NGINX_ACCESS_LOG]="${NGINX_ACCESS_LOG:-/var/log/nginx/access.log}"
        [NGINX_WORKERS]="${NGINX_WORKERS:-auto}"                      # worker processes
        [NGINX_CONNECTIONS_PER_CLIENT]="${NGINX_CONNECTIONS_PER_CLIENT:-512}" # requests in flight per client address
    )
    local text name
    text=$(cat "$(dirname "$0")/../$1")
    for name in "${!values[@]}"; do
        text=${text//"\${$name}"/"${values[$name]}"}
    done
    printf '%s\n' "$text"
}

case ${1-} in
    web) web "${2:?directory with a built SPA}" "${3:?directory to create}" ;;
    conf) conf nginx.conf ;;
    grpc) conf deploy/otlp-grpc.conf ;;
    *) sed -n '2,/^set/{/^#/s/^# \{0,1\}//p}' "$0" >&2 && exit 2 ;;
esac
