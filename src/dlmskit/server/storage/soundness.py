"""Whether the file of a meter is as it was left, and the last good copy of it, for when it is not.

SQLite sees a torn structure, not a flipped bit; so a digest of the file stands beside it from a proper close to the next start.
After a kill there is none, and the structure alone is looked at. The copy is made on close and at least once a day while the
meter runs; it takes the place of the one before in one step, and carries its own digest.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
from pathlib import Path

_DIGEST_OCTETS = 32


class Digest:
    """Of a file that nobody has open, kept beside it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._beside = file.with_name(f"{file.name}.sum")

    def matches(self) -> bool | None:
        """Whether the file is as it was left; None where it is not known how that was."""
        try:
            return self._beside.read_bytes() == _digest(self._file.read_bytes())
        except OSError:
            return None

    def forget(self) -> None:
        """The file is about to be changed. Raises OSError."""
        self._beside.unlink(missing_ok=True)
        _sync(self._beside.parent)

    def keep(self) -> None:
        """The file is closed and whole. Raises OSError."""
        _write(self._beside, _digest(self._file.read_bytes()))


class GoodCopy:
    """The last good copy of a file, beside it: the database, and behind it the digest of that."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._copy = file.with_name(f"{file.name}.good")

    def keep(self, connection: sqlite3.Connection) -> None:
        """Make a new one in the place of the old. Raises OSError or sqlite3.Error, and the old one is kept."""
        content = connection.serialize()
        _write(self._copy, content + _digest(content))

    @property
    def exists(self) -> bool:
        """Whether there is one, good or not."""
        return self._copy.exists()

    def take(self) -> Path | None:
        """Put the copy into the place of the file, which is set aside and kept; where it is now. None where no copy is good.

        Raises OSError.
        """
        try:
            octets = self._copy.read_bytes()
        except OSError:
            return None
        content, digest = octets[:-_DIGEST_OCTETS], octets[-_DIGEST_OCTETS:]
        if _digest(content) != digest:
            return None
        aside = _aside(self._file)
        os.link(self._file, aside)  # not moved: after a power cut there is either file, and never none
        for ending in ("-wal", ".sum"):
            beside = self._file.with_name(self._file.name + ending)
            if beside.exists():
                beside.replace(aside.with_name(aside.name + ending))
        _write(self._file, content)
        return aside


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=_DIGEST_OCTETS).digest()


def _write(file: Path, content: bytes) -> None:
    """Put a file into the place of another one in one step, on the disk."""
    fresh = file.with_name(f"{file.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(descriptor)
    fresh.replace(file)
    _sync(file.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _aside(file: Path) -> Path:
    number = 1
    while (aside := file.with_name(f"{file.name}.corrupt-{number}")).exists():
        number += 1
    return aside
