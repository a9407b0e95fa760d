#!/usr/bin/env bash
# Makes sure that the program Ollama is there, for the tests against a real model server, and prints its path: the one that
# OLLAMA_BIN or PATH names, else one built from source through whatever Go module proxy `go` is set up for (two minutes on two
# cores, 500 MB of modules, once a machine) and kept in the cache folder by its version.
#
#   scripts/ollama.sh
set -euo pipefail
version=0.17.4
# Of the three headers that the module lacks, this package has one.
miniaudio=1.71

if [ -n "${OLLAMA_BIN:-}" ]; then
  echo "$OLLAMA_BIN"
  exit 0
fi
if command -v ollama >/dev/null 2>&1; then
  command -v ollama
  exit 0
fi
cache=${XDG_CACHE_HOME:-}
case $cache in
  /*) cache=$cache/ragops ;;
  *) cache=$HOME/.cache/ragops ;; # As the XDG specification has it, a relative folder is passed over.
esac
tool=$cache/tools/ollama-$version/ollama
if [ -x "$tool" ]; then
  echo "$tool"
  exit 0
fi

if ! command -v go >/dev/null 2>&1; then
  echo "Go 1.24 or newer is missing: install it, or Ollama itself (https://ollama.com), then run this again." >&2
  exit 1
fi
missing=()
[ -e /usr/include/stb/stb_image.h ] || missing+=(libstb-dev)
[ -e /usr/include/nlohmann/json.hpp ] || missing+=(nlohmann-json3-dev)
if [ "${#missing[@]}" -gt 0 ]; then
  install=(apt-get install -y --no-install-recommends "${missing[@]}")
  if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
    echo "Missing: ${missing[*]} (Debian's names). Install them, then run this again." >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  "${install[@]}" >/dev/null 2>&1 || { apt-get update -q >/dev/null && "${install[@]}" >/dev/null; }
fi

echo "Building Ollama $version from source; this takes a few minutes, once ..." >&2
work=$(mktemp -d "${TMPDIR:-/tmp}/ragops-ollama.XXXXXX")
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/include/miniaudio"
python3 -m pip download --quiet --no-deps --no-binary=:all: --dest "$work" "miniaudio==$miniaudio" >&2
tar -xzf "$work"/miniaudio-*.tar.gz -C "$work" --wildcards --strip-components=2 '*/miniaudio/miniaudio.h'
cp "$work/miniaudio.h" "$work/include/miniaudio/"
ln -s /usr/include/stb "$work/include/stb"
ln -s /usr/include/nlohmann "$work/include/nlohmann"
GOBIN=$work/bin GOFLAGS=-mod=mod CGO_ENABLED=1 CGO_CPPFLAGS="-I$work/include" \
  go install "github.com/ollama/ollama@v$version" >&2
mkdir -p "$(dirname "$tool")"
mv "$work/bin/ollama" "$tool"
echo "$tool"
