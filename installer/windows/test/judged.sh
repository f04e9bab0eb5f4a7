# shellcheck shell=bash disable=SC2154,SC2034
# The files, looked at by tools that are not ours. Sourced by check.sh.

version_texts() { wrestool -x --raw -t16 "$1" | iconv -f utf-16le -t utf-8 -c | tr '\0' '\n' | grep -a .; }
text_after() { version_texts "$1" | grep -a -A1 "$2\$" | tail -n 1; }
subsystem() { x86_64-w64-mingw32-objdump -p "$1" | sed -n 's/^Subsystem.*(\(.*\))$/\1/p'; }
# every library the program names is one of Windows
only_system_libraries() {
  local name found=0
  for name in $(x86_64-w64-mingw32-objdump -p "$1" | sed -n 's/^\tDLL Name: //p' | tr '[:upper:]' '[:lower:]' | sort -u); do
    case $name in api-ms-win-*) continue ;; esac
    [ -e "$drive/windows/system32/$name" ] || { echo "          $name is no library of Windows"; found=1; }
  done
  return $found
}
manifest() { wrestool -x --raw -t24 "$1" | grep -q -- "$2"; }
has_icon() { wrestool -l -t14 "$1" | grep -q group_icon; }
sizes_of_icon() { [ "$(wrestool -l -t3 "$1" | wc -l)" -ge 4 ]; }

judged() {
  local program
  run wine "$setup" /S /CurrentUser "/D=C:\\judged"
  program=$drive/judged/cert-assistant.exe
  cp "$program" "$work/program.exe"
  holds "the setup installs silently into a folder of choice" is "$code $(installed_files 'C:\judged')" "0 $whole"
  holds "the program has a window and no console" is "$(subsystem "$program")" "Windows GUI"
  holds "it is for 64-bit Windows" grep -q "x86-64" <<< "$(x86_64-w64-mingw32-objdump -f "$program")"
  holds "it needs nothing but Windows" only_system_libraries "$program"
  holds "it carries its icon in several sizes" sizes_of_icon "$program"
  holds "its version is $version" is "$(text_after "$program" ProductVersion)" "$version"
  holds "it asks for no rights" manifest "$program" asInvoker
  holds "it is sharp on every screen" manifest "$program" PerMonitorV2
  holds "it takes long paths" manifest "$program" longPathAware
  holds "the setup carries the icon" has_icon "$setup"
  holds "the setup names its version" is "$(text_after "$setup" ProductVersion)" "$version"
  holds "the setup takes the rights the person has" manifest "$setup" highestAvailable
  uninstall 'C:\judged'
}
