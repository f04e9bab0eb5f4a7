# shellcheck shell=bash disable=SC2154,SC2034
# A Debian 13 root with Wine 10, whose smart-card service is that of the machine: the installed program meets a real reader
# service and a key. Sourced by check.sh. The root is made once and kept as target/roots/trixie-wine.tar.

root=$work/root
tarball=$(realpath -m "${CARGO_TARGET_DIR:-target}/roots/trixie-wine.tar")

# what runs a command in there
inside=(chroot "$root" env HOME=/root LC_ALL=zh_CN.UTF-8 WINEPREFIX=/root/prefix WINEDEBUG=-all "DISPLAY=$DISPLAY")

make_root() {
  local mirror new=$tarball.new
  # the mirror this machine uses for its own release
  mirror=$(apt-get indextargets --format "\$(REPO_URI) \$(CODENAME) \$(COMPONENT) \$(LABEL)" 'Created-By: Packages' |
    awk '$2 !~ /-/ && $3 == "main" && $4 == "Debian" { print $1; exit }')
  [ -n "$mirror" ] || { echo "no Debian mirror in this machine's apt configuration" >&2; return 1; }
  # unpacks the folder proc itself, which it can't while something is mounted there
  debootstrap --variant=minbase trixie "$root" "$mirror" > "$work/debootstrap.log" 2>&1 || { tail "$work/debootstrap.log" >&2; return 1; }
  mount_proc
  # no service starts by itself
  printf '#!/bin/sh\nexit 101\n' > "$root/usr/sbin/policy-rc.d"
  chmod +x "$root/usr/sbin/policy-rc.d"
  cp /etc/resolv.conf "$root/etc/"
  find /etc/apt/apt.conf.d -name '*proxy*' -exec cp {} "$root/etc/apt/apt.conf.d/" \;
  chroot "$root" apt-get update -qq
  DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get install -y -qq --no-install-recommends \
    wine wine64 libwine pcscd vsmartcard-vpcd libgl1 libgl1-mesa-dri mesa-vulkan-drivers fonts-wqy-microhei locales \
    libxcursor1 libxi6 libxrandr2 libxcomposite1 >/dev/null
  chroot "$root" apt-get clean
  echo 'zh_CN.UTF-8 UTF-8' > "$root/etc/locale.gen"
  chroot "$root" locale-gen >/dev/null
  mkdir -p "$(dirname "$tarball")"
  tar -C "$root" --one-file-system -cf "$new" .
  mv "$new" "$tarball"
}

mount_proc() { mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"; }
leave_root() {
  [ -d "$root" ] || return 0
  "${inside[@]}" wineserver -k 2>/dev/null || true
  ! mountpoint -q "$root/proc" || umount "$root/proc"
}

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
told_inside() { grep -q " $1" "$root/root/marks"; }

with_reader() {
  [ "$(id -u)" = 0 ] || { echo "the part with a reader service needs root" >&2; return 1; }
  need_packages debootstrap
  mkdir -p "$root"
  if [ -e "$tarball" ]; then tar -C "$root" -xf "$tarball" && mount_proc; else make_root; fi

  local port key program=$released/virtual-key
  [ -x "$program" ] || program=${CARGO_TARGET_DIR:-target}/debug/virtual-key
  [ -x "$program" ] || cargo build --quiet --package virtual-key
  port=$(free_port)
  rm -f "$root/etc/reader.conf.d/"*
  printf 'FRIENDLYNAME "Virtual PCD"\nDEVICENAME /dev/null:%#x\nLIBPATH /usr/lib/pcsc/drivers/serial/libifdvpcd.so\nCHANNELID %#x\n' \
    "$port" "$port" > "$root/etc/reader.conf.d/vpcd"
  "${inside[@]}" pcscd --foreground --disable-polkit >"$work/pcscd.log" 2>&1 &
  started+=($!)
  wait_for "$patience" test -S "$root/run/pcscd/pcscd.comm"
  "$program" new --out "$work/key" >/dev/null
  mkfifo "$work/orders"
  "$program" run "$work/key" --vpcd "$port" < "$work/orders" >"$work/key.log" 2>&1 &
  started+=($!)
  exec 4> "$work/orders"

  quiet "${inside[@]}" wineboot -i
  cp "$work/windows.reg" "$root/root/"
  quiet "${inside[@]}" wine regedit 'Z:\root\windows.reg'
  cp "$setup" "$root/root/setup.exe"
  run "${inside[@]}" wine 'Z:\root\setup.exe' /S
  holds "the setup installs silently" is "$code" 0
  start "${inside[@]}" env 'CERT_ASSISTANT_TIMELINE=Z:\root\marks' wine "$machine\\cert-assistant.exe"
  key=$pid
  holds "the program starts" wait_for "$patience" told_inside first-frame
  holds "it has read the key in the reader" wait_for "$patience" told_inside 'card-complete Virtual PCD'
  wait_window '^证书助手$'
  picture reader-key
  echo unplug >&4
  holds "it notices when the key is pulled out" wait_for "$patience" told_inside 'removed'
  picture reader-pulled-out
  echo plug >&4
  run "${inside[@]}" wine "$machine\\cert-assistant.exe" --quit
  holds "it closes when asked" wait_for "$patience" gone "$key"
  run "${inside[@]}" wine "$machine\\uninstall.exe" /S
  holds "it is removed" wait_for "$patience" test ! -e "$root/root/prefix/drive_c/Program Files/cert-assistant"
  exec 4>&-
  leave_root
}
