#!/bin/sh
# Installs the Debian packages that the tests use as real parts, where they are missing. Used by the Makefile.
set -eu

say() { printf '%s\n' "$*" >&2; }

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo "$@"
  else
    return 1
  fi
}

# A token for the tests of PKCS#11.
if ! command -v softhsm2-util >/dev/null 2>&1; then
  say "Installing softhsm2, the software token that the tests use"
  if ! command -v apt-get >/dev/null 2>&1 || ! as_root apt-get update -qq || ! as_root apt-get install -y -qq softhsm2 >&2; then
    say "That did not work. Install SoftHSM 2 by hand (Debian, Ubuntu: apt-get install softhsm2), then run make again."
    exit 1
  fi
fi

# The outside witness of 6LoWPAN and CoAP.
if ! command -v tshark >/dev/null 2>&1; then
  say "Installing tshark, which reads in the tests what we send"
  export DEBIAN_FRONTEND=noninteractive
  if ! command -v apt-get >/dev/null 2>&1 || ! as_root apt-get update -qq || ! as_root apt-get install -y -qq tshark >&2; then
    say "That did not work. Install tshark by hand (Debian, Ubuntu: apt-get install tshark), then run make again."
    exit 1
  fi
fi
