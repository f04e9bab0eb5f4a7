#!/usr/bin/env bash
# Shows the program with practice keys, on a Debian 12 machine with Rust: installs what is missing, builds, opens the window.
# Without a screen the window opens on one in memory, the main job is walked through by itself with keyboard and pointer, and
# numbered pictures of it are left in target/demo/. `./demo.sh --walk` does that also where there is a screen.
set -euo pipefail
cd "$(dirname "$0")"
. scripts/common.sh

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
program=$target/release/cert-assistant
pictures=$target/demo

need_packages "${build_packages[@]}" "${window_packages[@]}"
cargo build --release --bin cert-assistant
if [ "${1-}" != --walk ] && [ -n "${DISPLAY-}${WAYLAND_DISPLAY-}" ]; then
  exec "$program" --practice
fi

need_packages "${screen_packages[@]}"
rm -rf "$pictures"
mkdir -p "$pictures"
work=$(mktemp -d)
cleanup() { end_started; rm -rf "$work"; }
trap cleanup EXIT
# settings of this run only, in Chinese, whatever the machine's language
export XDG_CONFIG_HOME=$work
start_screen "$work" 960x640
"$program" --practice &
started+=($!)
window=$(timeout 20 xdotool search --sync --onlyvisible --class cert-assistant | head -n 1)
xdotool windowfocus --sync "$window"

look() { import -window "$window" "$1"; }
# until two looks in a row are the same, or the patience for something that keeps moving is over
settle() {
  look "$work/before.png"
  for _ in {1..10}; do
    sleep 0.2
    look "$work/now.png"
    cmp -s "$work/before.png" "$work/now.png" && return 0
    mv "$work/now.png" "$work/before.png"
  done
}
count=0
picture() { # NAME – of what the window shows now
  settle
  count=$((count + 1))
  look "$pictures/$(printf '%02d' $count)-$1.png"
}
click() { # "X Y"
  xdotool mousemove --window "$window" "${1% *}" "${1#* }" click 1
}
press() { xdotool key --clearmodifiers "$@"; }
# into the PIN field that has the focus, then past its 显示 button to the next field
pin() { xdotool type --delay 20 "$1"; }
next_field() { press Tab; press Tab; }

# where things are in a window of 960×640
first_key="104 121" expiring_key="104 183" locked_key="104 245" damaged_key="104 307"
change_button="304 521" more_button="855 523"

picture valid-key
click "$expiring_key"; picture expiring-key
click "$locked_key"; picture locked-key
click "$damaged_key"; picture damaged-key
click "$first_key"; click "$more_button"; picture certificate-details
click "$first_key"; press Home; click "$more_button"; settle
click "$change_button"; picture change-pin
pin 654321; next_field; pin Demo2026; next_field; pin Demo2026; picture change-pin-filled
press Return; picture wrong-pin
pin 123456; press Return; picture pin-changed
echo "$count pictures in $pictures"
