#!/usr/bin/env bash
# Everything that must hold before a change is good, on a Debian 12 machine with Rust: installs what is missing, then
# format, lints, all tests, documentation, and that the program compiles for 64-bit Windows.
# Stops at the first part that fails and names it. Leaves nothing behind but the target directory.
set -uo pipefail
cd "$(dirname "$0")" || exit 1
. scripts/common.sh

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
windows=x86_64-pc-windows-gnu
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
    git ca-certificates openssl gcc-mingw-w64-x86-64-win32 binutils-mingw-w64-x86-64 mingw-w64-x86-64-dev || return 1
  { cargo fmt --version && cargo clippy --version; } || rustup component add rustfmt clippy || return 1
  cargo nextest --version || cargo install cargo-nextest --locked --version 0.9.143
}

licences() {
  if cargo deny --version 2>/dev/null; then
    cargo deny --log-level error check licenses bans sources
  else
    echo "skipped: cargo-deny is not installed (cargo install cargo-deny --locked)"
  fi
}

documentation() {
  RUSTDOCFLAGS="-D warnings" cargo doc --no-deps --document-private-items --quiet
}

# The library for Windows: there already, from rustup, or built from Debian's sources.
windows_std() {
  local built=$target/winstd
  [ -d "$(rustc --print sysroot)/lib/rustlib/$windows/lib" ] && return 0
  if [ ! -d "$built" ]; then
    timeout 120 rustup target add $windows && return 0
    echo "rustup can't fetch it; building it from Debian's sources"
  fi
  installer/make-win-std.sh "$built" &&
    export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUSTFLAGS="--sysroot $built/sysroot"
}

windows_program() {
  CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc \
    cargo check --lib --bins --target $windows
}

tree() { git status --porcelain 2>/dev/null; }
unchanged() { [ "$(tree)" = "$before" ] || { git status --short; return 1; }; }

before=$(tree)
part "tools" tools
part "format" cargo fmt --check
part "lints" cargo clippy --all-targets -- -D warnings
part "licences and sources of dependencies" licences
part "tests" cargo nextest run
part "documentation" documentation
part "library for Windows" windows_std
part "program for Windows" windows_program
part "the tests left the tree as it was" unchanged
printf '%s\n%5d s  all\n== passed\n' "$summary" $SECONDS
