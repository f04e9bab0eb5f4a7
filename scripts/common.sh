# shellcheck shell=bash disable=SC2034
# What the scripts share. Sourced from the top of the repository.

# need_packages NAME… – installs those Debian packages that are missing; touches nothing when all are there.
need_packages() {
  command -v dpkg-query >/dev/null || { echo "not a Debian system: make sure these are there: $*"; return 0; }
  local missing=() name
  for name in "$@"; do
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  echo "installing: ${missing[*]}"
  local root=()
  [ "$(id -u)" = 0 ] || root=(sudo)
  "${root[@]}" apt-get update -qq || echo "the package lists could not be refreshed; trying with those at hand"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
}

# The version of the program: Cargo.toml's, and nobody else's.
program_version() {
  sed -n '/^\[workspace.package\]/,/^\[/ s/^version = "\(.*\)"$/\1/p' Cargo.toml
}

# Flags of the compiler for what people get: no folder of this machine stays in the program, so that the same sources give
# the same bytes wherever they are built.
portable="--remap-path-prefix=$(realpath -m "${CARGO_HOME:-$HOME/.cargo}")=cargo --remap-path-prefix=$PWD=."

# The oldest C library among the systems the program for Linux is for: that of UOS 20. Kylin V10 has 2.31, Debian 12 has 2.36.
linux=x86_64-unknown-linux-gnu
glibc=2.28
# Where what people get on Linux is built.
released=$(realpath -m "${CARGO_TARGET_DIR:-target}/$linux/release")

# build_released BIN… – builds programs as people get them, into $released. The linker that knows older C libraries comes into a
# folder of its own, in the versions and with the sums of installer/linux/linker.txt.
build_released() {
  local tools bin
  tools=$(realpath -m "${CARGO_TARGET_DIR:-target}/linker")
  need_packages "${build_packages[@]}" python3-venv
  if ! cmp -s installer/linux/linker.txt "$tools/linker.txt"; then
    rm -rf "$tools" && /usr/bin/python3 -m venv "$tools" &&
      "$tools/bin/pip" install --quiet --require-hashes --no-deps --only-binary :all: -r installer/linux/linker.txt &&
      cp installer/linux/linker.txt "$tools/" || return 1
  fi
  # each for itself: what one program asks of a crate must not become part of another
  for bin in "$@"; do
    # the reader service's library of this machine needs a newer C library than the program: there it has one of its own
    PATH=$tools/bin:$PATH CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS="$portable -C link-arg=-Wl,--allow-shlib-undefined" \
      cargo zigbuild --release --package "$bin" --bin "$bin" --target "$linux.$glibc" || return 1
  done
}

# Where finished installers go.
installers=$(realpath -m "${CARGO_TARGET_DIR:-target}/installers")

# To build and link the program.
build_packages=(gcc libc6-dev pkg-config libpcsclite-dev)
# To show its window.
window_packages=(libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0 libgl1 libgl1-mesa-dri)
# To show it without a screen, drive it and take pictures.
screen_packages=(xvfb xdotool imagemagick)
# To hear what a screen reader hears.
accessibility_packages=(dbus at-spi2-core python3-gi gir1.2-atspi-2.0)
# To put virtual keys into a real reader service.
reader_packages=(pcscd vsmartcard-vpcd python3)
# To run the CA service on PostgreSQL, and its console in a browser without a screen.
service_packages=(postgresql-15 chromium chromium-driver)

# Processes started by this script, ended by their number when it ends.
started=()
end_started() {
  local pid
  # a process that was killed is waited for with an error, which must not end the others' end
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null || true; done
  started=()
}
trap end_started EXIT

# wait_for SECONDS COMMAND… – until the command succeeds.
wait_for() {
  local end=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.05
  done
}

# A screen of its own in memory; sets DISPLAY. `size` is like 960x640.
start_screen() { # DIRECTORY SIZE
  Xvfb -displayfd 3 -screen 0 "$2x24" -nolisten tcp 3>"$1/display" 2>"$1/xvfb.log" &
  started+=($!)
  wait_for 10 test -s "$1/display" || { cat "$1/xvfb.log" >&2; return 1; }
  DISPLAY=:$(cat "$1/display")
  export DISPLAY
  unset WAYLAND_DISPLAY
}

# The target of the program for Windows, and what its cross-build and its setup need.
windows=x86_64-pc-windows-gnu
windows_packages=(gcc-mingw-w64-x86-64-win32 binutils-mingw-w64-x86-64 mingw-w64-x86-64-dev)
setup_packages=(nsis librsvg2-bin imagemagick)

# The standard library for Windows: there already, from rustup, or built from Debian's sources. Run from the top.
windows_std() {
  local built
  built=$(realpath -m "${CARGO_TARGET_DIR:-target}/winstd")
  export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc
  [ -d "$(rustc --print sysroot)/lib/rustlib/$windows/lib" ] && return 0
  if [ ! -d "$built" ]; then
    timeout 120 rustup target add $windows && return 0
    echo "rustup can't fetch it; building it from Debian's sources"
  fi
  installer/windows/make-win-std.sh "$built" &&
    export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUSTFLAGS="--sysroot $built/sysroot"
}
