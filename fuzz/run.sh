#!/usr/bin/env bash
# fuzz/run.sh SECONDS [TARGET…] – runs the fuzz targets one after the other for that long each and prints a table.
# Findings stay in fuzz/artifacts; make each one a seed (fuzz/seeds/TARGET), so that the tests keep it found.
# Works with a stable compiler: the program forbids unsafe code, so no sanitizer is needed to see it go wrong.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:?seconds for each target}
shift
[ $# -gt 0 ] || set -- $(sed -n 's|^path = "fuzz_targets/\(.*\)\.rs"|\1|p' fuzz/Cargo.toml)
command -v cargo-fuzz >/dev/null || cargo install cargo-fuzz --locked --version 0.13.2

found=0
table=$(printf '%-12s %12s %9s %8s %8s  %s' target runs runs/s edges corpus result)
for name; do
  cargo fuzz build -s none "$name"
  mkdir -p "fuzz/corpus/$name" "fuzz/artifacts/$name"
  log=fuzz/artifacts/$name.log
  result="no finding"
  cargo fuzz run -s none "$name" "fuzz/corpus/$name" "fuzz/seeds/$name" -- \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=65536 -print_final_stats=1 2>&1 | tee "$log" | tail -n 3 ||
    { result="FOUND: see $log"; found=1; }
  runs=$(awk '/^stat::number_of_executed_units/ { print $2 }' "$log")
  speed=$(awk '/^stat::average_exec_per_sec/ { print $2 }' "$log")
  # the last progress line: #123 NEW cov: 45 ft: 67 corp: 8/90b …
  edges=$(grep -o 'cov: [0-9]*' "$log" | tail -n 1 | cut -d' ' -f2)
  corpus=$(grep -o 'corp: [0-9]*' "$log" | tail -n 1 | cut -d' ' -f2)
  table+=$(printf '\n%-12s %12s %9s %8s %8s  %s' "$name" "${runs:-–}" "${speed:-–}" "${edges:-–}" "${corpus:-–}" "$result")
done
printf '\n%s\n' "$table"
exit $found
