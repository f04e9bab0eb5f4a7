#!/usr/bin/env bash
# Proves the setup for Windows under Wine, on a Debian 12 machine: pages, silent installation, what is installed, practice, updates
# over a running program, cuts, removal. `check.sh [--wine10] [SETUP]`; without SETUP the one in target/installers.
# With --wine10 also in a Debian 13 root (made once; needs root), whose Wine reaches a real reader service with a key in it.
# Leaves pictures in target/installers/pictures, prints what was held and a table of sizes and times; 0 when all of it held.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/common.sh

wine10=
[ "${1-}" != --wine10 ] || { wine10=yes; shift; }
version=$(program_version)
setup=$(realpath -m "${1:-$installers/cert-assistant-setup-$version-x64.exe}")
[ -e "$setup" ] || { echo "no $setup: run installer/windows/build.sh" >&2; exit 1; }
pictures=$installers/pictures/windows
work=$(mktemp -d)
rm -rf "$pictures"
mkdir -p "$pictures"
. installer/windows/test/wine.sh
cleanup() {
  end_started
  wineserver -k 2>/dev/null || true
  [ -z "$wine10" ] || leave_root
  rm -rf --one-file-system "$work"
}
trap cleanup EXIT
trap 'echo "broken off in line $LINENO of ${BASH_SOURCE[0]}: $BASH_COMMAND" >&2' ERR
set -E
need_packages "${wine_packages[@]}"
start_screen "$work" 1024x720
make_windows

failed=0
holds() { # SENTENCE COMMAND…
  local sentence=$1
  shift
  if "$@"; then
    printf '  holds   %s\n' "$sentence"
  else
    printf '  BROKEN  %s\n' "$sentence"
    failed=$((failed + 1))
  fi
}
not() { ! "$@"; }
is() { [ "$1" = "$2" ] || { printf '          is “%s”, not “%s”\n' "$1" "$2"; return 1; }; }
part() { printf '\n%s\n' "$*"; }
now() { date +%s%3N; }
# how a start of Windows ended, and the milliseconds it took: `code`, `took`
run() {
  local begun
  begun=$(now)
  code=0
  timeout "$patience" "$@" >/dev/null 2>&1 || code=$?
  took=$(($(now) - begun))
}
sum() { sha256sum "$1" 2>/dev/null | cut -d' ' -f1; }

machine='C:\Program Files\cert-assistant'
person="C:\\users\\$(id -un)\\AppData\\Local\\Programs\\cert-assistant"
roaming="$drive/users/$(id -un)/AppData/Roaming/cert-assistant"
local="$drive/users/$(id -un)/AppData/Local/cert-assistant"
desktop=$drive/users/Public/Desktop
menu="$drive/ProgramData/Microsoft/Windows/Start Menu/Programs"
key='Software\cert-assistant'
uninstall_key='Software\Microsoft\Windows\CurrentVersion\Uninstall\cert-assistant'
run_key='Software\Microsoft\Windows\CurrentVersion\Run'
app_key='Software\Microsoft\Windows\CurrentVersion\App Paths\cert-assistant.exe'

installed_files() { (cd "$(unix "$1")" 2>/dev/null && find . -type f | sort | tr '\n' ' '); }
whole="./LICENSE.txt ./NOTICE.txt ./cert-assistant.exe ./licences.txt ./uninstall.exe "
target_of() { lnkinfo "$1" | sed -n 's/^\tLocal path\t*: //p' | tr -d '\r'; }
uninstall() { # FOLDER SWITCHES… – the uninstaller goes on from a copy of itself
  local folder=$1
  shift
  run wine "$folder\\uninstall.exe" /S "$@"
  wait_for "$patience" test ! -e "$(unix "$folder")/uninstall.exe"
  wineserver -w
}
# a program that was started and told so in its marks
told() { grep -q " $1" "$work/marks"; }
start_program() { # FOLDER ARGUMENTS…
  local folder=$1
  shift
  rm -f "$work/marks"
  start in_chinese env CERT_ASSISTANT_TIMELINE="Z:${work//\//\\}\\marks" wine "$folder\\cert-assistant.exe" "$@"
  program_pid=$pid
  wait_for "$patience" told first-frame
}

# The tests beside the code, as a program of Windows. What openssl judges there is judged on Linux.
rooms() {
  windows_std
  # one program a crate; the testkit has no tests, and drives what only Linux has
  mapfile -t programs < <(cargo test --no-run --lib --workspace --exclude testkit --target "$windows" 2>&1 | tee "$work/rooms.log" | sed -n 's/.*unittests src\/lib\.rs (\(.*\.exe\))$/\1/p')
  [ ${#programs[@]} -gt 1 ] || { cat "$work/rooms.log"; return 1; }
  run_rooms() {
    local program
    : > "$work/rooms.log"
    for program in "${programs[@]}"; do
      timeout 900 wine "$program" --skip judge:: --skip tests::network:: >> "$work/rooms.log" 2>&1 || return 1
    done
  }
  holds "they pass" run_rooms
  grep -a -E '^test result|^    [a-z_:]+\r?$|panicked' "$work/rooms.log" | tr -d '\r' | sed 's/^/          /'
}

. installer/windows/test/steps.sh
. installer/windows/test/cuts.sh
. installer/windows/test/judged.sh
. installer/windows/test/wine10.sh

part "The tests of the rooms"
rooms
part "The program and the setup, by the tools of others"
judged
make_setups
made_again_and_signed
part "A person installs it in Chinese, for everybody, and starts it"
by_hand_in_chinese
part "Practice in the installed program"
practice
part "A newer setup over the running program, by hand in English and silently"
updates
part "Nothing is left after removal but the settings"
removal
part "Silently, for one person"
for_one_person
part "Cut off at every step"
cuts
if [ -n "$wine10" ]; then
  part "A real reader service with a key, under Wine 10"
  with_reader
fi

printf '\n%s pictures in %s\n\n' "$count" "$pictures"
printf '%-34s %12s\n' "setup" "$(stat -c %s "$setup") bytes"
for line in "${table[@]}"; do printf '%-34s %12s\n' "${line%%=*}" "${line#*=}"; done
[ "$failed" = 0 ] || { printf '\n%s did not hold\n' "$failed"; exit 1; }
printf '\nall held\n'
