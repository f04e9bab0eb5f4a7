# shellcheck shell=bash disable=SC2034,SC2154
# Windows for check.sh: a prefix of Wine of its own, a screen in memory, keyboard and pictures. Sourced after scripts/common.sh,
# with `work` (a folder that goes at the end) and `pictures` set.

wine_packages=(wine wine64 libwine locales fonts-wqy-microhei icoutils liblnk-utils nsis "${windows_packages[@]}" "${screen_packages[@]}" "${window_packages[@]}")

export WINEPREFIX=$work/prefix WINEARCH=win64 WINEDEBUG=-all
drive=$WINEPREFIX/drive_c

# A clean Windows 10 in Chinese, with a font that has all characters.
make_windows() {
  mkdir -p "$work/locale"
  localedef -i zh_CN -f UTF-8 "$work/locale/zh_CN.UTF-8"
  DISPLAY='' quiet wineboot -i
  local font name
  font="WenQuanYi Micro Hei"
  {
    printf 'REGEDIT4\n\n[HKEY_CURRENT_USER\\Software\\Wine\\Fonts\\Replacements]\n'
    for name in "Microsoft YaHei UI" "Segoe UI" Tahoma "MS Shell Dlg" "MS Shell Dlg 2" SimSun; do printf '"%s"="%s"\n' "$name" "$font"; done
  } > "$work/windows.reg"
  quiet wine regedit "$work/windows.reg"
  quiet wine winecfg -v win10
  x86_64-w64-mingw32-gcc -O2 -s -shared -o "$drive/windows/system32/bcryptprimitives.dll" \
    installer/windows/test/bcryptprimitives.c -ladvapi32
  wineserver -w
}
# A slow machine is no broken program: what comes at all comes within this many seconds.
patience=180
quiet() { timeout "$patience" "$@" >/dev/null 2>&1; }
in_chinese() { LOCPATH=$work/locale LC_ALL=zh_CN.UTF-8 "$@"; }

# The program as an installed one: its path on Windows as on this machine.
unix() { local path=${1//\\//}; echo "$drive/${path#C:/}"; }

# What there is, to compare: every file, and the registry without what Wine writes by itself.
listing() { (cd "$drive" && find . -path ./windows/temp -prune -o -path './users/*/Temp' -prune -o -printf '%y %p\n' | sort); }
registry() {
  quiet wine regedit /E "C:\\windows\\temp\\registry" && wineserver -w
  iconv -f utf-16 -t utf-8 "$drive/windows/temp/registry" | tr -d '\r' | python3 -c '
import re, sys
key = None
for line in re.sub(r"\\\n\s*", "", sys.stdin.read()).split("\n"):
    if line.startswith("["): key = line
    elif line and key: print(key, line)
    if line.startswith("["): print(line)' | grep -v -i -E 'MuiCache|\\Explorer\\(FileExts|UserAssist)|\\Wine[]\\]|DriverDate|1000\\Console[]]|HKEY_DYN_DATA|\\Volatile Environment|\\Hardware\\|\\VIDEO|\\Enum\\|\\DeviceClasses|\\Control\\Video|\\Time Zones?|ComputerName|\\Services\\Tcpip' | sort -u
  rm -f "$drive/windows/temp/registry"
}
value() { # KEY NAME – of the registry; nothing when there is none
  local which=(/ve)
  [ -z "${2-}" ] || which=(/v "$2")
  local answer
  # 1: there is none; anything else but an answer is Wine's own trouble, and asked again
  for _ in 1 2 3; do
    if answer=$(in_chinese timeout "$patience" wine reg query "$1" "${which[@]}" 2>/dev/null | iconv -f gb18030 -t utf-8 | tr -d '\r'); then
      [ -z "$answer" ] || break
    elif [ $? = 1 ]; then
      return 0
    fi
  done
  sed -n 's/^    .*    REG_[A-Z]*    //p' <<< "$answer"
}

# Starts something under Windows without waiting; its process id is in `pid`.
start() {
  "$@" >/dev/null 2>&1 &
  pid=$!
  started+=("$pid")
}
gone() { ! kill -0 "$1" 2>/dev/null; }
ended() { # PID – and how
  wait_for "$patience" gone "$1" || return 99
  wait "$1"
}

window_of() { xdotool search --onlyvisible --name "$1" 2>/dev/null | tail -n 1; }
window_there() { window=$(window_of "$1") && [ -n "$window" ]; }
window_gone() { [ -z "$(window_of "$1")" ]; }
wait_window() { # NAME – its number is in `window`, and it has the keyboard
  wait_for "$patience" window_there "$1" || { echo "no window $1" >&2; import -window root "$pictures/missing.png"; return 1; }
  xdotool windowfocus --sync "$window"
}
look() { import -window root "$1"; }
# a caret that blinks is no change
same() { [ "$(compare -metric AE "$1" "$2" null: 2>&1 | cut -d. -f1)" -lt 200 ]; }
look_again() { mv "$work/now.png" "$work/before.png"; look "$work/now.png"; same "$work/before.png" "$work/now.png"; }
settle() { look "$work/now.png"; wait_for "$patience" look_again; }
count=0
picture() { # NAME – of the window, and of what lies over it
  local X Y WIDTH HEIGHT part=()
  settle
  count=$((count + 1))
  if eval "$(xdotool getwindowgeometry --shell "$window" 2>/dev/null | grep -E '^(X|Y|WIDTH|HEIGHT)=[0-9]+$')" && [ -n "${WIDTH-}" ]; then
    part=(-crop "${WIDTH}x$HEIGHT+$X+$Y" +repage)
  fi
  convert "$work/now.png" "${part[@]}" "$pictures/$(printf '%02d' $count)-$1.png"
}
# Presses keys until the picture is another one.
changed() { look "$work/now.png"; ! same "$work/old.png" "$work/now.png"; }
advance() { # KEY…
  settle
  cp "$work/now.png" "$work/old.png"
  xdotool key --delay 30 "$@"
  wait_for "$patience" changed || { echo "nothing came of $*" >&2; return 1; }
}
