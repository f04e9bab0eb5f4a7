#!/usr/bin/env bash
# Looks at finished packages without installing them: installer/linux/validate.sh [DEB…], else the two of this version.
# Every judge is somebody else's: lintian, desktop-file-validate, appstreamcli, man, the shells, udev's own reader.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/common.sh

need_packages file hicolor-icon-theme lintian desktop-file-utils appstream man-db zsh fish python3 python3-gi librsvg2-bin
version=$(program_version)
debs=("$@")
[ ${#debs[@]} -gt 0 ] || debs=("$installers/cert-assistant_${version}_amd64.deb" "$installers/org.certassistant.client_${version}_amd64.deb")

work=$(mktemp -d)
cleanup() { end_started; rm -rf "$work"; }
trap cleanup EXIT

wrong() { echo "$deb: $*" >&2; exit 1; }
# Succeeds, and complains about nothing; what else it says goes where nobody reads it.
silent() {
  local said
  if said=$("$@" 2>&1 >/dev/null) && [ -z "$said" ]; then return; fi
  echo "$said" >&2
  wrong "$*"
}

# What a menu makes of the entry: names in both languages, actions, links.
menu() { # FILE NAME ICON
  LC_ALL=C.UTF-8 /usr/bin/python3 - "$@" <<'END'
import sys
from gi.repository import Gio, GLib
file, name, icon = sys.argv[1:]
app = Gio.DesktopAppInfo.new_from_filename(file)
assert app, "the program it starts is not there"
assert app.get_name() == "Certificate Assistant", app.get_name()
entry = GLib.KeyFile()
entry.load_from_file(file, GLib.KeyFileFlags.KEEP_TRANSLATIONS)
chinese = [entry.get_locale_string(group, "Name", "zh_CN") for group in entry.get_groups()[0]]
assert chinese == ["证书助手", "证书更新", "找回密码"], chinese
assert app.list_actions() == ["renew", "unlock"], app.list_actions()
assert app.get_action_name("renew") and app.get_action_name("unlock")
assert "x-scheme-handler/cert-assistant" in app.get_supported_types()
assert app.get_string("Icon") == icon and app.get_startup_wm_class() == "cert-assistant"
assert app.get_commandline().endswith("cert-assistant --open %u") and name in app.get_commandline(), app.get_commandline()
END
}

check_package() {
  local package size entry program icon file
  package=$(dpkg-deb -f "$deb" Package)
  tree=$work/$package
  dpkg-deb -R "$deb" "$tree"
  [ "$(dpkg-deb -f "$deb" Version)" = "$version" ] || wrong "not of version $version"
  dpkg-deb -c "$deb" | awk '$2 != "root/root" { print; bad = 1 } END { exit bad }' || wrong "not everything belongs to root"

  lintian --allow-root --fail-on error,warning "$deb" || wrong "lintian"
  if [ "$package" = cert-assistant ]; then
    entry=usr/share/applications/cert-assistant.desktop program=/usr/bin/cert-assistant icon=cert-assistant
    appstreamcli validate --no-net --pedantic --no-color "$tree/usr/share/metainfo/org.certassistant.client.metainfo.xml" \
      > "$work/said" || { cat "$work/said"; wrong "appstreamcli"; }
  else
    entry=opt/apps/$package/entries/applications/$package.desktop icon=$package
    program=/opt/apps/$package/files/bin/cert-assistant
    [ -z "$(cd "$tree/opt/apps" && find . -maxdepth 1 -mindepth 1 ! -name "$package")" ] || wrong "more than its own folder"
    python3 - "$tree/opt/apps/$package/info" "$package" "$version" <<'END' || wrong "info"
import json, re, sys
info = json.load(open(sys.argv[1], encoding="utf-8"))
assert info["appid"] == sys.argv[2] and info["name"] == "证书助手" and info["arch"] == ["amd64"]
assert re.fullmatch(r"\d+\.\d+\.\d+\.\d+", info["version"]) and info["version"].startswith(sys.argv[3] + ".")
assert all(type(allowed) is bool for allowed in info["permissions"].values())
END
  fi
  [ -x "$tree$program" ] || wrong "no program at $program"
  for file in "$tree/$entry" "$tree/etc/xdg/autostart/cert-assistant.desktop"; do
    [ -z "$(desktop-file-validate "$file" 2>&1)" ] || { desktop-file-validate "$file"; wrong "$file"; }
  done
  # Gio wants to find the program that is started
  sed "s|^Exec=[^ ]*|Exec=$tree$program|" "$tree/$entry" > "$work/entry.desktop"
  menu "$work/entry.desktop" "$tree$program" "$icon" || wrong "the entry of the menu"
  [ "$(sed -n 's/^Exec=\([^ ]*\) .*/\1/p' "$tree/$entry" | sort -u)" = "${program#/usr/bin/}" ] || wrong "starts something else"

  for size in 16 22 24 32 48 64 128 256 512; do
    file=$(find "$tree" -type f -path "*/hicolor/${size}x$size/apps/$icon.png")
    grep -qxF "[${size}x$size/apps]" /usr/share/icons/hicolor/index.theme || wrong "no theme has icons of $size points"
    file "$file" | grep -q "PNG image data, $size x $size," || wrong "the icon of $size points"
  done
  silent rsvg-convert -o "$work/icon.png" "$(find "$tree" -type f -name "$icon.svg")"

  for file in "$tree"/usr/share/man/man1/*.gz "$tree"/usr/share/man/zh_CN/man1/*.gz; do
    LC_ALL=C.UTF-8 MANWIDTH=80 silent man --warnings -l "$file"
  done
  bash -n "$tree/usr/share/bash-completion/completions/cert-assistant" || wrong "completions of bash"
  zsh -n "$tree/usr/share/zsh/vendor-completions/_cert-assistant" || wrong "completions of zsh"
  fish -n "$tree/usr/share/fish/vendor_completions.d/cert-assistant.fish" || wrong "completions of fish"
  # pressing Tab after "cert-assistant ch"
  bash -c ". '$tree/usr/share/bash-completion/completions/cert-assistant'
    COMP_WORDS=(cert-assistant ch) COMP_CWORD=1
    _cert__assistant cert-assistant ch cert-assistant && [ \"\${COMPREPLY[*]}\" = 'change-pin check' ]" || wrong "bash completes something else"
  (cd "$tree" && md5sum --quiet -c DEBIAN/md5sums) || wrong "sums"
  for file in "$tree"/DEBIAN/{pre,post}*; do sh -n "$file" || wrong "$file"; done
  echo "$(basename "$deb"): $(stat -c %s "$deb") bytes, installed $(dpkg-deb -f "$deb" Installed-Size) KiB, valid"
}

for deb in "${debs[@]}"; do check_package; done
