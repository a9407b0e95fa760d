#!/usr/bin/env bash
# Fuzzes the readers, each target for SECONDS_EACH seconds (600), FUZZ_JOBS at a time (as many as processors), and writes docs/fuzz-report.md.
# `scripts/fuzz.sh docx rtf` runs these only and writes no report. Needs a nightly compiler and cargo-fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${SECONDS_EACH:-600}
jobs=${FUZZ_JOBS:-$(nproc)}
shared=$(realpath -m "${RAGOPS_SHARED:-../shared}")
toolchain=${FUZZ_TOOLCHAIN:-nightly}
all=(pdf docx pptx xlsx hwp hwpx odt rtf eml markdown html text jsonl csv)
targets=("$@")
if [ $# -eq 0 ]; then targets=("${all[@]}"); fi

if ! cargo "+$toolchain" --version >/dev/null 2>&1; then
  echo "Fuzzing needs the compiler $toolchain: rustup toolchain install $toolchain" >&2
  exit 1
fi
if ! cargo fuzz --version >/dev/null 2>&1; then cargo install --locked cargo-fuzz; fi

python3 fuzz/seeds.py "$shared/data/documents" config/samples fuzz/corpus
# The sanitizer of addresses finds faults of unsafe code: FAISS is not fuzzed, and our readers have none.
build=(cargo "+$toolchain" fuzz build --sanitizer none)
"${build[@]}"
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
printf "%s\n" "${targets[@]}" | xargs -P "$jobs" -I {} bash -c '
  cargo "+$1" fuzz run --sanitizer none "$2" -- -max_total_time="$3" -timeout=30 -rss_limit_mb=2048 -max_len=262144 \
    -print_final_stats=1 >"$4/$2" 2>&1; echo $? >"$4/$2.rc"' _ "$toolchain" {} "$seconds" "$logs"

# One line a target: executions, covered edges, and how it ended.
table() {
  for target in "${targets[@]}"; do
    log=$logs/$target
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1)
    covered=$(grep -o 'cov: [0-9]*' "$log" | tail -1 | cut -d' ' -f2)
    slowest=$(sed -n 's/^stat::slowest_unit_time_sec: *//p' "$log" | tail -1)
    ended="no crash"
    if [ "$(cat "$log.rc")" != 0 ]; then ended="**$(grep -m1 -E 'ERROR|panicked' "$log" || echo failed)**"; fi
    echo "| $target | ${runs:-0} | ${covered:-0} | ${slowest:-0} | $ended |"
  done
}
report=$logs/report
{
  echo "# Fuzzing the readers"
  echo
  echo "Written by \`make fuzz\`; do not edit. Each target ran $seconds s, $jobs at a time on $(nproc) cores: real documents and their parts,"
  echo "changed at random under the guidance of coverage. An input that panics, takes 30 s or 2 GiB, or gives neither a"
  echo "document nor a reason, is a crash."
  echo
  echo "- Toolchain: $(rustc "+$toolchain" --version | cut -d' ' -f1,2); commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
  echo "- Date: $(date -u +%Y-%m-%d)"
  echo
  echo "| target | inputs | covered edges | slowest, s | ended |"
  echo "|---|---|---|---|---|"
  table
} >"$report"
if [ $# -eq 0 ]; then cp "$report" docs/fuzz-report.md; fi
cat "$report"
! grep -q '\*\*' "$report"
