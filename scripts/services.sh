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

# need COMMAND PACKAGE WHAT: a command that a Debian package brings.
need() {
  command -v "$1" >/dev/null 2>&1 && return
  say "Installing $2, $3"
  if ! command -v apt-get >/dev/null 2>&1 || ! as_root apt-get update -qq ||
    ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$2" >&2; then
    say "That did not work. Install it by hand (Debian, Ubuntu: apt-get install $2), then run make again."
    exit 1
  fi
}

need softhsm2-util softhsm2 "the software token that the tests use"
need chromium chromium "the browser that the tests look at web pages with"
need tshark tshark "the outside witness of frames, 6LoWPAN and CoAP, which runs our Wireshark dissector too"
