#!/usr/bin/env bash
# Makes the secrets of compose.yaml: a random one for each file that is not there yet. The folder is for its owner alone;
# the files in it can be read by whoever a container runs as, because compose hands them over with their own modes.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p secrets
chmod 700 secrets
make() {
  [ -e "secrets/$1" ] && return
  (umask 022; printf '%s' "$2" >"secrets/$1")
  echo "made secrets/$1"
}
random() { head -c 32 /dev/urandom | base64 | tr -d '+/=\n'; }
make influxdb_username bongsu
make influxdb_password "$(random)"
make influxdb_token "$(random)"
make grafana_password "$(random)"
