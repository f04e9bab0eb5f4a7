#!/usr/bin/env bash
# Paints every page of the window in both languages, both themes and at 100 and 200 %, and lays the pictures side by side in
# assets/readme/pages-*.webp, each of at most 200 KB. No screen is needed. `scripts/pictures.sh --sheets` only lays them out anew.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/common.sh

pictures=$(realpath -m "${CARGO_TARGET_DIR:-target}")/pictures
need_packages imagemagick
if [ "${1-}" != --sheets ]; then
  rm -rf "$pictures"
  CERT_ASSISTANT_PICTURES=1 cargo test --test window gallery
fi

# What is on a sheet, in the order of the list at the left of the window.
pages=(
  19-keys-none 19-keys-three 19-keys-sixteen 19-keys-no-service
  20-key 14-change-pin 21-check-running 21-check-done
  21-check-command 21-check-report 11-orders 22-services
  23-settings 24-about-newer 25-log 26-crash-report
)

sheet() { # LOOK
  local out=assets/readme/pages-$1.webp files=() page bytes
  for page in "${pages[@]}"; do files+=("$pictures/$1-$page.png"); done
  montage "${files[@]}" -tile 4x -geometry 480x320+6+6 -background '#8a94a3' miff:- | convert - -quality 60 "$out"
  bytes=$(stat -c %s "$out")
  echo "$out: $bytes bytes"
  [ "$bytes" -le 204800 ] || { echo "too large" >&2; exit 1; }
}

for language in zh en; do
  for theme in light dark; do
    for scale in 100 200; do sheet $language-$theme-$scale; done
  done
done
