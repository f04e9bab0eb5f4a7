# shellcheck shell=bash disable=SC2154,SC2034
# What check.sh does with setups that are cut off, and with what Windows is to do at its next start. Sourced by it.

# A newer setup that stands still at a step, cut off there as by the power.
cut_at() { # STEP PROGRAM
  local stopped
  STOP_AT=$1 VERSION=$newer_version PROGRAM=$2 OUT=$work/stopping.exe quiet installer/windows/build.sh dev
  stopped=$drive/users/$(id -un)/AppData/Local/Temp/setup-stopped
  [ -d "$(dirname "$stopped")" ] || stopped=$drive/users/$(id -un)/Temp/setup-stopped
  rm -f "$stopped"
  start wine "$work/stopping.exe" /S
  wait_for "$patience" test -e "$stopped"
  kill -9 "$pid"
  wait "$pid" 2>/dev/null || true
}
put_right() {
  run wine "$newer" /S
  holds "the next setup ends with 0" is "$code" 0
  holds "and puts it right" new_is_there
  holds "with nothing else in the folder" is "$(installed_files "$machine")" "$whole"
  holds "and everything described" described HKLM "$machine" "$newer_version" "$(value "HKLM\\$uninstall_key" DisplayName)"
}

cuts() {
  local step
  for step in 1 2 4 5; do
    run wine "$setup" /S /ALLOWDOWNGRADE
    cut_at "$step" "$work/newer-program.exe"
    if [ "$step" -lt 3 ]; then
      holds "cut at step $step: the old program" old_is_there
    else
      holds "cut at step $step: the new program" new_is_there
    fi
    put_right
  done
  cuts_aside
  uninstall "$machine" /PURGE
  cut_of_a_person
}

# What Windows renames and removes at its next start, each name with a comma behind it; or puts such names there.
session='HKLM\System\CurrentControlSet\Control\Session Manager'
renames() {
  quiet wine reg export "$session" 'C:\windows\temp\renames' /y
  iconv -f utf-16 -t utf-8 "$drive/windows/temp/renames" | python3 -c '
import re, sys
found = re.search(r"\"PendingFileRenameOperations\"=hex\(7\):([0-9a-f,\\\s]*)", sys.stdin.read())
names = bytes.fromhex(re.sub(r"[^0-9a-f]", "", found[1])).decode("utf-16-le") if found else "\0"
assert names.endswith("\0")
print(names[:-1].replace("\0", ","))'
}
put_renames() { # NAME…
  {
    printf 'REGEDIT4\n\n[%s]\n"PendingFileRenameOperations"=hex(7):' "${session/HKLM/HKEY_LOCAL_MACHINE}"
    printf '%s\0' "$@" '' | od -An -v -tx1 | tr -s ' \n' , | sed 's/^,//; s/,$//'
  } > "$work/renames.reg"
  quiet wine regedit "$work/renames.reg"
}
# The power is gone and comes again.
start_again() {
  wineserver -k || true
  wineserver -w
  quiet wineboot
}
nothing_waits() { is "$(renames)$(value "HKCU\\${run_key}Once" '!cert-assistant')" ""; }

# Only what another person runs has to step aside: a stand-in for NAME.exe of the folder runs, and the setup is cut between the two
# renamings. `stand_in` is its process, `new` the sum of the file that waits.
cut_aside() { # FOLDER NAME
  local folder
  folder=$(unix "$1")
  cp "$work/stand-in.exe" "$folder/$2.exe"
  touch "$drive/other"
  start_stand_in "$1\\$2.exe"
  stand_in=$pid
  cut_at "3-$2" "$work/newer-program.exe"
  rm "$drive/other"
  new=$(sum "$folder/$2-whole.exe")
  holds "cut while $2.exe steps aside: the old one is whole" is "$(sum "$folder/$2-old-1.exe")" "$(sum "$work/stand-in.exe")"
  holds "and nothing has its name" test ! -e "$folder/$2.exe"
}
cuts_aside() {
  local name stand_in new folder
  folder=$(unix "$machine")
  for name in cert-assistant uninstall; do
    run wine "$setup" /S /ALLOWDOWNGRADE
    cut_aside "$machine" "$name"
    [ "$name" = uninstall ] || holds "the new program waits" is "$new" "$(sum "$work/newer-program.exe")"
    printf half > "$folder/$name-new.exe"
    start_again
    holds "the next start of Windows gives the new one its name" is "$(sum "$folder/$name.exe")" "$new"
    holds "and has no more to do" nothing_waits
    put_right

    run wine "$setup" /S /ALLOWDOWNGRADE
    cut_aside "$machine" "$name"
    cp "$work/stand-in.exe" "$folder/$name.exe"
    start_again
    holds "it does not go over one that is there" is "$(sum "$folder/$name.exe")" "$(sum "$work/stand-in.exe")"
    put_right

    run wine "$setup" /S /ALLOWDOWNGRADE
    cut_aside "$machine" "$name"
    kill "$stand_in"
    wait_for "$patience" gone "$stand_in"
    # as Windows 10 and 11 write it
    put_renames "\\??\\$machine\\$name-whole.exe" "\\??\\$machine\\$name.exe" "*1\\??\\$machine\\$name-whole.exe" "\\??\\$machine\\$name.exe"
    put_right
    holds "a setup before that start leaves it nothing to do" nothing_waits
  done
}
cut_of_a_person() {
  local stand_in new folder='C:\a & (b) ^ 100% c'
  # word by word: /D= takes no quotes
  run wine "$setup" /S /CurrentUser '/D=C:\a' '&' '(b)' '^' '100%' c
  cut_aside "$folder" cert-assistant
  holds "for one person RunOnce is to do it" is "$(value "HKCU\\${run_key}Once" '!cert-assistant')" \
    "C:\\windows\\system32\\cmd.exe /d /c ren \"$folder\\cert-assistant-whole.exe\" cert-assistant.exe"
  holds "and not Windows itself" is "$(renames)" ""
  # Wine only carries out the one for everybody
  quiet wine reg copy "HKCU\\${run_key}Once" "HKLM\\${run_key}Once" /f
  start_again
  holds "it gives the new program its name" is "$(sum "$(unix "$folder")/cert-assistant.exe")" "$(sum "$work/newer-program.exe")"

  cut_aside "$folder" cert-assistant
  kill "$stand_in"
  wait_for "$patience" gone "$stand_in"
  run wine "$newer" /S
  holds "a setup before that sign-in leaves it nothing to do" nothing_waits
  holds "and nothing else in the folder" is "$(installed_files "$folder")" "$whole"

  cp "$work/stand-in.exe" "$(unix "$folder")/cert-assistant.exe"
  touch "$drive/other"
  start_stand_in "$folder\\cert-assistant.exe"
  stand_in=$pid
  run wine "$newer" /S
  rm "$drive/other"
  holds "an update over a program that runs on leaves RunOnce nothing to do" is "$(value "HKCU\\${run_key}Once" '!cert-assistant')" ""
  kill "$stand_in"
  wait_for "$patience" gone "$stand_in"
  start_again
  uninstall "$folder" /PURGE
}
