#!/usr/bin/env bash
# Everything that must hold before a change is good, on a Debian 12 machine with Rust: installs what is missing, then
# format, lints, all tests, documentation, and that the program compiles for 64-bit Windows.
# Stops at the first part that fails and names it. Leaves nothing behind but the target directory.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
. scripts/common.sh

summary=""

part() { # part NAME COMMAND…
  local name=$1 start=$SECONDS
  shift
  printf '\n== %s\n' "$name"
  "$@"
  local status=$?
  if [ $status -ne 0 ]; then
    printf '%s\n== FAILED: %s, after %d s\n' "$summary" "$name" $((SECONDS - start))
    exit 1
  fi
  summary+=$(printf '\n%5d s  %s' $((SECONDS - start)) "$name")
}

tools() {
  need_packages "${build_packages[@]}" "${window_packages[@]}" "${screen_packages[@]}" "${accessibility_packages[@]}" "${reader_packages[@]}" "${service_packages[@]}" \
    "${windows_packages[@]}" git ca-certificates openssl || return 1
  { cargo fmt --version && cargo clippy --version; } || rustup component add rustfmt clippy || return 1
  cargo nextest --version || cargo install cargo-nextest --locked --version 0.9.143
}

links() { scripts/check-links.py; }

# what the workspace builds together must also build alone, where another crate's features do not help
alone() {
  local crate
  for crate in crates/*/; do
    cargo check --quiet --package "$(basename "$crate")" || return 1
  done
  cargo check --quiet --package ca-service --no-default-features && cargo check --quiet --package cert-assistant --no-default-features
}

licences() {
  if cargo deny --version 2>/dev/null; then
    cargo deny --log-level error check licenses bans sources
  else
    echo "skipped: cargo-deny is not installed (cargo install cargo-deny --locked)"
  fi
}

documentation() {
  RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --quiet
}

# of the debug program the tests have built; what is built for people takes half an hour more: installer/release.sh
packages() {
  CERT_ASSISTANT_PROGRAM=${CARGO_TARGET_DIR:-target}/debug/cert-assistant installer/linux/build.sh dev &&
    installer/linux/validate.sh
}

# also all tests; those of the rooms are run by installer/windows/check.sh
windows_program() {
  cargo check --lib --bins --tests --target "$windows"
}

tree() { git status --porcelain 2>/dev/null; }
unchanged() { [ "$(tree)" = "$before" ] || { git status --short; return 1; }; }

before=$(tree)
part "tools" tools
part "format" cargo fmt --check
part "lints" cargo clippy --workspace --all-targets -- -D warnings
part "links and citations" links
part "each crate alone" alone
part "licences and sources of dependencies" licences
part "tests" cargo nextest run
part "examples in the documentation" cargo test --workspace --doc --quiet
part "documentation" documentation
part "Debian packages" packages
part "library for Windows" windows_std
part "program for Windows" windows_program
part "the tests left the tree as it was" unchanged
printf '%s\n%5d s  all\n== passed\n' "$summary" $SECONDS
