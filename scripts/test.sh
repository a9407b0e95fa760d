#!/usr/bin/env bash
# Runs every test of the workspace in the profile that ships. Uses cargo-nextest where it is installed.
set -euo pipefail
if cargo nextest --version >/dev/null 2>&1; then
  exec cargo nextest run --release --locked --workspace --no-fail-fast "$@"
fi
exec cargo test --release --locked --workspace --no-fail-fast "$@"
