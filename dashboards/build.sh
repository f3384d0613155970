#!/usr/bin/env bash
# Builds the operators' console into dashboards/dist, where cargo finds it. Works again and again; installs packages only
# when the lock file has changed.
set -euo pipefail
cd "$(dirname "$0")"
installed=node_modules/.installed-lock.json
if ! cmp -s package-lock.json "$installed"; then
  npm ci --silent --no-audit --no-fund
  cp package-lock.json "$installed"
fi
npm run --silent check
npm run --silent build
