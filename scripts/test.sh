#!/usr/bin/env bash
# Runs every test of the workspace in the profile that ships, and says at the end which tests this machine left out.
# Uses cargo-nextest where it is installed.
set -euo pipefail
log=$(realpath -m "${CARGO_TARGET_DIR:-target}/skipped.txt")
mkdir -p "$(dirname "$log")"
: >"$log"
export RAGOPS_SKIP_LOG=$log

# The tests' build makes the programs too, with the features that all packages ask for together: another build of the
# programs alone first would compile half of the libraries twice.
cargo test --release --locked --workspace --no-run
for model in multilingual-e5-small all-MiniLM-L6-v2; do
  scripts/model.sh "${CARGO_TARGET_DIR:-target}/release/ragops-server" "$model"
done

status=0
if cargo nextest --version >/dev/null 2>&1; then
  cargo nextest run --release --locked --workspace --no-fail-fast "$@" || status=$?
else
  cargo test --release --locked --workspace --no-fail-fast "$@" || status=$?
fi

echo
if [ -s "$log" ]; then
  echo "$(sort -u "$log" | wc -l) tests skipped:"
  sort -u "$log" | sed 's/^/  /'
else
  echo "0 tests skipped."
fi
exit "$status"
