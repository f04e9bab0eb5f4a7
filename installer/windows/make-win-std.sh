#!/bin/sh
# make-win-std.sh DIR – the Rust standard library for 64-bit Windows, for machines where `rustup target add` can't reach
# its server. Leaves it as DIR/sysroot; afterwards plain `cargo build --target x86_64-pc-windows-gnu` works with
#   CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUSTFLAGS="--sysroot DIR/sysroot"
#   CARGO_TARGET_X86_64_PC_WINDOWS_GNU_LINKER=x86_64-w64-mingw32-gcc
# The library must be of the very version of the compiler. Debian has its sources for current compilers in the backports of
# the next release: they are fetched through a private package root (nothing is installed, the machine's own sources stay
# as they are) and compiled once. Done already for this compiler: returns at once.
# Needs Debian, cargo, binutils-mingw-w64-x86-64.
set -eu
TARGET=x86_64-pc-windows-gnu
SUITE=trixie-backports

mkdir -p "$1"
dir=$(cd "$1" && pwd)
version=$(rustc --version | cut -d' ' -f2)
libraries="$dir/sysroot/lib/rustlib/$TARGET/lib"
[ "$(cat "$libraries/version" 2>/dev/null)" != "$version" ] || exit 0

fetch_sources() {
  root="$dir/apt"
  mkdir -p "$root/lists/partial" "$root/cache/archives/partial"
  : > "$root/status"
  # the mirror this machine uses for its own release
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT) $(LABEL)' 'Created-By: Packages' |
    awk '$2 !~ /-/ && $3 == "main" && $4 == "Debian" { print $1; exit }')
  [ -n "$mirror" ] || { echo "make-win-std: no Debian mirror in this machine's apt configuration" >&2; exit 1; }
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $SUITE main" > "$root/sources.list"
  cat > "$root/apt.conf" <<CONF
Dir::State "$root"; Dir::State::lists "$root/lists"; Dir::State::status "$root/status"; Dir::Cache "$root/cache";
Dir::Etc::sourcelist "$root/sources.list"; Dir::Etc::sourceparts "-"; APT::Sandbox::User "";
CONF
  (
    cd "$root"
    export APT_CONFIG="$root/apt.conf"
    apt-get update -qq
    package=$(apt-cache madison rust-src | awk -v version="$version+" 'index($3, version) == 1 { print $3; exit }')
    [ -n "$package" ] || { echo "make-win-std: $SUITE has no rust-src $version" >&2; exit 1; }
    rm -f rust-src_*.deb
    apt-get download -qq "rust-src=$package"
    dpkg -x rust-src_*.deb "$dir/source"
    rm rust-src_*.deb
  )
}

[ -d "$dir/source/usr/src/rustc-$version" ] || fetch_sources
library="$dir/source/usr/src/rustc-$version/library"

# Two things the compiler's own build does and build-std leaves out: panic_abort has to be compiled with that panic
# strategy, and link-time optimisation needs bitcode in the libraries.
cat > "$dir/rustc-wrapper" <<'WRAPPER'
#!/bin/sh
compiler=$1
shift
case " $* " in
  *" --crate-name panic_abort "*) exec "$compiler" "$@" -C panic=abort -C embed-bitcode=yes ;;
  *" --target "*) exec "$compiler" "$@" -C embed-bitcode=yes ;;
esac
exec "$compiler" "$@"
WRAPPER
chmod +x "$dir/rustc-wrapper"

# An empty crate is built only for the library it pulls in.
mkdir -p "$dir/empty/src"
: > "$dir/empty/src/lib.rs"
printf '[package]\nname = "empty"\nversion = "0.0.0"\nedition = "2024"\n[workspace]\n' > "$dir/empty/Cargo.toml"
(
  cd "$dir/empty"
  unset CARGO_ENCODED_RUSTFLAGS
  RUSTFLAGS='' RUSTC_BOOTSTRAP=1 RUSTC_WRAPPER="$dir/rustc-wrapper" __CARGO_TESTS_ONLY_SRC_ROOT="$library" \
    CARGO_TARGET_DIR="$dir/empty/target" CARGO_PROFILE_RELEASE_DEBUG=0 \
    cargo build --quiet --release --target "$TARGET" -Z build-std=std,panic_abort,panic_unwind,proc_macro,test
)
rm -rf "$dir/sysroot"
mkdir -p "$libraries"
for file in "$dir/empty/target/$TARGET/release/deps/"*.rlib; do
  case $file in *libempty*) ;; *) cp "$file" "$libraries/" ;; esac
done
rm -rf "$dir/empty" "$dir/source" "$dir/apt" "$dir/rustc-wrapper"
echo "$version" > "$libraries/version"
