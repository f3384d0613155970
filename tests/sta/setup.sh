#!/usr/bin/env bash
# Installs clients that others wrote: of the SensorThings API (Fraunhofer IOSB), and the reader of Apache Arrow.
# Works again and again; does nothing that is done already.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
target="${1:-$here/../../target}"
venv="$target/sta/venv"
if ! cmp -s "$here/requirements.txt" "$target/sta/requirements.txt"; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
  cp "$here/requirements.txt" "$target/sta/requirements.txt"
fi
