#!/usr/bin/env bash
# Measures and writes docs/benchmarks.md. `make bench` leaves out what takes long the first time (k8s_docs and 10,000
# chunks); `make bench SCOPE=--full` measures everything. Needs the shared test data (RAGOPS_SHARED or ../shared).
set -euo pipefail
scope=${SCOPE:-}
shared=$(realpath -m "${RAGOPS_SHARED:-../shared}")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/ragops
models=${RAGOPS_MODELS_DIR:-$cache/models}
out=docs/benchmarks.md

if [ ! -d "$shared/data" ]; then
  echo "The test data is not there: set RAGOPS_SHARED to the folder that holds data/ (now: $shared)." >&2
  exit 1
fi

staging=$(mktemp)
trap 'rm -f "$staging"' EXIT
{
  echo "# Benchmarks"
  echo
  echo "Written by \`make bench ${scope:+SCOPE=$scope}\`; do not edit. Absolute times move by a quarter from run to run on this machine:"
  echo "compare rows of one run."
  echo
  echo "- Machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) cores, $(awk '/MemTotal/{printf "%.0f GiB", $2/1048576}' /proc/meminfo), Linux $(uname -r | cut -d- -f1)"
  echo "- Toolchain: $(rustc --version | cut -d' ' -f1,2); commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
  echo "- Date: $(date -u +%Y-%m-%d)"
  echo
} >"$staging"
cargo bench --locked -p ragops-engine --bench retrieval -- --shared "$shared" --samples "$PWD/config/samples" \
  --models "$models" --cache "$cache" ${scope:+$scope} >>"$staging"
echo >>"$staging"
cargo bench --locked -p ragops-embed --bench embedding >>"$staging"
cp "$staging" "$out"
echo "Wrote $out"
