# shellcheck shell=bash disable=SC2154,SC2034
# What check.sh does with the setup, step by step. Sourced by it.

table=()
put() { table+=("$1=$2"); }

# Setups of a later version: the same program with one byte more, and a stand-in that would not close.
newer=$work/newer.exe
newer_version=9.0.0
make_setups() {
  { cat "$work/program.exe"; printf x; } > "$work/newer-program.exe"
  VERSION=$newer_version PROGRAM=$work/newer-program.exe OUT=$newer quiet installer/windows/build.sh dev
  x86_64-w64-mingw32-gcc -O2 -s -municode -mwindows -o "$work/stand-in.exe" installer/windows/test/program.c
  PROGRAM=$work/stand-in.exe OUT=$work/stand-in-setup.exe quiet installer/windows/build.sh dev
  VERSION=$newer_version PROGRAM=$work/stand-in.exe OUT=$work/stand-in-newer.exe quiet installer/windows/build.sh dev
}
made_again_and_signed() {
  (
    umask 077
    PROGRAM=$work/stand-in.exe OUT=$work/again.exe quiet installer/windows/build.sh dev
  )
  holds "the same files give the same setup, byte for byte" cmp "$work/stand-in-setup.exe" "$work/again.exe"
  printf '#!/bin/sh\nhead -c 2 "$1" >> "%s/signed"\n' "$work" > "$work/sign"
  chmod +x "$work/sign"
  SIGN=$work/sign PROGRAM=$work/stand-in.exe OUT=$work/again.exe quiet installer/windows/build.sh dev
  holds "the program, what removes it, and the setup are given to whoever signs" is "$(cat "$work/signed")" MZMZMZ
}
old_is_there() { is "$(sum "$(unix "$machine")/cert-assistant.exe")" "$(sum "$work/program.exe")"; }
new_is_there() { is "$(sum "$(unix "$machine")/cert-assistant.exe")" "$(sum "$work/newer-program.exe")"; }

# The parts of the registry that belong to an installation under HKLM or HKCU.
described() { # ROOT FOLDER VERSION NAME
  is "$(value "$1\\$key" InstallLocation)" "$2" && is "$(value "$1\\$key" Version)" "$3" &&
    is "$(value "$1\\$uninstall_key" DisplayName)" "$4" && is "$(value "$1\\$uninstall_key" DisplayVersion)" "$3" &&
    is "$(value "$1\\$uninstall_key" DisplayIcon)" "$2\\cert-assistant.exe,0" &&
    is "$(value "$1\\$uninstall_key" InstallLocation)" "$2" &&
    is "$(value "$1\\$uninstall_key" UninstallString)" "\"$2\\uninstall.exe\"" &&
    is "$(value "$1\\$uninstall_key" QuietUninstallString)" "\"$2\\uninstall.exe\" /S" &&
    is "$(value "$1\\$uninstall_key" NoModify)" 0x1 && is "$(value "$1\\$uninstall_key" NoRepair)" 0x1 &&
    [ -n "$(value "$1\\$uninstall_key" Publisher)" ] && [ -n "$(value "$1\\$uninstall_key" EstimatedSize)" ] &&
    is "$(value "$1\\$app_key")" "$2\\cert-assistant.exe" &&
    is "$(value "$1\\Software\\Classes\\cert-assistant\\shell\\open\\command")" "\"$2\\cert-assistant.exe\" --open \"%1\"" &&
    wine reg query "$1\\Software\\Classes\\cert-assistant" /v "URL Protocol" >/dev/null 2>&1
}
not_described() { # ROOT
  is "$(value "$1\\$key" InstallLocation)$(value "$1\\$uninstall_key" DisplayName)$(value "$1\\$app_key")$(value "$1\\Software\\Classes\\cert-assistant")" ""
}

by_hand_in_chinese() {
  listing > "$work/before"
  registry > "$work/registry-before"
  rm -f "$work/marks"
  start in_chinese env CERT_ASSISTANT_TIMELINE="Z:${work//\//\\}\\marks" wine "$setup"
  local setup_pid=$pid
  wait_window '证书助手'
  picture setup-language
  advance Return
  wait_window '证书助手 安装'
  picture setup-welcome
  advance alt+n
  picture setup-licence
  advance alt+i
  picture setup-for-whom
  advance alt+n
  picture setup-folder
  advance alt+n
  advance alt+s
  picture setup-options
  xdotool key alt+i
  wait_for "$patience" test -e "$desktop/证书助手.lnk"
  picture setup-finished
  holds "the folder has the program and nothing else" is "$(installed_files "$machine")" "$whole"
  holds "Windows knows the program, its links and how to remove it" described HKLM "$machine" "$version" 证书助手
  holds "nothing of it is under this person" not_described HKCU
  holds "the icon on the desktop starts it" is "$(target_of "$desktop/证书助手.lnk")" "$machine\\cert-assistant.exe"
  holds "so does the one in the menu" is "$(target_of "$menu/证书助手.lnk")" "$machine\\cert-assistant.exe"
  holds "it starts with Windows for this person, as ticked" is "$(value "HKCU\\$run_key" cert-assistant)" "\"$machine\\cert-assistant.exe\" --background"
  holds "presets have a folder that only administrators write" is "$(stat -c %a "$drive/ProgramData/cert-assistant" | cut -c2-)" 50
  holds "which the program may trust" is "$(value "HKLM\\$key" Presets)" 'C:\ProgramData\cert-assistant'
  xdotool key alt+f
  holds "the setup ends with 0" ended "$setup_pid"
  holds "it starts the program" wait_for "$patience" told first-frame
  wait_window '^证书助手$'
  picture no-reader
  close_program
  put "installed" "$(du -bc "$(unix "$machine")"/* | tail -n 1 | cut -f1) bytes"
}

# Asks the program to close, as the setup does.
close_program() {
  run wine "$machine\\cert-assistant.exe" --quit
  holds "the program closes when asked" is "$code" 0
  holds "its window is gone" wait_for "$patience" window_gone '^证书助手$'
}

practice() {
  start_program "$machine" --practice
  holds "the program starts" told first-frame
  put "start to the first picture" "$(awk '$3 == "first-frame" { print int($2 / 1000); exit }' "$work/marks") ms"
  wait_window '^证书助手'
  holds "it shows the keys of practice" wait_for "$patience" told card-complete
  picture practice-keys
  # where things are in a window of 960×640
  xdotool mousemove --window "$window" 104 121 click 1
  settle
  xdotool mousemove --window "$window" 304 521 click 1
  holds "a PIN can be changed" wait_for "$patience" told 'dialog open'
  picture practice-change-pin
  xdotool type --delay 40 123456
  xdotool key --delay 40 Tab Tab
  xdotool type --delay 40 Demo2026
  xdotool key --delay 40 Tab Tab
  xdotool type --delay 40 Demo2026
  picture practice-filled-in
  xdotool key Return
  holds "by keyboard, and the key has taken it" wait_for "$patience" told 'pin-changed true'
  picture practice-pin-changed
  run wine "$machine\\cert-assistant.exe" --quit
  holds "practice closes when asked" wait_for "$patience" gone "$program_pid"

  rm -f "$work/marks"
  start in_chinese env CERT_ASSISTANT_TIMELINE="Z:${work//\//\\}\\marks" wine start 'C:\users\Public\Desktop\证书助手.lnk'
  holds "a double click on the icon starts it" wait_for "$patience" told first-frame
  run wine "$machine\\cert-assistant.exe" --quit
}

mine() { (cd "$drive/users" && find . -path '*cert-assistant/config/*' -type f -o -path '*cert-assistant/data/orders/*' -type f | sort | xargs -d '\n' sha256sum); }

updates() {
  mkdir -p "$roaming/config" "$local/data/orders"
  printf '{"format":1,"theme":"dark"}' > "$roaming/config/settings.json"
  # of a later program: left alone by this one
  printf '{\n  "format": 99,\n  "finished": null\n}' > "$local/data/orders/00112233445566778899aabbccddeeff.json"
  printf '{\n  "format": 99,\n  "finished": 1795000000\n}' > "$local/data/orders/ffeeddccbbaa99887766554433221100.json"
  printf 'an administrator wrote this' > "$drive/ProgramData/cert-assistant/settings.json"
  mine > "$work/mine"

  start_program "$machine"
  wait_window '^证书助手$'
  start wine "$newer" /LANG=en
  local setup_pid=$pid
  wait_window 'Certificate Assistant Setup'
  picture update-welcome
  advance alt+n
  picture update-options
  advance alt+i
  picture update-close-program
  advance Escape
  holds "cancelling leaves the old program" old_is_there
  holds "and leaves it open" not gone "$program_pid"
  advance alt+i
  xdotool key Return
  holds "the running program was closed" wait_for "$patience" gone "$program_pid"
  wait_for "$patience" test -e "$desktop/Certificate Assistant.lnk"
  picture update-finished
  xdotool key alt+n
  xdotool key alt+f
  holds "the setup ends with 0" ended "$setup_pid"
  holds "the new program is there" new_is_there
  holds "under its new version" described HKLM "$machine" "$newer_version" 'Certificate Assistant'
  holds "the icon has the name of the new language only" test ! -e "$desktop/证书助手.lnk"
  mine > "$work/mine-now"
  holds "settings and orders are the same, byte for byte" cmp "$work/mine" "$work/mine-now"

  run wine "$setup" /S
  holds "an older setup refuses silently with 4" is "$code" 4
  holds "and changes nothing" new_is_there
  start wine "$setup"
  setup_pid=$pid
  wait_window 'Certificate Assistant'
  picture downgrade-question
  xdotool key Return
  code=0
  ended "$setup_pid" || code=$?
  holds "with a window it asks, and no is the answer at hand" is "$code" 4
  holds "nothing was changed" new_is_there
  run wine "$setup" /S /ALLOWDOWNGRADE /LANG=zh
  holds "with /ALLOWDOWNGRADE it goes back" is "$code" 0
  holds "to the old program" old_is_there

  start_program "$machine"
  run wine "$newer" /S
  put "update over the running program" "$took ms"
  holds "a silent update closes the program too" wait_for "$patience" gone "$program_pid"
  holds "and ends with 0" is "$code" 0
  holds "the new program is there" new_is_there
  holds "and no restart is waited for" nothing_waits
  holds "the folder has the program and nothing else" is "$(installed_files "$machine")" "$whole"

  mine > "$work/mine-now"
  holds "settings and orders are the same, byte for byte" cmp "$work/mine" "$work/mine-now"

  would_not_close
  of_another_person
  switches
}

start_stand_in() { # [PATH]
  rm -f "$drive/running"
  start wine "${1-$machine\\cert-assistant.exe}"
  wait_for "$patience" test -e "$drive/running"
  rm "$drive/running"
}

would_not_close() {
  run wine "$work/stand-in-setup.exe" /S /ALLOWDOWNGRADE
  touch "$drive/busy"
  start_stand_in
  local program=$pid setup_pid
  run wine "$work/stand-in-newer.exe" /S
  holds "in the middle of something: a silent setup ends with 3" is "$code" 3
  holds "and leaves it running" not gone "$program"
  holds "nothing was changed" is "$(value "HKLM\\$uninstall_key" DisplayVersion) $(installed_files "$machine")" "$version $whole"
  start wine "$work/stand-in-newer.exe"
  setup_pid=$pid
  wait_window '证书助手 安装'
  advance alt+n
  advance alt+i
  advance Return
  picture busy
  rm "$drive/busy"
  advance Return
  holds "retrying goes on once it is done" wait_for "$patience" gone "$program"
  settle
  xdotool key alt+r alt+f
  ended "$setup_pid" || true
  holds "the new version is there" is "$(value "HKLM\\$uninstall_key" DisplayVersion)" "$newer_version"
  run wine "$setup" /S /ALLOWDOWNGRADE
}

# What another person runs: nobody closes it, it runs on under another name.
of_another_person() {
  run wine "$work/stand-in-setup.exe" /S /ALLOWDOWNGRADE
  touch "$drive/other"
  start_stand_in
  local program=$pid
  # renames and removals that others wait for, in the forms of Windows 10 and 11
  put_renames '\??\C:\a' '' '*1\??\C:\b' '!\??\C:\c'
  run wine "$newer" /S
  holds "a program that another person runs does not hinder an update" is "$code" 0
  holds "Windows only waits for what others want and for the removal of the old one" is "$(renames)" \
    "\\??\\C:\\a,,*1\\??\\C:\\b,!\\??\\C:\\c,\\??\\$machine\\cert-assistant-old-1.exe,,"
  holds "the new program is there" new_is_there
  holds "the other runs on" not gone "$program"
  holds "beside the new one" is "$(sum "$(unix "$machine")/cert-assistant-old-1.exe")" "$(sum "$work/stand-in.exe")"
  kill "$program"
  wait_for "$patience" gone "$program"
  run wine "$newer" /S
  holds "the next setup sweeps it away" is "$(installed_files "$machine")" "$whole"
  rm "$drive/other"
  run wine "$setup" /S /ALLOWDOWNGRADE
}

switches() {
  run wine "$setup" /S /AllUsers /CurrentUser
  holds "two modes at once: 7" is "$code" 7
  run wine "$setup" /S /CurrentUser
  holds "for one person where it is for everybody: 7" is "$code" 7
  run wine "$setup" /S '/D=C:\elsewhere'
  holds "another folder than before: 7" is "$code" 7
  start wine "$setup"
  wait_window '证书助手 安装'
  run wine "$setup" /S
  holds "two setups at once: 8" is "$code" 8
  advance alt+c
  xdotool key alt+y
  code=0
  ended "$pid" || code=$?
  holds "cancelled: 1" is "$code" 1
  holds "nothing was changed" old_is_there
  quiet wine winecfg -v win7
  run wine "$setup" /S
  holds "Windows 7: 6" is "$code" 6
  quiet wine winecfg -v win10
}

removal() {
  start in_chinese wine "$machine\\uninstall.exe"
  wait_window '证书助手 卸载'
  advance alt+r
  picture remove-with-orders
  advance alt+u
  picture remove-orders-question
  xdotool key Escape
  advance alt+r
  xdotool key alt+u
  wait_for "$patience" test ! -e "$(unix "$machine")/uninstall.exe"
  picture removed
  xdotool key alt+f
  wait_for "$patience" window_gone '证书助手 卸载'
  wineserver -w
  mine > "$work/mine-now"
  holds "settings and orders stay" cmp "$work/mine" "$work/mine-now"
  holds "what an administrator put there stays" is "$(cat "$drive/ProgramData/cert-assistant/settings.json")" "an administrator wrote this"

  run wine "$setup" /S
  put "silent installation" "$took ms"
  holds "installed again it ends with 0" is "$code" 0
  mine > "$work/mine-now"
  holds "settings and orders are there again" cmp "$work/mine" "$work/mine-now"
  holds "so is what the administrator put there" test -e "$drive/ProgramData/cert-assistant/settings.json"
  holds "which the program may trust again" is "$(value "HKLM\\$key" Presets)" 'C:\ProgramData\cert-assistant'
  rm "$drive/ProgramData/cert-assistant/settings.json"
  local begun
  begun=$(now)
  uninstall "$machine"
  put "removal" "$(($(now) - begun)) ms"
  holds "nothing is left on the disk but what is the person's" left_only '/users/[^/]*/AppData/[^/]*/cert-assistant'
  registry > "$work/registry-after"
  holds "nothing in the registry" diff "$work/registry-before" "$work/registry-after"

  run wine "$setup" /S
  uninstall "$machine" /PURGE
  holds "/PURGE keeps only the orders" is "$(cd "$local/.." && find cert-assistant -type f -not -path '*/orders/*')" ""
  holds "and no settings" test ! -e "$roaming"
  holds "which are there" test -e "$local/data/orders/00112233445566778899aabbccddeeff.json"
  rm "$local/data/orders/00112233445566778899aabbccddeeff.json"
  run wine "$setup" /S
  uninstall "$machine" /PURGE
  holds "without such orders /PURGE leaves nothing at all" left_only '^$'
  # giving a folder to somebody else takes root
  [ "$(id -u)" != 0 ] || presets_of_anybody
}
# Everybody may make folders in %ProgramData%: what somebody who is no administrator put there is not taken for theirs.
presets_of_anybody() {
  local whose presets=$drive/ProgramData/cert-assistant
  for whose in "$presets" "$presets/settings.json"; do
    mkdir "$presets"
    printf '{}' > "$presets/settings.json"
    chown nobody "$whose"
    run wine "$setup" /S
    holds "presets that anybody put there before are moved aside" is "$code $(cd "$drive/ProgramData" && find cert-assistant* | tr '\n' ' ')" \
      "0 cert-assistant cert-assistant-untrusted-1 cert-assistant-untrusted-1/settings.json "
    rm -r "$presets-untrusted-1"
    uninstall "$machine"
  done
}
left_only() { # PATTERN of what may be there beyond what was
  listing > "$work/after"
  local more
  more=$(comm -13 "$work/before" "$work/after" | grep -v -E "$1" || true)
  [ -z "$more" ] || { printf '          left: %s\n' "$more"; return 1; }
  more=$(comm -23 "$work/before" "$work/after")
  [ -z "$more" ] || { printf '          gone: %s\n' "$more"; return 1; }
}

for_one_person() {
  run wine "$setup" /S /CurrentUser /AUTOSTART /NODESKTOP /LANG=zh
  holds "it ends with 0" is "$code" 0
  holds "the folder of this person has the program" is "$(installed_files "$person")" "$whole"
  holds "Windows knows it for this person" described HKCU "$person" "$version" 证书助手
  holds "and not for everybody" not_described HKLM
  holds "it starts with Windows" is "$(value "HKCU\\$run_key" cert-assistant)" "\"$person\\cert-assistant.exe\" --background"
  holds "no icon on the desktop, as wanted" is "$(find "$drive/users" -name '证书助手.lnk' -path '*Desktop*')" ""
  holds "one in the menu" is "$(target_of "$(find "$drive/users" -name '证书助手.lnk')")" "$person\\cert-assistant.exe"
  holds "no folder for presets" test ! -e "$drive/ProgramData/cert-assistant"
  run wine "$newer" /S
  holds "an update stays with this person" described HKCU "$person" "$newer_version" 证书助手
  holds "and brings back no icon" is "$(find "$drive/users" -name '证书助手.lnk' -path '*Desktop*')" ""
  run wine "$newer" /S /AllUsers
  holds "/AllUsers makes it everybody's" described HKLM "$machine" "$newer_version" 证书助手
  holds "and leaves no second program" test ! -e "$(unix "$person")"
  holds "nor what described it" not_described HKCU
  holds "it starts the one program with Windows" is "$(value "HKCU\\$run_key" cert-assistant)" "\"$machine\\cert-assistant.exe\" --background"
  uninstall "$machine" /PURGE
  run wine "$setup" /S /CurrentUser
  uninstall "$person" /PURGE
  holds "nothing is left on the disk" left_only '^$'
  registry > "$work/registry-after"
  holds "nor in the registry" diff "$work/registry-before" "$work/registry-after"
}
