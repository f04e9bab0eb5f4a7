#!/usr/bin/env bash
# Installs the Debian packages in a clean Debian 12, where nothing else is, and proves what a clerk and an administrator rely
# on: installer/linux/check.sh [--keep] [CERT-ASSISTANT.DEB [UOS.DEB]], else the two of this version. Prints a table; ends with
# 0 only if everything held. Takes some ten minutes the first time, a few afterwards: the bare system and what was downloaded
# stay in `roots` of the target directory. --keep leaves the last system there to look at.
# Nothing runs on afterwards: everything is started in a process space of its own, and mounted in one.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ -z "${CHECK_INSIDE:-}" ]; then
  as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo --preserve-env=CARGO_TARGET_DIR)
  exec "${as_root[@]}" env CHECK_INSIDE=1 unshare --mount --pid --fork --mount-proc --kill-child "$BASH" "$0" "$@"
fi
. scripts/common.sh

keep=
[ "${1:-}" != --keep ] || { keep=yes; shift; }
version=$(program_version)
uos=org.certassistant.client
deb=$(realpath "${1:-$installers/cert-assistant_${version}_amd64.deb}")
uos_deb=$(realpath "${2:-$installers/${uos}_${version}_amd64.deb}")
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
roots=$target/roots
pictures=$installers/pictures
need_packages debootstrap "${screen_packages[@]}" "${reader_packages[@]}" python3-gi iproute2 desktop-file-utils
maker=$released/virtual-key
[ -x "$maker" ] || { cargo build --package virtual-key && maker=$target/debug/virtual-key; }
for file in "$deb" "$uos_deb"; do [ -f "$file" ] || { echo "$file is missing: installer/linux/build.sh makes it" >&2; exit 1; }; done

service=$target/debug/ca-service
[ -x "$service" ] || cargo build --package ca-service

mkdir -p "$roots/archives" "$pictures"
work=$(mktemp -d)
sys=$roots/system
cleanup() {
  end_started
  umount -R "$sys/proc" "$sys/dev" "$sys/var/cache/apt/archives" 2>/dev/null || true
  [ "$keep" ] || rm -rf --one-file-system "$sys"
  rm -rf "$work"
}
trap cleanup EXIT

# what ends the script without a word
set -E
trap 'echo "WRONG: line $LINENO: $BASH_COMMAND" >&2' ERR

rows=()
row() { rows+=("| $1 | $2 |"); echo "  $1: $2" >&2; }
step() { echo "== $*" >&2; }
wrong() { echo "WRONG: $*" >&2; exit 1; }
seconds() { awk -v from="$1" -v to="${EPOCHREALTIME/,/.}" 'BEGIN { printf "%.1f s", to - from }'; }

step "the program has nothing of what only operators need"
dpkg-deb --fsys-tarfile "$deb" | tar -xO ./usr/bin/cert-assistant > "$work/program"
scripts/operators-half.sh "$work/program" "$service" || wrong "it has"

# --- a clean system ----------------------------------------------------------------------------------------------------

bare_system() {
  local mirror
  [ -f "$roots/bookworm.tar" ] && return
  step "making a bare Debian 12"
  # the mirror this machine uses for its own release
  # shellcheck disable=SC2016
  mirror=$(apt-get indextargets --format '$(REPO_URI) $(COMPONENT) $(LABEL)' 'Created-By: Packages' |
    awk '$2 == "main" && $3 == "Debian" { print $1; exit }')
  [ -n "$mirror" ] || wrong "no Debian mirror in this machine's apt configuration"
  debootstrap --variant=minbase bookworm "$work/bare" "$mirror" > "$work/debootstrap.log" 2>&1 || { tail "$work/debootstrap.log"; wrong "debootstrap"; }
  rm -f "$work"/bare/var/cache/apt/archives/*.deb
  tar -C "$work/bare" -cf "$roots/bookworm.tar.new" . && mv "$roots/bookworm.tar.new" "$roots/bookworm.tar"
  rm -rf "$work/bare"
}

fresh_system() {
  rm -rf --one-file-system "$sys"
  mkdir -p "$sys"
  tar -C "$sys" -xf "$roots/bookworm.tar"
  mount -t proc proc "$sys/proc"
  mount --rbind /dev "$sys/dev"
  mount --bind "$roots/archives" "$sys/var/cache/apt/archives"
  cp -L /etc/resolv.conf "$sys/etc/resolv.conf"
  # no service starts by being installed: what runs here is started below
  printf '#!/bin/sh\nexit 101\n' > "$sys/usr/sbin/policy-rc.d"
  chmod 755 "$sys/usr/sbin/policy-rc.d"
  inside useradd --create-home --uid 1000 clerk
  inside useradd --create-home --uid 1001 colleague
  # the clerk has signed in to a Chinese desktop before, the colleague never has
  install -d -m 755 -o 1000 -g 1000 "$sys/home/clerk/桌面" "$sys/home/clerk/.config"
  printf 'XDG_DESKTOP_DIR="$HOME/桌面"\n' | install -m 644 -o 1000 -g 1000 /dev/stdin "$sys/home/clerk/.config/user-dirs.dirs"
  install -d -m 700 -o 1000 -g 1000 "$sys/run/user/1000"
  install -d -m 777 "$sys/mnt/marks"
}

# The system's own programs, and those of the clerk; as arrays, so that the number of a started one is that of the program.
root_in=(chroot "$sys" env -i PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive LANG=C.UTF-8 HOME=/root)
clerk_in=(chroot --userspec=1000:1000 "$sys" env -i PATH=/usr/bin:/bin LANG=C.UTF-8 HOME=/home/clerk XDG_RUNTIME_DIR=/run/user/1000)
inside() { "${root_in[@]}" "$@"; }
clerk() { "${clerk_in[@]}" DISPLAY="$DISPLAY" "$@"; }
apt() { inside apt-get -qq -y --no-install-recommends "$@" > "$work/apt.log" 2>&1 || { cat "$work/apt.log" >&2; wrong "apt-get $*"; }; }
# Into the system under a name of its own, as somebody who downloaded it has it.
bring() { install -m 644 "$1" "$sys/mnt/$2"; }
# shellcheck disable=SC2016
state() { inside dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null || true; }

icon=$sys/home/clerk/桌面/cert-assistant.desktop
# As a desktop finds it: the clerk's, may be executed, starts this program.
icon_starts() { # PROGRAM
  [ "$(stat -c '%u %a' "$icon")" = "1000 755" ] || wrong "the icon: $(stat -c '%u %a' "$icon" 2>&1)"
  [ "$(grep -c "^Exec=\"$1\" " "$icon")" = 3 ] || wrong "the icon starts something else: $(grep ^Exec= "$icon")"
  [ -x "$sys$1" ] || wrong "no program at $1"
  desktop-file-validate "$icon" || wrong "the icon is no entry"
}
no_icon() { [ -z "$(find "$sys/home" "$sys/root" -path '*/autostart' -prune -o -name '*cert-assistant*.desktop' -print)" ] || wrong "an icon on a desktop $1"; }

# Every file with its rights and sum, without what only passes through.
listing() {
  local passing=(-path ./proc -o -path ./dev -o -path ./mnt -o -path ./run -o -path ./tmp)
  (cd "$sys" && { find . -xdev \( "${passing[@]}" \) -prune -o -printf '%M %u %p %l\n'
    find . -xdev \( "${passing[@]}" \) -prune -o -type f -print0 | xargs -0 md5sum; } | sort) > "$1"
}
# What changes whatever is installed and run: dpkg's books, logs, caches of folders, caches of libraries; and /opt, which belongs
# to no package, so that dpkg takes it with the last that had something there.
books='^\./(opt|var/lib/dpkg/.*|var/log/(dpkg|alternatives)\.log|var/log/apt/.*|var/lib/apt/.*|var/cache/(apt|ldconfig|debconf|fontconfig)/.*|etc/ld\.so\.cache|home/clerk/\.cache(/(fontconfig|mesa_shader_cache)(/.*)?)?|home/[a-z]+/(\.config|\.local|\.local/share|\.config/autostart))$'
nothing_left() { # BEFORE PACKAGE
  listing "$work/after"
  { diff "$1" "$work/after" || true; } | sed -n 's/^[<>] //p' | awk '{ print length($1) == 32 ? $2 : $3 }' | sort -u > "$work/changed"
  if grep -Ev "$books" "$work/changed" | grep .; then wrong "this was not there before, or is different"; fi
  row "left after the purge of ${2}, beside dpkg's books and caches" "nothing among $(grep -c '^[^0-9a-f]' "$work/after") files"
}

# --- a key in a reader, a screen -------------------------------------------------------------------------------------

start_reader() {
  for ((port = 20000 + RANDOM % 20000; ; port += 2)); do ss -ltnH "sport = :$port or sport = :$((port + 1))" | grep -q . || break; done
  mkdir -p "$sys/mnt/readers"
  # the reader of the test, and only that, comes from outside
  cp /usr/lib/pcsc/drivers/serial/libifdvpcd.so "$sys/mnt/reader.so"
  printf 'FRIENDLYNAME "Desk"\nDEVICENAME /dev/null:%d\nLIBPATH /mnt/reader.so\nCHANNELID %d\n' "$port" "$port" > "$sys/mnt/readers/desk"
  install -d "$sys/run/pcscd"
  "${root_in[@]}" pcscd --foreground --config /mnt/readers > "$work/pcscd.log" 2>&1 &
  started+=($!)
  wait_for 20 test -S "$sys/run/pcscd/pcscd.comm" || { cat "$work/pcscd.log"; wrong "pcscd does not start"; }
  # a name with a character beyond GB 2312, which only a font of the system has
  [ -f "$work/key" ] || "$maker" new --out "$work/key" --owner 北京喆玥科技有限公司 > /dev/null
  # it stays as long as nobody closes its input
  [ -p "$work/key-orders" ] || mkfifo "$work/key-orders"
  "$maker" run "$work/key" --vpcd "$port" <> "$work/key-orders" > "$work/key.log" 2>&1 &
  started+=($!)
  wait_for 20 grep -q connected "$work/key.log" || { cat "$work/key.log"; wrong "the key does not come in"; }
}

marks=$sys/mnt/marks/marks
start_window() {
  rm -f "$marks"
  began=${EPOCHREALTIME/[.,]/}
  "${clerk_in[@]}" DISPLAY="$DISPLAY" CERT_ASSISTANT_TIMELINE=/mnt/marks/marks cert-assistant > "$work/program.log" 2>&1 &
  window=$!
  started+=("$window")
  wait_for 60 grep -q ' first-frame' "$marks" || { cat "$work/program.log"; wrong "no window"; }
}
end_window() {
  kill "$window"
  wait "$window" 2>/dev/null || true
}
picture() { # NAME
  wait_for 60 grep -q ' card-complete' "$marks" || wrong "the key does not appear in the window"
  # the frame after the key was read
  local frames
  frames=$(grep -c ' frame-us' "$marks")
  wait_for 5 sh -c "[ \$(grep -c ' frame-us' '$marks') -gt $((frames + 1)) ]" || true
  import -window root "$pictures/$1.png"
}
lists_the_key() {
  local list
  list=$(clerk cert-assistant list 2>&1) && [[ $list == *10200000016873* && $list == *喆玥* ]]
}
# the service looks for a card every 0.4 s
sees_the_key() { wait_for 20 lists_the_key || wrong "the list does not have the key: $(clerk cert-assistant list 2>&1)"; }

# What belongs to the person and to the administrator, as a sum.
kept() {
  (cd "$sys" && find home/clerk/.config/cert-assistant/settings.json $orders etc/cert-assistant etc/xdg/autostart/cert-assistant.desktop \
    -type f -exec sha256sum {} + | sort -k2)
}
orders=home/clerk/.local/share/cert-assistant/orders
same() { diff "$1" <(kept) >&2 || wrong "$2"; }

# The same files as a version before this one, with a program that differs.
older() { # DEB TO
  dpkg-deb -R "$1" "$work/older"
  sed -i "s/^Version: .*/Version: $version~before/" "$work/older/DEBIAN/control"
  printf before >> "$(find "$work/older" -type f -name cert-assistant -path '*/bin/*')"
  dpkg-deb --root-owner-group -Zgzip -z1 -b "$work/older" "$2" > /dev/null
  rm -rf "$work/older"
}

# --- the package of Debian -------------------------------------------------------------------------------------------

step "building the packages twice"
# once here, once elsewhere by somebody else's habits, from the same program
dpkg-deb -x "$deb" "$work/program"
mkdir -p "$work/elsewhere/deep"
cp -a assets installer scripts Cargo.toml CHANGELOG.md "$work/elsewhere/deep"
export SOURCE_DATE_EPOCH=1790000000 CERT_ASSISTANT_PROGRAM=$work/program/usr/bin/cert-assistant
CARGO_TARGET_DIR=$work/once installer/linux/build.sh dev > /dev/null
(umask 077 && cd / && TZ=Asia/Shanghai LANG=C CARGO_TARGET_DIR=$work/twice "$work/elsewhere/deep/installer/linux/build.sh" dev > /dev/null)
unset SOURCE_DATE_EPOCH CERT_ASSISTANT_PROGRAM
for file in "$work"/once/installers/*.deb; do cmp "$file" "$work/twice/installers/$(basename "$file")" || wrong "not the same bytes twice"; done
row "built twice, in other places and under another umask" "the same bytes"

start_screen "$work" 960x640
bare_system

step "installing $(basename "$deb") in a clean system"
fresh_system
apt update
depends=$(dpkg-deb -f "$deb" Depends)
apt --download-only satisfy "$depends"
before=${EPOCHREALTIME/,/.}
apt satisfy "$depends"
row "everything the package needs, $(inside dpkg-query -f '.' -W | wc -c) packages in all, without downloading" "$(seconds "$before")"
listing "$work/clean"

bring "$deb" new.deb
before=${EPOCHREALTIME/,/.}
apt install /mnt/new.deb
took=$(seconds "$before")
[ "$(grep -c ^Setting "$work/apt.log")" = 1 ] || { cat "$work/apt.log"; wrong "more than the package was installed"; }
row "size of cert-assistant.deb" "$(stat -c %s "$deb" | awk '{ printf "%.1f MB", $1 / 1e6 }')"
row "installed size" "$(dpkg-deb -f "$deb" Installed-Size | awk '{ printf "%.1f MB", $1 * 1024 / 1e6 }')"
row "installing it with apt-get" "$took"
[ -z "$(inside dpkg -V cert-assistant)" ] || wrong "dpkg -V: $(inside dpkg -V cert-assistant)"
[ "$(clerk cert-assistant --version)" = "cert-assistant $version" ] || wrong "the version"
[ -z "$(ls -A "$sys/etc/cert-assistant")" ] || wrong "/etc/cert-assistant is not empty"
icon_starts /usr/bin/cert-assistant
[ -z "$(ls "$sys/home/colleague")" ] || wrong "a desktop was made for who has none"
rm "$icon"

step "the program, a key, the menu"
start_reader
sees_the_key
for run in 1 2 3; do
  start_window
  awk -v began="$began" '$3 == "first-frame" { print $1 - began }' "$marks" >> "$work/starts"
  [ "$run" = 3 ] || end_window
done
row "start to first frame (best, middle, worst of 3)" "$(sort -n "$work/starts" | awk '{ printf "%s%.2f s", sep, $1 / 1e6; sep = ", " }')"
picture deb-window
end_window
# as a menu finds it; the programs of this machine are out of its sight
env -i PATH="$sys/usr/bin" XDG_DATA_DIRS="$sys/usr/share" XDG_DATA_HOME="$work" LC_ALL=C.UTF-8 /usr/bin/python3 - <<'END' || wrong "the menu"
from gi.repository import Gio
app = Gio.DesktopAppInfo.new("cert-assistant.desktop")
assert app and app.should_show() and app.list_actions() == ["renew", "unlock"]
assert [found.get_id() for found in Gio.AppInfo.get_all()] == ["cert-assistant.desktop"], "others are here too"
END

step "a new version over the running old one"
older "$deb" "$work/older.deb"
bring "$work/older.deb" old.deb
apt install --allow-downgrades /mnt/old.deb
install -d -m 755 -o 1000 -g 1000 "$sys/home/clerk/.config" "$sys/home/clerk/.config/cert-assistant"
start_window
printf '{"version": 1, "language": "en", "theme": "dark", "reminder_days": [30, 3]}\n' | install -m 600 -o 1000 -g 1000 /dev/stdin "$sys/home/clerk/.config/cert-assistant/settings.json"
install -d -m 700 -o 1000 -g 1000 "$sys/$orders"
# under another name as long as a program looks: it is no whole order
printf '{\n  "format": 1,\n  "id": "%s",\n  "finished": null\n}\n' 0123456789abcdef0123456789abcdef | install -m 600 -o 1000 -g 1000 /dev/stdin "$sys/$orders/0123456789abcdef0123456789abcdef.json.kept"
printf '{"counter_mode": true}\n' > "$sys/etc/cert-assistant/settings.json"
sed -i '/^Hidden=true$/d' "$sys/etc/xdg/autostart/cert-assistant.desktop"
kept > "$work/kept"
before=${EPOCHREALTIME/,/.}
apt install /mnt/new.deb
row "installing it over the version before, while that runs" "$(seconds "$before")"
kill -0 "$window" || wrong "the running program ended"
[[ $(readlink "/proc/$window/exe") == *" (deleted)" ]] || wrong "the running program is not the old one: $(readlink "/proc/$window/exe")"
same "$work/kept" "the new version changed what belongs to others"
no_icon "where the clerk had taken it away"
clerk cert-assistant --open check || wrong "the new version does not reach the old one"
wait_for 20 grep -q 'summoned cert-assistant:check' "$marks" || wrong "the running window did not hear of it"
wait_for 20 grep -q ' replaced' "$marks" || wrong "the running window does not say that there is a new version"
sees_the_key
if clerk cert-assistant --help | grep -q -- --quit; then
  clerk cert-assistant --quit || wrong "the new version can't ask the old one to close"
  wait_for 20 sh -c "! kill -0 $window" || wrong "the old one did not close"
else
  end_window
fi
start_window
picture deb-after-upgrade
end_window
same "$work/kept" "the new version changed the settings when it started"

step "removal keeps, purging clears"
apt remove cert-assistant
[ "$(state cert-assistant)" = config-files ] || wrong "not removed"
[ -z "$(find "$sys/usr" "$sys/opt" -iname '*cert*assistant*')" ] || wrong "files stay in /usr"
same "$work/kept" "removal took something along"
no_icon "of a program that is not there"
apt install /mnt/new.deb
icon_starts /usr/bin/cert-assistant
same "$work/kept" "the next installation took something along"
sees_the_key
# an order that is not finished, and one that is
mv "$sys/$orders/0123456789abcdef0123456789abcdef.json"{.kept,}
printf '{\n  "format": 1,\n  "finished": 1790000000\n}\n' | install -m 600 -o 1000 -g 1000 /dev/stdin "$sys/$orders/fedcba9876543210fedcba9876543210.json"
# a person whose folders lead elsewhere
install -d -m 700 "$sys/root/precious" && echo gold > "$sys/root/precious/file"
install -d -m 755 -o 1001 -g 1001 "$sys/home/colleague/"{.config,.local,.local/share,.config/cert-assistant,.config/autostart}
ln -s /root/precious "$sys/home/colleague/.cache"
ln -s /root/precious "$sys/home/colleague/.local/share/cert-assistant"
touch "$sys/home/colleague/.config/autostart/"{cert-assistant,other}.desktop
chown -Rh 1001:1001 "$sys/home/colleague/.config/autostart" "$sys/home/colleague/.cache" "$sys/home/colleague/.local/share/cert-assistant"
# a rule that the program installed itself, and udev as far as a package sees it
install -d "$sys/etc/udev/rules.d"
cp installer/linux/70-cert-assistant.rules "$sys/etc/udev/rules.d/"
echo mine > "$sys/etc/udev/rules.d/80-mine.rules"
install -d "$sys/run/udev"
printf '#!/bin/sh\necho "$*" >> /mnt/udev\n' | install -m 755 /dev/stdin "$sys/usr/local/bin/udevadm"
inside dpkg --purge cert-assistant > "$work/purge.log" 2>&1 || { cat "$work/purge.log"; wrong "purge"; }
grep -q "kept /home/clerk/.local/share/cert-assistant/orders" "$work/purge.log" || { cat "$work/purge.log"; wrong "nothing is said of the unfinished order"; }
[ "$(cd "$sys/home/clerk" && find . -path '*cert-assistant*' -type f | sort | tr '\n' ' ')" = \
  "./.local/share/cert-assistant/orders/0123456789abcdef0123456789abcdef.json ./.local/share/cert-assistant/orders/fedcba9876543210fedcba9876543210.json " ] ||
  wrong "an unfinished order, and only the orders, should stay: $(cd "$sys/home/clerk" && find . -path '*cert-assistant*')"
[ "$(cat "$sys/root/precious/file")" = gold ] || wrong "a link was followed"
[ "$(cd "$sys/home/colleague" && find . -name '*.desktop')" = ./.config/autostart/other.desktop ] || wrong "the colleague's entries"
[[ ! -e $sys/home/colleague/.config/cert-assistant && ! -L $sys/home/colleague/.local/share/cert-assistant ]] || wrong "the colleague's folders"
[ ! -e "$sys/etc/cert-assistant" ] || wrong "/etc/cert-assistant stays"
no_icon "after the purge"
inside env CERT_ASSISTANT_NODESKTOP=1 dpkg -i /mnt/new.deb > "$work/apt.log" 2>&1 || { cat "$work/apt.log"; wrong "reinstallation"; }
no_icon "that the administrator did not want"
[ "$(cat "$sys/mnt/udev")" = $'control --reload\ncontrol --reload\ntrigger --subsystem-match=usb --action=change' ] || wrong "udev was told: $(cat "$sys/mnt/udev")"
[ "$(ls "$sys/etc/udev/rules.d")" = 80-mine.rules ] || wrong "rules in /etc: $(ls "$sys/etc/udev/rules.d")"
rm -f "$sys/etc/udev/rules.d/80-mine.rules"
rmdir --parents --ignore-fail-on-non-empty "$sys/etc/udev/rules.d"
rm -rf "$sys/run/udev" "$sys/usr/local/bin/udevadm" "$sys/root/precious" "$sys/home/colleague/.cache" "$sys/home/colleague/.config/autostart"
[ -f "$sys/$orders/0123456789abcdef0123456789abcdef.json" ] || wrong "the order is lost"
sed -i 's/null/1790000001/' "$sys/$orders/0123456789abcdef0123456789abcdef.json"
apt purge cert-assistant
nothing_left "$work/clean" cert-assistant

# --- the package of UOS ------------------------------------------------------------------------------------------------

step "installing $(basename "$uos_deb") in place of the other"
apt install /mnt/new.deb
start_window
end_window
install -d -m 755 -o 1000 -g 1000 "$sys/home/clerk/.config/cert-assistant"
printf '{"version": 1, "language": "en"}\n' | install -m 600 -o 1000 -g 1000 /dev/stdin "$sys/home/clerk/.config/cert-assistant/settings.json"
printf '{"counter_mode": true}\n' > "$sys/etc/cert-assistant/settings.json"
sum=$(cat "$sys/home/clerk/.config/cert-assistant/settings.json" "$sys/etc/cert-assistant/settings.json" | sha256sum)
bring "$uos_deb" uos.deb
before=${EPOCHREALTIME/,/.}
apt install /mnt/uos.deb
row "size of $uos.deb" "$(stat -c %s "$uos_deb" | awk '{ printf "%.1f MB", $1 / 1e6 }')"
row "installing it in place of the other" "$(seconds "$before")"
[ "$(state $uos) $(state cert-assistant)" = "installed config-files" ] || wrong "not one in place of the other: $(state $uos) $(state cert-assistant)"
apt purge cert-assistant
[ "$(cat "$sys/home/clerk/.config/cert-assistant/settings.json" "$sys/etc/cert-assistant/settings.json" | sha256sum)" = "$sum" ] ||
  wrong "purging the package that was replaced took something of the one that replaced it"
[ -z "$(inside dpkg -V $uos)" ] || wrong "dpkg -V: $(inside dpkg -V $uos)"
icon_starts /opt/apps/$uos/files/bin/cert-assistant
sees_the_key
start_window
[ "$(readlink "/proc/$window/exe")" = "$sys/opt/apps/$uos/files/bin/cert-assistant" ] ||
  [ "$(readlink "/proc/$window/exe")" = "/opt/apps/$uos/files/bin/cert-assistant" ] || wrong "not the program of /opt/apps"
picture uos-window
end_window
find "$sys/opt/apps/$uos/entries" "$sys/usr/share/applications" "$sys/usr/share/icons" -xtype l -lname "/opt/*" |
  while read -r link; do [ -e "$sys$(readlink "$link")" ] || echo "$link"; done > "$work/broken"
[ ! -s "$work/broken" ] || wrong "links that lead nowhere: $(cat "$work/broken")"
apt purge $uos
[ ! -e "$sys/opt/apps/$uos" ] || wrong "/opt/apps/$uos stays"
nothing_left "$work/clean" $uos

printf '\n| what | measured |\n|---|---|\n'
printf '%s\n' "${rows[@]}"
printf '\npictures in %s\neverything held, after %d s\n' "$pictures" $SECONDS
