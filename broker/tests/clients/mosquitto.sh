#!/usr/bin/env bash
# mosquitto_pub and mosquitto_sub against the door: mosquitto.sh HOST PORT. Prints each scenario; fails with the first.
set -euo pipefail
host=$1 port=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
pub() { mosquitto_pub -h "$host" -p "$port" "$@"; }
sub() { stdbuf -oL timeout 15 mosquitto_sub -h "$host" -p "$port" "$@"; }
is() { [ "$1" = "$2" ] || { echo "got '$1', expected '$2'" >&2; exit 1; }; }
# Waits until a background subscriber has written that its subscription stands (-d).
stands() { for _ in $(seq 200); do grep -q 'Subscribed' "$1" && return; sleep 0.05; done; echo "no SUBACK in $1" >&2; exit 1; }
# Empties what an earlier subscriber wrote, which would be taken for the word of the next one, whose shell may open it late.
fresh() { for file in "$@"; do : > "$work/$file"; done; }
said() { grep -v -e '^Client' -e '^Subscribed' "$1"; }

for v in mqttv311 mqttv5; do
  for qos in 0 1 2; do
    echo "mosquitto qos $qos $v"
    fresh out
    sub -V $v -i "s$qos" -q $qos -t "m/$v/$qos/+" -C 3 -d > "$work/out" & pid=$!
    stands "$work/out"
    for n in 1 2 3; do pub -V $v -q $qos -t "m/$v/$qos/$n" -m "é$n"; done
    wait $pid
    is "$(said "$work/out" | tr '\n' ' ')" "é1 é2 é3 "
  done

  echo "mosquitto retained $v"
  pub -V $v -r -q 1 -t "r/$v" -m kept
  is "$(sub -V $v -t "r/$v" -C 1)" kept
  pub -V $v -r -n -q 1 -t "r/$v"
  is "$(timeout 1 mosquitto_sub -h "$host" -p "$port" -V $v -t "r/$v" -C 1 || true)" ""

  echo "mosquitto will $v"
  fresh out dying
  sub -V $v -q 1 -t "w/$v" -C 1 -d > "$work/out" & pid=$!
  stands "$work/out"
  stdbuf -oL mosquitto_sub -h "$host" -p "$port" -V $v -i dying -t none -d --will-topic "w/$v" --will-payload gone --will-qos 1 > "$work/dying" & dying=$!
  stands "$work/dying"
  kill -9 $dying
  wait $pid
  is "$(said "$work/out")" gone

  echo "mosquitto persistent session $v"
  keep=(-c); [ $v = mqttv5 ] && keep=(-c -x 600)
  sub -V $v "${keep[@]}" -i keeper -q 2 -t "p/$v/#" -E
  for n in 1 2 3; do pub -V $v -q 2 -t "p/$v/$n" -m "$n"; done
  is "$(sub -V $v "${keep[@]}" -i keeper -q 2 -t "p/$v/#" -C 3 | tr '\n' ' ')" "1 2 3 "

  echo "mosquitto shared subscription $v"
  fresh m1 m2
  for m in 1 2; do sub -V $v -i "m$m" -q 1 -t "\$share/g/s/$v" -C 2 -d > "$work/m$m" & pids[m]=$!; done
  stands "$work/m1"; stands "$work/m2"
  for n in 1 2 3 4; do pub -V $v -q 1 -t "s/$v" -m "$n"; done
  wait "${pids[1]}" "${pids[2]}"
  is "$(cat "$work/m1" "$work/m2" | grep -v -e '^Client' -e '^Subscribed' | sort | tr '\n' ' ')" "1 2 3 4 "
done

echo "mosquitto \$SYS"
sub -t '$SYS/broker/version' -C 1 | grep -q bongsu
sub -t '$SYS/broker/clients/connected' -C 1 | grep -q '^[0-9]'
