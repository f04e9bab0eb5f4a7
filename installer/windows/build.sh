#!/usr/bin/env bash
# The setup for 64-bit Windows, made on a Debian 12 machine with Rust: installs what is missing, builds the program for Windows,
# packs it. `build.sh [PROFILE]`, `release` unless said otherwise; `dev` packs the stripped debug program, uncompressed.
# Leaves cert-assistant-setup-VERSION-x64.exe in target/installers. The same program gives the same setup, byte for byte.
#   PROGRAM=FILE   pack this program instead of building it
#   SIGN=COMMAND   sign: is run with the program, with what removes it, and with the setup, each as its last word
#   VERSION=X.Y.Z  call it that (only check.sh does)      OUT=FILE  make this file
#   STOP_AT=STEP   a setup that stands still at a step, to be cut off there (only check.sh)
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/common.sh

profile=${1:-release}
version=${VERSION:-$(program_version)}
out=$(realpath -m "${OUT:-$installers/cert-assistant-setup-$version-x64.exe}")
need_packages "${setup_packages[@]}" "${windows_packages[@]}"

if [ -z "${PROGRAM-}" ]; then
  windows_std
  [ "$profile" != release ] ||
    export CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUSTFLAGS="${CARGO_TARGET_X86_64_PC_WINDOWS_GNU_RUSTFLAGS-} $portable"
  cargo build --package cert-assistant --bin cert-assistant --target "$windows" --profile "$profile"
  folder=$profile
  [ "$profile" != dev ] || folder=debug
  built=${CARGO_TARGET_DIR:-target}/$windows/$folder/cert-assistant.exe
fi

files=$(mktemp -d)
trap 'rm -rf "$files"; end_started' EXIT
cp "${PROGRAM:-$built}" "$files/cert-assistant.exe"
[ -n "${PROGRAM-}" ] || [ "$profile" != dev ] || x86_64-w64-mingw32-strip "$files/cert-assistant.exe"
[ -z "${SIGN-}" ] || bash -c "$SIGN \"\$0\"" "$files/cert-assistant.exe"
crlf() { sed 's/$/\r/' "$1"; } # for Windows' own editor
marked() { printf '\xef\xbb\xbf'; crlf "$1"; } # as UTF-8
crlf LICENSE > "$files/LICENSE.txt"
marked NOTICE > "$files/NOTICE.txt"
marked assets/licences.txt > "$files/licences.txt"
marked installer/windows/licence-en.txt > "$files/licence-en.txt"
marked installer/windows/licence-zh.txt > "$files/licence-zh.txt"
cp assets/icon/icon.ico "$files/"

# the pictures of the wizard, at twice its size at 100 %: the icon on its blue, and on white at the top of the pages
rsvg-convert -w 208 -h 208 assets/icon/icon.svg -o "$files/large.png"
rsvg-convert -w 88 -h 88 assets/icon/icon.svg -o "$files/small.png"
convert -size 328x628 'gradient:#2563eb-#123a94' "$files/large.png" -gravity north -geometry +0+120 -composite \
  -strip -type TrueColor "BMP3:$files/banner.bmp"
convert -size 300x114 'xc:#ffffff' "$files/small.png" -gravity east -geometry +14+0 -composite \
  -strip -type TrueColor "BMP3:$files/header.bmp"

size=$(du -bc "$files"/{cert-assistant.exe,LICENSE.txt,NOTICE.txt,licences.txt} | awk 'END { print int($1 / 1024) + 100 }')
numbers=${version%%[-+]*}.0
options=(-DVERSION="$version" -DNUMBERS="$numbers" -DSIZE="$size" -DFILES="$files" -DOUT="$out")
[ "$profile" != dev ] || options+=(-DQUICK)
[ -z "${SIGN-}" ] || options+=(-DSIGN="$SIGN")
[ -z "${STOP_AT-}" ] || options+=(-DSTOP_AT="$STOP_AT")
# the date in the setup is that of the last change of the sources
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y Cargo.toml)}
export SOURCE_DATE_EPOCH
mkdir -p "$(dirname "$out")"
makensis -V2 -WX -INPUTCHARSET UTF8 "${options[@]}" installer/windows/setup.nsi
echo "$out: $(stat -c %s "$out") bytes"
