"""System titles: eight octets that name a DLMS client or server for the security layer.

The first three octets are the manufacturer's FLAG identifier; the rest is unique for that manufacturer.
"""

from __future__ import annotations

import re

from dlmskit.errors import ConfigError, DecodeError
from dlmskit.types._octets import FixedOctets

_HEX = re.compile(r"[0-9A-Fa-f]{16}")


class SystemTitle(FixedOctets):
    """A system title, made from eight octets or from sixteen hexadecimal digits (blanks, ``-`` and ``:`` between them allowed).

    Raises DecodeError for octets that are not eight, ConfigError for text that is not a system title.
    """

    __slots__ = ()

    def __init__(self, title: bytes | bytearray | memoryview | str | SystemTitle) -> None:
        if isinstance(title, bytes) and len(title) == 8:
            self._octets = title
        else:
            self._octets = _octets_of(title)

    @property
    def manufacturer(self) -> str | None:
        """The FLAG identifier, three capital letters such as ``KFM``; None where the octets are not letters."""
        flag = self._octets[:3]
        return flag.decode("ascii") if flag.isalpha() and flag.isupper() else None

    def __str__(self) -> str:
        return self._octets.hex().upper()

    def __repr__(self) -> str:
        return f"SystemTitle('{self}')"


def _octets_of(title: object) -> bytes:
    if isinstance(title, str):
        digits = re.sub(r"[ :-]", "", title)
        if not _HEX.fullmatch(digits):
            raise ConfigError(f"not a system title: {title[:40]!r}; write its 8 octets as 16 hexadecimal digits")
        return bytes.fromhex(digits)
    if isinstance(title, SystemTitle):
        return title.octets
    if not isinstance(title, bytes | bytearray | memoryview):
        raise ConfigError(f"a system title is text or eight octets, not {type(title).__name__}")
    octets = bytes(title)
    if len(octets) != 8:
        raise DecodeError(f"a system title has 8 octets, found {len(octets)}")
    return octets
