#!/usr/bin/env bash
# scripts/need.sh TOOL...: makes sure that tools are there. What Debian has is installed when we are root, or with sudo
# after a person said yes; everything else is named with the way to get it. Knows: cargo cc make python3 node mosquitto cargo-fuzz.
set -euo pipefail

# The `rust-version` of Cargo.toml is the one place that says which Rust is new enough.
wanted_rust=$(sed -n 's/^rust-version = "\(.*\)"/\1/p' "$(dirname "$0")/../Cargo.toml")
packages=()
missing=0

say() { printf '%s\n' "$*" >&2; }

need_cargo() {
  if ! command -v cargo >/dev/null; then
    say "cargo is missing: install Rust $wanted_rust or newer from https://rustup.rs"
    missing=1
    return
  fi
  local found
  found=$(cargo --version | cut -d ' ' -f 2)
  if [ "$(printf '%s\n%s\n' "$wanted_rust" "$found" | sort -V | head -n 1)" != "$wanted_rust" ]; then
    say "Rust $found is too old: \`rustup update\` brings $wanted_rust or newer"
    missing=1
  fi
}

need_cargo_fuzz() {
  if ! cargo +nightly --version >/dev/null 2>&1; then
    say "a nightly compiler is missing: \`rustup toolchain install nightly\`"
    missing=1
  fi
  if ! command -v cargo-fuzz >/dev/null; then
    say "cargo-fuzz is missing: \`cargo install cargo-fuzz\`"
    missing=1
  fi
}

need_debian() {
  command -v "$1" >/dev/null && return
  shift
  packages+=("$@")
}

for tool in "$@"; do
  case "$tool" in
    cargo) need_cargo ;;
    cc) need_debian cc gcc libc6-dev ;; # links, and builds the SQLite that is part of the program
    make) need_debian make make ;;
    python3) need_debian python3 python3 ;;
    node) need_debian node nodejs npm ;;
    cargo-fuzz) need_cargo_fuzz ;;
    # Debian puts it where only root looks.
    mosquitto) PATH="$PATH:/usr/sbin" need_debian mosquitto mosquitto ;;
    *) say "need.sh does not know $tool"; exit 2 ;;
  esac
done

if [ "${#packages[@]}" -gt 0 ]; then
  install=(apt-get install --yes --no-install-recommends "${packages[@]}")
  if ! command -v apt-get >/dev/null; then
    say "missing: ${packages[*]} (the names in Debian): install them with your system's package manager"
    missing=1
  elif [ "$(id -u)" -eq 0 ]; then
    say "installing ${packages[*]}"
    apt-get update -q && "${install[@]}"
  elif [ -t 0 ] && command -v sudo >/dev/null; then
    read -r -p "missing: ${packages[*]}. Install them with sudo apt-get? [y/N] " answer
    case "$answer" in
      [yY]*) sudo apt-get update -q && sudo "${install[@]}" ;;
      *) missing=1 ;;
    esac
  else
    say "missing: run \`sudo ${install[*]}\`"
    missing=1
  fi
fi

exit "$missing"
