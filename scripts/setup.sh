#!/usr/bin/env bash
# Makes sure that the programs and libraries that a build needs are there: installs Debian packages as root, else
# prints the exact line to run. Quick when nothing is missing.
#   scripts/setup.sh         what building and running need
#   scripts/setup.sh test    and what only the tests need
set -euo pipefail

purpose=${1:-build}
case $purpose in
  build | test) ;;
  *)
    echo "scripts/setup.sh: unknown purpose \`$purpose\`; use \`build\` (as without any) or \`test\`" >&2
    exit 2
    ;;
esac

missing=()
need_program() { command -v "$1" >/dev/null 2>&1 || missing+=("$2"); }
need_file() { compgen -G "$1" >/dev/null || missing+=("$2"); }

need_program cc gcc
need_program c++ g++
need_program cmake cmake
need_program make make
need_program ld.lld lld
need_program python3 python3
# OpenBLAS gives FAISS its BLAS and LAPACK; the reference BLAS would be several times slower.
need_file '/usr/lib/*/openblas*/lib*blas*.so' libopenblas-dev
# The crash tests record with strace what the real program writes.
# The page's script runs in Node in its tests.
if [ "$purpose" = test ]; then
  need_program strace strace
  need_program node nodejs
fi

if ! command -v cargo >/dev/null 2>&1; then
  echo "cargo is missing: install Rust 1.94 or newer from https://rustup.rs, then run this again." >&2
  exit 1
fi
if ! python3 -m pip --version >/dev/null 2>&1; then missing+=(python3-pip); fi

[ "${#missing[@]}" -eq 0 ] && exit 0

install=(apt-get install -y --no-install-recommends "${missing[@]}")
if ! command -v apt-get >/dev/null 2>&1; then
  echo "Missing: ${missing[*]} (Debian's names). Install them with your package manager, then run this again." >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "Missing packages. Run this, then try again:" >&2
  echo "  sudo ${install[*]}" >&2
  exit 1
fi
echo "Installing ${missing[*]} ..."
export DEBIAN_FRONTEND=noninteractive
"${install[@]}" >/dev/null 2>&1 || { apt-get update -q >/dev/null && "${install[@]}"; }
