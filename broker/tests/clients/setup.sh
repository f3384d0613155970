#!/usr/bin/env bash
# Installs what tests of MQTT need of others: the clients that tests/clients.rs drives (mosquitto-clients, paho-mqtt,
# mqtt.js), and a broker (mosquitto).
# Works again and again; does nothing that is done already.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
target="${1:-$here/../../../target}"

missing=()
command -v mosquitto_pub >/dev/null || missing+=(mosquitto-clients)
PATH="$PATH:/usr/sbin" command -v mosquitto >/dev/null || missing+=(mosquitto)
command -v python3 >/dev/null || missing+=(python3 python3-venv)
command -v npm >/dev/null || missing+=(nodejs npm)
if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
  else
    echo "please install: ${missing[*]} (Debian: sudo apt-get install ${missing[*]})" >&2
    exit 1
  fi
fi

venv="$target/clients/venv"
if ! "$venv/bin/python" -c 'import paho.mqtt' 2>/dev/null; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
fi

if ! cmp -s "$here/mqttjs/package-lock.json" "$target/clients/mqttjs/package-lock.json"; then
  mkdir -p "$target/clients/mqttjs"
  cp "$here/mqttjs/package.json" "$here/mqttjs/package-lock.json" "$target/clients/mqttjs/"
  (cd "$target/clients/mqttjs" && npm ci --silent --no-audit --no-fund) || {
    rm -f "$target/clients/mqttjs/package-lock.json"
    exit 1
  }
fi
