"""A meter whose owner changes its unicast key again and again until it is killed: ``python -m ... FOLDER``, see test_key_crash.

Each line on standard output is the number of a change whose answer has left. The keys follow from their numbers.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

from dlmskit.security.keys import KeyRole, KeySet
from dlmskit.server import Database, Device
from tests.server.keyed import Owner, kek, meter, opens, with_keys

KEYS = KeySet.from_hex(guek="11" * 15 + "01", gak="22" * 15 + "02", kek="33" * 15 + "03")


def key_of(number: int) -> bytes:
    """The unicast key of change ``number``."""
    return hashlib.sha256(f"change {number}".encode()).digest()[:16]


def changed(number: int) -> KeySet:
    """The keys after change ``number``; 0 is before the first."""
    return with_keys(KEYS, {KeyRole.GUEK: key_of(number)}) if number else KEYS


def owned(folder: Path) -> Device:
    return meter(KEYS, Database(folder / "meter.sqlite"))


def main(folder: Path) -> None:
    """Change keys for ever, beginning with those that the meter has."""
    device = owned(folder)
    number = int((folder / "number").read_text()) if (folder / "number").exists() else 0
    while not opens(device, changed(number)):
        number += 1
    print(number, flush=True)
    while True:
        last = device.last_counter(changed(number))
        owner = Owner(device, changed(number)).at(last + 1).open()
        assert owner.transfer({KeyRole.GUEK: key_of(number + 1)}, kek(KEYS)) == 0
        owner.lose()
        number += 1
        print(number, flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
