"""Whether a file of counters is the one that was written last, or an older copy that was put into its place: a restored backup.

Counters that go on from a backup would repeat numbers, and with them IVs. Two small files beside it tell a copy. One is never
written: the moment that it was made at, which no restoring brings back, is kept in the file of counters too. The other says
how often that file was written: less often than that is an older one put into its place, and not at all is one that was lost.
What this cannot see is a whole disk that was set back, everything alike: then say so, and leap.
"""

from __future__ import annotations

import os
from pathlib import Path

from dlmskit.errors import ConfigError

_DIGITS = 20


class Lineage:
    """Of one file, which keeps `home` and how often it was written; `mark` keeps the latter beside it too."""

    def __init__(self, file: Path) -> None:
        self._home = file.with_name(f"{file.name}.home")
        self._beside = file.with_name(f"{file.name}.mark")

    @property
    def home(self) -> str:
        """What the file must say of itself, to be no copy. Raises ConfigError where nothing can be kept beside it."""
        try:
            os.close(os.open(self._home, os.O_WRONLY | os.O_CREAT, 0o600))
            found = self._home.stat()
            return f"{found.st_ino}:{found.st_ctime_ns}"
        except OSError as error:
            raise ConfigError(f"{self._home} cannot be kept: {error.strerror}") from error

    @property
    def marked(self) -> int:
        """How often the file was written, as far as the mark knows; 0 without one."""
        try:
            return int(self._beside.read_bytes()[:_DIGITS])
        except (OSError, ValueError):
            return 0

    def is_broken(self, home: str | None, writes: int) -> bool:
        """Whether the file that says this of itself is not the one written last; ``home`` is None where it is new."""
        return self.marked > 0 if home is None else home != self.home or writes < self.marked

    def mark(self, writes: int) -> None:
        """Note, once it is on the disk, that the file was written so often. Raises ConfigError."""
        try:
            descriptor = os.open(self._beside, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.write(descriptor, f"{writes:0{_DIGITS}d}\n".encode())
            finally:
                os.close(descriptor)
        except OSError as error:
            raise ConfigError(f"the mark {self._beside} cannot be written: {error.strerror}") from error
