#!/usr/bin/env bash
# Measures the program that people get (release build) on a screen in memory, with virtual keys in a reader service of its
# own, and prints one table. Takes about three minutes after the build. Numbers are worth something on a quiet machine only.
#   BENCH_RUNS=10 starts and insertions, BENCH_IDLE=60 seconds of idling
set -euo pipefail
cd "$(dirname "$0")"
. scripts/common.sh

runs=${BENCH_RUNS:-10}
idle=${BENCH_IDLE:-60}
readers=16
program=$released/cert-assistant
maker=$released/virtual-key

need_packages "${window_packages[@]}" "${screen_packages[@]}" "${accessibility_packages[@]}" "${reader_packages[@]}"
build_released cert-assistant virtual-key

work=$(mktemp -d)
cleanup() { end_started; rm -rf "$work"; }
trap cleanup EXIT
export XDG_CONFIG_HOME=$work XDG_DATA_HOME=$work/data XDG_CACHE_HOME=$work/cache XDG_RUNTIME_DIR=$work/run PCSCLITE_CSOCK_NAME=$work/pcscd.comm
mkdir -m 700 "$XDG_RUNTIME_DIR"
marks=$work/marks

rows=()
row() { # WHAT TARGET MEASURED
  rows+=("| $1 | $2 | $3 |")
  printf '  %s: %s\n' "$1" "$3" >&2
}

# --- the desk: a screen, a reader service with 16 readers, 16 keys -----------------------------------------------------

first_port() { # a range of free ports for the virtual readers
  local port
  for ((port = 10000 + RANDOM % 400 * 40; ; port += 40)); do
    ss -ltnH 2>/dev/null | awk -v from=$port -v to=$((port + readers)) \
      '{ sub(/.*:/, "", $4); if ($4 >= from && $4 < to) taken = 1 } END { exit taken }' && break
  done
  echo $port
}

start_service() {
  local entry driver port=$1
  mkdir "$work/readers"
  for ((entry = 10; entry < 10 + readers / 2; entry++, port += 2)); do
    # the driver keeps its state by slot: every pair of readers needs a copy of its own
    driver=$work/driver$entry.so
    cp /usr/lib/pcsc/drivers/serial/libifdvpcd.so "$driver"
    printf 'FRIENDLYNAME "Desk %d"\nDEVICENAME /dev/null:%d\nLIBPATH %s\nCHANNELID %d\n' \
      $entry "$port" "$driver" "$port" > "$work/readers/desk$entry"
  done
  python3 crates/testkit/socket_activation.py "$PCSCLITE_CSOCK_NAME" pcscd -f -i -c "$work/readers" \
    > "$work/service" 2> "$work/service.log" &
  started+=($!)
  wait_for 10 grep -q listening "$work/service"
}

# A message bus with a tray, as a desktop has them.
start_desktop() {
  dbus-daemon --session --nofork --print-address=3 3> "$work/bus" 2> "$work/bus.log" &
  started+=($!)
  wait_for 10 test -s "$work/bus"
  DBUS_SESSION_BUS_ADDRESS=$(cat "$work/bus")
  export DBUS_SESSION_BUS_ADDRESS
  mkfifo "$work/tray-orders"
  /usr/bin/python3 tests/everyday/tray.py < "$work/tray-orders" > "$work/tray" 2> "$work/tray.log" &
  started+=($!)
  exec {tray_orders}> "$work/tray-orders"
  wait_for 10 grep -q ready "$work/tray"
}

# A key on a reader's port, commanded through a pipe: unplug, plug.
key_commands=()
put_key() { # NUMBER
  mkfifo "$work/commands$1"
  "$maker" run "$work/key$1" --vpcd $((port + $1)) --log < "$work/commands$1" > "$work/log$1" 2>&1 &
  started+=($!)
  exec {key_commands["$1"]}> "$work/commands$1"
  wait_for 10 grep -q connected "$work/log$1"
}
tell_key() { echo "$2" >&"${key_commands[$1]}"; }

# --- the program ------------------------------------------------------------------------------------------------------

now_us() { echo "${EPOCHREALTIME/./}"; }

start_program() { # sets pid and began, waits for the first frame
  : > "$marks"
  began=$(now_us)
  CERT_ASSISTANT_TIMELINE=$marks "$program" 2> "$work/program.log" &
  pid=$!
  wait_for 20 grep -q ' first-frame' "$marks" || { cat "$work/program.log"; exit 1; }
}
stop_program() {
  kill "$pid"
  wait "$pid" 2>/dev/null || true
}

count_marks() { grep -c " $1 " "$marks" || true; }
marked() { [ "$(count_marks "$1")" -ge "$2" ]; } # NAME TIMES
# processor time of all threads in milliseconds
cpu_ms() { awk '{ sum += $1 } END { printf "%.1f", sum / 1e6 }' /proc/"$pid"/task/*/schedstat; }
wakeups() { awk '/^voluntary_ctxt_switches/ { sum += $2 } END { print sum }' /proc/"$pid"/task/*/status; }
private_mb() { awk '/^RssAnon/ { printf "%.1f", $2 / 1024 }' /proc/"$pid"/status; }
# median and greatest of the numbers on standard input, divided by $1
middle_and_most() {
  sort -n | awk -v by="$1" -v form="$2" '{ value[NR] = $1 / by } END { printf form, value[int((NR + 1) / 2)], value[NR] }'
}
# longest frame in milliseconds, without the first one, which makes the fonts
longest_frame() { awk '$3 == "frame-us" && n++ && $4 > most { most = $4 } END { printf "%.1f", most / 1000 }' "$marks"; }

# --- measuring --------------------------------------------------------------------------------------------------------

start_screen "$work" 960x640
start_desktop
port=$(first_port)
start_service "$port"
for ((key = 0; key < readers; key++)); do
  "$maker" new --out "$work/key$key" --ca "$work/ca" --serial $((10200000016873 + key)) \
    --owner "北京演示科技有限公司$key" > /dev/null
done

start_program && sleep 1 && stop_program # warm
for ((run = 0; run < runs; run++)); do
  start_program
  cpu_ms >> "$work/cpu" && echo >> "$work/cpu"
  awk -v began="$began" '$3 == "first-frame" { print $1 - began }' "$marks" >> "$work/wall"
  stop_program
done
row "start → first frame, warm (median, worst of $runs)" "≤ 0.15 s" "$(middle_and_most 1e6 '%.3f s, %.3f s' < "$work/wall")"
row "processor time for it" "≤ 0.10 s" "$(middle_and_most 1e3 '%.3f s, %.3f s' < "$work/cpu")"

put_key 0
start_program
wait_for 10 marked card-complete 1
wait_for 10 marked tray 1
sleep 3
row "private memory, Chinese window with one key" "≤ 35 MB" "$(private_mb) MB"
before_cpu=$(cpu_ms) before_wakeups=$(wakeups)
sleep "$idle"
row "idle, $idle s: processor" "0.0 %" \
  "$(awk -v a="$before_cpu" -v b="$(cpu_ms)" -v s="$idle" 'BEGIN { printf "%.3f %%", (b - a) / s / 10 }')"
row "idle, $idle s: wake-ups" "0 /s" \
  "$(awk -v a="$before_wakeups" -v b="$(wakeups)" -v s="$idle" 'BEGIN { printf "%.2f /s", (b - a) / s }')"

: > "$marks"
for ((run = 1; run <= runs; run++)); do
  tell_key 0 unplug
  wait_for 10 marked removed $run
  tell_key 0 plug
  wait_for 10 marked card-complete $run
  sleep 0.3
done
# from the event of the service to the end of the first frame that shows the whole card
awk '$3 == "inserted" { at = $1 } $3 == "card-complete" { waiting = 1 }
  $3 == "frame-us" && waiting { print $1 - at; waiting = 0 }' "$marks" > "$work/event"
row "card event → card complete on the window (median, worst of $runs)" "≤ 60 ms" \
  "$(middle_and_most 1e3 '%.1f ms, %.1f ms' < "$work/event")"
row "longest frame while keys come and go" "≤ 16 ms" "$(longest_frame) ms"
stop_program

for ((key = 1; key < readers; key++)); do put_key $key; done
start_program
wait_for 20 marked card-complete $readers
sleep 1
row "$readers keys in: start → all complete" "≤ 1 s" \
  "$(awk -v began="$began" '$3 == "card-complete" { last = $1 } END { printf "%.3f s", (last - began) / 1e6 }' "$marks")"
row "longest frame with $readers keys" "≤ 16 ms" "$(longest_frame) ms"
row "private memory with $readers keys" "–" "$(private_mb) MB"
stop_program

began=$(now_us)
"$program" check > "$work/check" || [ $? -eq 11 ]
row "environment check with $readers keys, all lines" "≤ 10 s" "$(awk -v a="$began" -v b="$(now_us)" 'BEGIN { printf "%.2f s", (b - a) / 1e6 }')"

row "program file" "≤ 20 MB" "$(awk -v bytes="$(stat -c %s "$program")" 'BEGIN { printf "%.1f MB", bytes / 1e6 }')"

# --- commands on the wire, counted by the key --------------------------------------------------------------------------

commands() { grep -c '^apdu' "$work/log0" || true; }               # so far
continued() { grep -c '^apdu.*-> 6A9E' "$work/log0" || true; } # of them answered with "more to come"
in_run() { # sets sent and pieces for one run of the command line
  local commands_before continued_before
  commands_before=$(commands) continued_before=$(continued)
  "$program" "$@" > "$work/output"
  sent=$(($(commands) - commands_before)) pieces=$(($(continued) - continued_before))
}
for ((key = 1; key < readers; key++)); do tell_key $key unplug; done
in_run list
reading=$sent
row "APDUs to read a key with two certificates" "≤ 12 + 1 for each continued answer" "$((sent - pieces)) + $pieces"
in_run change-pin 10200000016873 --pin-fd 3 3< <(printf '123456\nBench2026\n')
row "APDUs to change the PIN" "≤ 6" "$((sent - reading))"

printf '\n%s, %s\n\n| what | target | measured |\n|---|---|---|\n' "$(date +%F)" \
  "$(awk -F': ' '/^model name/ { print $2; exit }' /proc/cpuinfo), $(nproc) cores, software rendering"
printf '%s\n' "${rows[@]}"
