#!/usr/bin/env bash
# How long builds take in checkouts side by side: build-times.sh CHECKOUT… prints a table of medians. A one-line edit is made in a
# function of a room, then the room's own tests are built (not run). BUILD_RUNS=3 runs each; the checkouts' tests must have been
# built once, and nothing else may run.
set -euo pipefail
runs=${BUILD_RUNS:-3}

# room: file in the new layout, file in the old one, tests in the new layout, tests in the old one
rooms=(
  "ui|src/ui/card.rs|src/ui/card.rs|-p cert-assistant --lib --test window|--lib --test window"
  "token|crates/token/src/gmt0017/read.rs|src/token/gmt0017/read.rs|-p token --lib --tests|--lib --test pcsc_pin --test pcsc_read --test pcsc_renewal_commands --test pcsc_service"
  "ca-service|crates/ca-service/src/crl.rs|src/ca_service/crl.rs|-p ca-service --lib --tests|--lib --test ca_service --test ca_console"
)

edited=""
restore() { [ -z "$edited" ] || git -C "$(dirname "$edited")" checkout -q -- "$edited"; edited=""; }
trap restore EXIT

median() { printf '%s\n' "$@" | sort -n | sed -n "$((($# + 1) / 2))p"; }

# build CHECKOUT FILE TESTS – seconds from the edit to tests that are ready
build() {
  local start
  edited=$1/$2
  # a statement in the first function
  sed -i "0,/^\( *\)\(pub\(([a-z]*)\)\? \)\?fn [^;]*{\$/s//&\nlet _edited = $RANDOM;/" "$edited"
  start=$(date +%s%N)
  # shellcheck disable=SC2086
  (cd "$1" && cargo test --quiet --offline --no-run $3 >/dev/null 2>&1) || { echo "the tests of $2 can't be built" >&2; exit 1; }
  echo $((($(date +%s%N) - start) / 1000000))
  restore
}

printf '| room |'; printf ' %s |' "$@"; printf '\n|---|'; printf -- '---|%.0s' "$@"; echo
for room in "${rooms[@]}"; do
  IFS='|' read -r name new old new_tests old_tests <<< "$room"
  declare -A taken=()
  for checkout in "$@"; do
    if [ -d "$checkout/crates" ]; then build "$checkout" "$new" "$new_tests"; else build "$checkout" "$old" "$old_tests"; fi >/dev/null # warm
  done
  for ((run = 0; run < runs; run++)); do
    for checkout in "$@"; do
      if [ -d "$checkout/crates" ]; then ms=$(build "$checkout" "$new" "$new_tests"); else ms=$(build "$checkout" "$old" "$old_tests"); fi
      taken[$checkout]+=" $ms"
    done
  done
  printf '| %s |' "$name"
  for checkout in "$@"; do
    # shellcheck disable=SC2086
    ms=$(median ${taken[$checkout]})
    printf ' %d.%d s |' $((ms / 1000)) $((ms % 1000 / 100))
  done
  echo
done
