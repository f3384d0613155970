#!/usr/bin/env bash
# Installs what the tests of archives need: Debian's VictoriaMetrics, which speaks the write API of InfluxDB 2, and
# docker-compose, which reads compose.yaml as it is meant to be read (no engine is needed for that).
# Works again and again; does nothing that is done already.
set -euo pipefail

missing=()
command -v victoria-metrics >/dev/null || missing+=(victoria-metrics)
command -v docker-compose >/dev/null || missing+=(docker-compose)
[ ${#missing[@]} -gt 0 ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  apt-get update -qq
  # The package starts it as a service, which the tests do not want: policy-rc.d says no for the time of the installation.
  policy=/usr/sbin/policy-rc.d
  made=
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod +x "$policy"
    made=yes
  fi
  trap '[ -z "$made" ] || rm -f "$policy"' EXIT
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
else
  echo "please install: ${missing[*]} (Debian: sudo apt-get install ${missing[*]})" >&2
  exit 1
fi
