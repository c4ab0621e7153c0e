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
