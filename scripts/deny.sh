#!/usr/bin/env bash
# Checks the dependencies with cargo-deny: licences, bans and sources always, and security advisories if their database can
# be fetched from the network. Prints a line if the advisories were not checked.
set -euo pipefail

cargo deny --log-level error check licenses bans sources
if cargo deny --log-level error fetch db; then
    cargo deny --log-level error check advisories
else
    echo "==> Advisories of the dependencies NOT CHECKED: the advisory database cannot be fetched"
fi
