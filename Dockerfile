# syntax=docker/dockerfile:1
# Builds two images: `agent-obs`, the server for all roles, and `frontend`, nginx with the SPA.
#
#   docker build --target agent-obs --tag agent-obs .
#   docker run --rm --publish 127.0.0.1:8000:8000 --publish 127.0.0.1:4317:4317 --volume agent-obs:/data agent-obs

# Must match rust-toolchain.toml; checked by `make lint`.
ARG RUST_VERSION=1.95.0
ARG NGINX_IMAGE=nginx:1.30-alpine-slim

FROM rust:${RUST_VERSION}-slim-bookworm AS base
ARG RUST_VERSION
# Use the toolchain of the image instead of installing the development components listed in rust-toolchain.toml.
ENV RUSTUP_TOOLCHAIN=${RUST_VERSION} AGENT_OBS_TOOLS=/opt/tools
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends brotli make nodejs npm openssl \
    && rm -rf /var/lib/apt/lists/* \
    && rustup target add wasm32-unknown-unknown
WORKDIR /src

# The versions of the tools, in a stage of their own, so that changed dependencies do not rebuild the tools.
FROM base AS versions
COPY Makefile Cargo.lock ./
RUN mkdir -p web shared/src && make --no-print-directory versions >versions.env

FROM base AS tools
ARG CARGO_CHEF_VERSION=0.1.78
# Compile with almost no optimisation, as scripts/setup.sh does: the tools run for seconds.
RUN CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    cargo install cargo-chef --locked --version "=${CARGO_CHEF_VERSION}" --root /usr/local/cargo \
    && rm -rf /usr/local/cargo/registry
COPY scripts/setup.sh scripts/
COPY --from=versions /src/versions.env ./
RUN set -a && . ./versions.env && TOOLS="$AGENT_OBS_TOOLS" scripts/setup.sh build \
    && rm -rf /usr/local/cargo/registry /root/.npm

# The recipe contains only the manifests and the lock file.
FROM tools AS plan
COPY . .
RUN cargo chef prepare --recipe-path /recipe.json

FROM tools AS build
COPY --from=plan /recipe.json /recipe.json
# Dependencies of the server, then of the SPA. The layer is rebuilt only when Cargo.lock or a manifest changes.
RUN cargo chef cook --recipe-path /recipe.json --package api --release \
    && cargo chef cook --recipe-path /recipe.json --package web --profile wasm-release --target wasm32-unknown-unknown
COPY . .
RUN make build \
    && mkdir -p /out/data \
    && mv target/release/agent-obs /out/ \
    && scripts/nginx.sh web web/dist /out/web

# nginx runs as any user and writes only to /tmp, so that the file system can be read-only.
# hadolint ignore=DL3006
FROM ${NGINX_IMAGE} AS frontend
ENV NGINX_ENVSUBST_FILTER=^NGINX_ \
    NGINX_ENVSUBST_OUTPUT_DIR=/tmp \
    NGINX_ENTRYPOINT_QUIET_LOGS=1 \
    NGINX_ENTRYPOINT_LOCAL_RESOLVERS=1 \
    NGINX_LISTEN=8080 \
    NGINX_GATEWAY="gateway:8000 resolve" \
    NGINX_WEB=/srv/web \
    NGINX_SERVER_CONF=/etc/nginx/server.d/*.conf \
    NGINX_HTTP_CONF=/tmp/otlp-grpc.conf \
    NGINX_GRPC_LISTEN=4317 \
    NGINX_GRPC_GATEWAY="gateway:4317 resolve" \
    NGINX_TMP=/tmp \
    NGINX_ACCESS_LOG=/dev/stdout \
    NGINX_WORKERS=auto \
    NGINX_CONNECTIONS_PER_CLIENT=512
COPY nginx.conf /etc/nginx/templates/nginx.conf.template
COPY deploy/otlp-grpc.conf /etc/nginx/templates/otlp-grpc.conf.template
COPY --from=build /out/web /srv/web
USER 101:101
EXPOSE 8080 4317
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["wget", "-q", "-O", "/dev/null", "http://127.0.0.1:8080/"]
CMD ["nginx", "-c", "/tmp/nginx.conf", "-g", "daemon off;"]

# The server: libc, root certificates and one binary, without a shell.
FROM gcr.io/distroless/cc-debian12:nonroot AS agent-obs
ENV SERVICE_HOST=0.0.0.0 DATA_DIR=/data LOG_FORMAT=json
COPY --from=build --chown=65532:65532 /out/data /data
COPY --from=build /out/agent-obs /usr/local/bin/agent-obs
USER 65532:65532
WORKDIR /data
VOLUME /data
EXPOSE 8000 4317
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/usr/local/bin/agent-obs", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/agent-obs"]
CMD ["serve"]
