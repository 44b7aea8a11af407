#!/bin/sh
# Makes the virtual environment $1 with Python 3.11 or later and puts uv, version $2, into it.
# Used by the Makefile. Set PYTHON to choose the interpreter.
set -eu

venv=$1
uv_version=$2

say() { printf '%s\n' "$*" >&2; }

suits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
  for candidate in ${PYTHON:-python3.13 python3.12 python3.11 python3}; do
    if command -v "$candidate" >/dev/null 2>&1 && suits "$candidate"; then
      printf '%s\n' "$candidate"
      return
    fi
  done
  say "dlmskit needs Python 3.11 or later, and none was found. On Debian 12: apt-get install python3 python3-venv"
  say "With Python elsewhere, name it: make PYTHON=/path/to/python3.11 setup"
  return 1
}

as_root() {
  if [ "$(id -u)" -eq 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo "$@"
  else
    return 1
  fi
}

# Debian ships `venv` without the part that installs pip; the package with it is named after the interpreter.
install_venv_module() {
  version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
  say "This Python cannot make virtual environments yet: installing python$version-venv"
  if command -v apt-get >/dev/null 2>&1 &&
    as_root apt-get update -qq && as_root apt-get install -y -qq "python$version-venv" >&2; then
    return
  fi
  say "That did not work. Install python3-venv (Debian, Ubuntu) by hand, then run make again."
  return 1
}

if ! suits "$venv/bin/python"; then
  python=$(find_python)
  "$python" -c 'import ensurepip, venv' 2>/dev/null || install_venv_module "$python"
  say "Making $venv with $("$python" --version)"
  "$python" -m venv --clear "$venv"
fi

if [ "$("$venv/bin/uv" --version 2>/dev/null | cut -d' ' -f2)" != "$uv_version" ]; then
  "$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$venv/bin/python" -m ensurepip >/dev/null
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check "uv==$uv_version"
fi
