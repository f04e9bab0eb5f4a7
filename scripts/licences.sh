#!/bin/sh
# Writes assets/licences.txt: every library the programs are made of, its version and its licence, as its authors state it.
# Run it after a change of the dependencies; nothing is fetched.
set -eu
cd "$(dirname "$0")/.."
list=$(cargo tree --offline --locked --workspace --exclude testkit --edges normal --target all --prefix none --format '{p}|{l}' |
    sed -E 's/ \(\*\)$//; s/^([^ ]+) v([^ |]+)( \([^)]*\))?( \([^)]*\))?\|(.*)$/\1 \2 — \5/' |
    grep -vE "^($(sed -n 's/^\([a-z-]*\) = { path = .*/\1/p' Cargo.toml | paste -sd '|')|cert-assistant|testkit) " | grep ' — ' |
    # states it in a file only: MIT
    sed -E 's/^(captcha .* —) $/\1 MIT/' | LC_ALL=C sort -u)
if printf '%s\n' "$list" | grep -E ' — *$' >&2; then
    echo 'without a licence: read its files and name it above' >&2
    exit 1
fi
printf '%s\n' "$list" >assets/licences.txt
wc -l <assets/licences.txt
