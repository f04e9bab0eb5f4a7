#!/usr/bin/env bash
# Shows the program with practice keys, on a Debian 12 machine with Rust: installs what is missing, builds, opens the window.
# Without a screen the window opens on one in memory, the main job is walked through by itself with keyboard and pointer, and
# numbered pictures of it are left in target/demo-pictures/. `./demo.sh --walk` does that also where there is a screen.
set -euo pipefail
cd "$(dirname "$0")"
. scripts/common.sh

target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
program=$target/demo/cert-assistant
pictures=$target/demo-pictures

need_packages "${build_packages[@]}" "${window_packages[@]}"
cargo build --profile demo --package cert-assistant --bin cert-assistant
if [ "${1-}" != --walk ] && [ -n "${DISPLAY-}${WAYLAND_DISPLAY-}" ]; then
  exec "$program" --practice
fi

need_packages "${screen_packages[@]}"
rm -rf "$pictures"
mkdir -p "$pictures"
work=$(mktemp -d)
cleanup() { end_started; rm -rf "$work"; }
trap cleanup EXIT
start_screen "$work" 960x640
marks=$work/marks
told() { grep -q " $1" "$marks"; } # MARK: the program said so

open_window() { # ARGUMENTS… – of the program; sets window
  : > "$marks"
  # settings of this walk only; Chinese whatever the machine's language
  LC_ALL=C.UTF-8 LANGUAGE=zh_CN XDG_CONFIG_HOME=$work XDG_DATA_HOME=$work CERT_ASSISTANT_TIMELINE=$marks \
    CERT_ASSISTANT_PRACTICE_CAPTCHA=$captcha "$program" "$@" &
  program_pid=$!
  started+=("$program_pid")
  window=$(timeout 20 xdotool search --sync --onlyvisible --class cert-assistant | head -n 1)
  xdotool windowfocus --sync "$window"
}
close_window() {
  kill "$program_pid"
  wait "$program_pid" 2>/dev/null || true
}

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
scroll() { # 4 = up, 5 = down, to the end
  xdotool mousemove --window "$window" 580 320 click --repeat 40 --delay 5 "$1"
}
press() { xdotool key --delay 20 "$@"; }
typed() { xdotool type --delay 20 "$1"; }
# characters no keyboard has, which the screen has to learn one after the other
typed_slowly() { local at; for ((at = 0; at < ${#1}; at++)); do xdotool type --delay 20 "${1:at:1}" && sleep 0.4; done; }
# past the button that shows what was typed
next_field() { press Tab Tab; }

# where things are in a window of 960×640
first_key="104 121" expiring_key="104 183" locked_key="104 245" damaged_key="104 307"
change_button="304 521" more_button="855 523" check_button="305 540"
renew_button="303 470" orders_page="33 488" unlock_button="303 410"
# what the pictures of the practice CA show here
captcha=K7MP

open_window --practice
wait_for 20 told card-complete
picture valid-key
click "$expiring_key" && picture expiring-key
click "$locked_key" && picture locked-key
click "$damaged_key" && picture damaged-key
click "$first_key" && settle && click "$more_button" && settle
scroll 5 && picture certificate-details
click "$check_button" && settle && scroll 5 && picture certificate-checked
scroll 4 && click "$more_button" && settle
click "$change_button" && wait_for 10 told "dialog open"
picture change-pin
typed 654321 && next_field && typed Demo2026 && next_field && typed Demo2026
picture change-pin-filled-in
press Return && wait_for 10 told "pin-changed false"
picture wrong-pin
typed 123456 && press Return && wait_for 10 told "pin-changed true"
picture pin-changed
press Escape
click "$expiring_key" && settle && click "$renew_button" && wait_for 20 told "renewal identify"
picture renewal-identity
typed 123456 && press Return && wait_for 20 told "renewal form"
picture renewal-form
typed $captcha && press Return && wait_for 20 told "renewal download"
picture renewal-download
typed 123456 && press Return && wait_for 30 told "renewal done"
picture renewal-done
press Return && picture renewed-key
click "$orders_page" && picture orders
close_window

open_window --practice=renewal
wait_for 20 told card-complete
picture keys-for-renewals
click "$expiring_key" && settle && click "$renew_button" && wait_for 20 told "renewal identify"
typed 123456 && press Return && wait_for 20 told "renewal form"
typed $captcha && press Return && wait_for 20 told "renewal waiting"
picture renewal-review
wait_for 20 told "renewal download"
picture renewal-approved
close_window

open_window --practice=unlock
wait_for 20 told card-complete
picture keys-to-unlock
click "$expiring_key" && settle
picture locked-key-to-unlock
click "$unlock_button" && wait_for 20 told "unlock form"
picture unlock-which-key
press Return && settle
picture unlock-form
typed_slowly 王练习 && press Tab && typed 13800000000 && press Tab Tab && typed $captcha
picture unlock-form-filled-in
press Return && wait_for 20 told "unlock code"
wait_for 10 told practice-message
picture unlock-code
typed "$(sed -n 's/.*practice-message .*验证码 \([0-9]*\).*/\1/p' "$marks" | tail -n 1)"
next_field && typed Demo2026 && next_field && typed Demo2026
picture unlock-code-filled-in
press Return && wait_for 30 told "unlock done"
picture unlock-done
press Return && picture unlocked-key
close_window

PCSCLITE_CSOCK_NAME=$work/nothing open_window
wait_for 20 told service
picture no-reader-service
close_window
echo "$count pictures in $pictures"
