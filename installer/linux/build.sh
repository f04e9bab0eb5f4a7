#!/usr/bin/env bash
# Makes the two Debian packages of one program, on a Debian 12 machine: installer/linux/build.sh [PROFILE]
#   release (without a word): the program people get. dev: the debug program, stripped and packed loosely, to look at a package.
#   CERT_ASSISTANT_PROGRAM=FILE takes a program that was built before; SOURCE_DATE_EPOCH=SECONDS another date than that of
#   the last commit. The same program and date give the same bytes, wherever and by whomever this is run.
# Plain dpkg-deb: two layouts, empty folders and links are one line each, and nothing has to be fetched.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/common.sh

profile=${1:-release}
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
version=$(program_version)
id=org.certassistant.client
opt=opt/apps/$id
here=installer/linux

need_packages "${build_packages[@]}" dpkg-dev librsvg2-bin python3

umask 022
export LC_ALL=C.UTF-8 TZ=UTC
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || stat -c %Y CHANGELOG.md)}
export SOURCE_DATE_EPOCH

case "$profile" in
  release) program=$released/cert-assistant pack=(-Zxz -z9) building=(build_released cert-assistant) ;;
  dev) program=$target/debug/cert-assistant pack=(-Zgzip -z1) building=(cargo build --package cert-assistant) ;;
  *) echo "usage: $0 [release|dev]" >&2; exit 2 ;;
esac
if [ -n "${CERT_ASSISTANT_PROGRAM:-}" ]; then program=$CERT_ASSISTANT_PROGRAM; else "${building[@]}"; fi

work=$(mktemp -d)
cleanup() { end_started; rm -rf "$work"; }
trap cleanup EXIT
strip --strip-all -o "$work/cert-assistant" "$program"

# --- parts that both packages share ------------------------------------------------------------------------------------

mkdir "$work/icons"
sizes=(16 22 24 32 48 64 128 256 512)
for size in "${sizes[@]}"; do
  rsvg-convert --width "$size" --height "$size" --output "$work/icons/$size.png" assets/icon/icon.svg
done

# The font's licence as the field of a machine-readable copyright file (DEP-5).
{
  cat $here/debian/copyright
  echo 'License: OFL-1.1'
  sed -n '/^SIL OPEN FONT LICENSE/,$ { s/\r$//; s/[[:space:]]*$//; s/^$/./; s/^/ /; p }' assets/fonts/OFL.txt
} > "$work/copyright"

# What the program loads by itself when it starts, which no tool sees in the file (winit, glutin, fontique).
loaded="libx11-6, libx11-xcb1, libxcursor1, libxi6, libxkbcommon-x11-0, libgl1, libfontconfig1"
mkdir "$work/debian"
echo "Source: cert-assistant" > "$work/debian/control"
linked=$(cd "$work" && dpkg-shlibdeps -O -e cert-assistant 2> shlibdeps.log | sed -n 's/^shlibs:Depends=//p')
# Of the C library the newest version that a symbol asks for, as the loader does; dpkg-shlibdeps counts by the file a symbol lies in
# on this machine, and old C libraries have more files.
asked=$(objdump -T "$work/cert-assistant" | sed -n 's/.*(GLIBC_\([0-9.]*\)).*/\1/p' | sort -uV | tail -1)
linked=$(sed "s/libc6 (>= [^)]*)/libc6 (>= $asked)/" <<< "$linked")
[ "$profile" != release ] || [ -n "${CERT_ASSISTANT_PROGRAM:-}" ] || [ "$(printf '%s\n' "$asked" "$glibc" | sort -V | tail -1)" = "$glibc" ] ||
  { echo "the program needs the C library $asked, newer than $glibc" >&2; exit 1; }
wayland="libwayland-client0, libwayland-egl1, libegl1"
# A name on a certificate may need characters beyond GB 2312, which is what the program brings.
fonts="fonts-wqy-microhei | fonts-noto-cjk | fonts-wqy-zenhei | fonts-droid-fallback"

put() { install -D -m "$1" "$2" "$tree/$3"; } # MODE FROM TO
from() { install -D -m "$1" /dev/stdin "$tree/$2"; } # MODE TO < TEXT
packed() { gzip -9n | from 644 "$1"; } # TO < TEXT
leads() { mkdir -p "$(dirname "$tree/$1")" && ln -s "$2" "$tree/$1"; } # LINK TO

# The program's own name in an entry of the menu becomes that of this package.
entry() { # FILE PROGRAM ICON
  sed -e "s|^Exec=cert-assistant |Exec=$2 |" -e "s|^Icon=cert-assistant\$|Icon=$3|" "$1"
}

common() { # PACKAGE DOC
  put 644 $here/70-cert-assistant.rules usr/lib/udev/rules.d/70-cert-assistant.rules
  install -d -m 755 "$tree/etc/cert-assistant"
  put 644 "$work/copyright" "$2/copyright"
  packed "$2/licences.txt.gz" < assets/licences.txt
  python3 $here/releases.py debian "$1" "$version" < CHANGELOG.md | packed "$2/changelog.gz"
  packed usr/share/man/man1/cert-assistant.1.gz < $here/man/cert-assistant.1
  packed usr/share/man/zh_CN/man1/cert-assistant.1.gz < $here/man/cert-assistant.zh_CN.1
  put 644 $here/completions/cert-assistant.bash usr/share/bash-completion/completions/cert-assistant
  put 644 $here/completions/_cert-assistant usr/share/zsh/vendor-completions/_cert-assistant
  put 644 $here/completions/cert-assistant.fish usr/share/fish/vendor_completions.d/cert-assistant.fish
}

# --- the packages ------------------------------------------------------------------------------------------------------

debian_layout() {
  local size
  put 755 "$work/cert-assistant" usr/bin/cert-assistant
  put 644 $here/cert-assistant.desktop usr/share/applications/cert-assistant.desktop
  put 644 $here/autostart.desktop etc/xdg/autostart/cert-assistant.desktop
  for size in "${sizes[@]}"; do
    put 644 "$work/icons/$size.png" "usr/share/icons/hicolor/${size}x$size/apps/cert-assistant.png"
  done
  put 644 assets/icon/icon.svg usr/share/icons/hicolor/scalable/apps/cert-assistant.svg
  python3 $here/releases.py appstream cert-assistant "$version" < CHANGELOG.md > "$work/releases"
  sed -e "/<releases\/>/ { r $work/releases
    d }" $here/$id.metainfo.xml | from 644 usr/share/metainfo/$id.metainfo.xml
  common cert-assistant usr/share/doc/cert-assistant
  control cert-assistant $id "Depends: $linked, $loaded, pcscd, libccid, $fonts" "Recommends: $wayland, xdg-utils, xdg-desktop-portal"
}

uos_layout() {
  local size icon
  put 755 "$work/cert-assistant" $opt/files/bin/cert-assistant
  leads usr/bin/cert-assistant /$opt/files/bin/cert-assistant
  entry $here/cert-assistant.desktop /$opt/files/bin/cert-assistant $id | from 644 $opt/entries/applications/$id.desktop
  leads usr/share/applications/$id.desktop /$opt/entries/applications/$id.desktop
  entry $here/autostart.desktop /$opt/files/bin/cert-assistant $id | from 644 etc/xdg/autostart/cert-assistant.desktop
  for size in "${sizes[@]}"; do
    icon=icons/hicolor/${size}x$size/apps
    put 644 "$work/icons/$size.png" "$opt/entries/$icon/$id.png"
    leads "usr/share/$icon/$id.png" "/$opt/entries/$icon/$id.png"
  done
  icon=icons/hicolor/scalable/apps
  put 644 assets/icon/icon.svg $opt/entries/$icon/$id.svg
  leads usr/share/$icon/$id.svg /$opt/entries/$icon/$id.svg
  # messages of the desktop, and the person's own entry for the start with the desktop, name it so
  leads usr/share/$icon/cert-assistant.svg /$opt/entries/$icon/$id.svg
  from 644 $opt/info <<END
{
  "appid": "$id",
  "name": "证书助手",
  "version": "$version.0",
  "arch": ["amd64"],
  "permissions": {
    "autostart": true,
    "notification": true,
    "trayicon": true,
    "clipboard": true,
    "account": false,
    "bluetooth": false,
    "camera": false,
    "audio_record": false,
    "installed_apps": false
  }
}
END
  common $id $opt/files/doc
  leads usr/share/doc/$id /$opt/files/doc
  # these desktops bring Chinese fonts, under names of their own
  control $id cert-assistant "Depends: $linked, $loaded, pcscd, libccid" "Recommends: $fonts, $wayland, xdg-utils, xdg-desktop-portal"
}

control() { # PACKAGE OTHER DEPENDS RECOMMENDS
  local size script
  [ ! -f "$here/debian/$1.lintian-overrides" ] || put 644 "$here/debian/$1.lintian-overrides" "usr/share/lintian/overrides/$1"
  # as dpkg-gencontrol counts: files by size in KiB, everything else one
  size=$(find "$tree" -mindepth 1 -printf '%y %s\n' | awk '{ sum += $1 == "f" ? int(($2 + 1023) / 1024) : 1 } END { print sum }')
  for script in preinst postinst prerm postrm; do
    sed -e "/^#PEOPLE#\$/ { r $here/debian/people.sh
      d }" "$here/debian/$script" | from 755 "DEBIAN/$script"
  done
  (cd "$tree" && find etc -type f -printf '/%p\n' | sort) | from 644 DEBIAN/conffiles
  (cd "$tree" && find . -path ./DEBIAN -prune -o -path ./etc -prune -o -type f -printf '%P\n' | sort | xargs -d '\n' md5sum) | from 644 DEBIAN/md5sums
  from 644 DEBIAN/control <<END
Package: $1
Version: $version
Architecture: amd64
Maintainer: Certificate Assistant Maintainers <maintainers@certassistant.org>
Installed-Size: $size
$3
$4
Conflicts: $2
Replaces: $2
Provides: $2
Section: utils
Priority: optional
Description: certificates and PINs of Chinese USB keys (证书助手)
 Shows every inserted SM2 key (GM/T 0016, GM/T 0017) with owner, validity,
 issuer and the tries its PIN has left; renews certificates, changes and
 unlocks PINs, and finds out why a key is not seen.
 .
 证书助手：查看智能密码钥匙中的证书，证书更新，修改密码，找回密码，环境检测。
END
}

build() { # PACKAGE LAYOUT
  tree=$work/tree/$1
  mkdir -p "$tree"
  "$2"
  find "$tree" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
  # one thread: the division of the work among several would show in the bytes
  dpkg-deb --root-owner-group --threads-max=1 "${pack[@]}" --build "$tree" "$work/$1.deb" > /dev/null
  mv "$work/$1.deb" "$installers/$1_${version}_amd64.deb"
  echo "$installers/$1_${version}_amd64.deb: $(stat -c %s "$installers/$1_${version}_amd64.deb") bytes"
}

mkdir -p "$installers"
build cert-assistant debian_layout
build $id uos_layout
