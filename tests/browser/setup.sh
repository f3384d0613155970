#!/usr/bin/env bash
# Installs what the browser tests drive: Debian's Chromium, a Korean font, Playwright's protocol library (without its own
# browsers) and axe-core. Works again and again; does nothing that is done already.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
target="${1:-$here/../../target}"

missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v npm >/dev/null || missing+=(nodejs npm)
fc-list :lang=ko 2>/dev/null | grep -q . || missing+=(fontconfig fonts-noto-cjk)
if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
  else
    echo "please install: ${missing[*]} (Debian: sudo apt-get install ${missing[*]})" >&2
    exit 1
  fi
fi

home="$target/clients/browser"
if ! cmp -s "$here/package-lock.json" "$home/package-lock.json"; then
  mkdir -p "$home"
  cp "$here/package.json" "$here/package-lock.json" "$home/"
  (cd "$home" && npm ci --silent --no-audit --no-fund) || {
    rm -f "$home/package-lock.json"
    exit 1
  }
fi
