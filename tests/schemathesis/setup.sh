#!/usr/bin/env bash
# Installs Schemathesis, which asks the operators' API everything its description allows, and more. Works again and
# again; does nothing that is done already.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
venv="${1:-$here/../../target}/clients/schemathesis"
if ! "$venv/bin/st" --version >/dev/null 2>&1; then
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$here/requirements.txt"
fi
