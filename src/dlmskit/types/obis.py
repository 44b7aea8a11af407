"""OBIS codes: the logical names of COSEM objects, six octets A to F (IEC 62056-6-1; reduced forms of IEC 62056-21).

What a code means is not known here; see `dlmskit.cosem.catalog`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from dlmskit.errors import ConfigError, DecodeError
from dlmskit.types._octets import FixedOctets

_DOTTED = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})")
_REDUCED = re.compile(
    r"(?:([0-9]{1,3})-)?(?:([0-9]{1,3}):)?([0-9]{1,3}|[CFLP])\.([0-9]{1,3}|F)(?:\.([0-9]{1,3}))?(?:[*&]([0-9]{1,3}))?"
)
_HEX = re.compile(r"[0-9A-Fa-f]{12}")
_LETTERS = {"C": 96, "F": 97, "L": 98, "P": 99}
_DEFAULTS = ("1", "0", "", "", "255", "255")
"""Value groups left out of a reduced form; C and D are never left out."""


class Obis(FixedOctets):
    """The logical name of a COSEM object.

    Made from six octets or from text: ``1.0.1.8.0.255``, ``1-0:1.8.0*255`` (``&`` for ``*`` is read too), or twelve
    hexadecimal digits. Frozen, hashable, ordered by value groups.

    Raises DecodeError for octets that are not six, ConfigError for text that is not a code.
    """

    __slots__ = ()

    def __init__(self, code: bytes | bytearray | memoryview | str | Obis) -> None:
        if isinstance(code, bytes) and len(code) == 6:
            self._octets = code
        else:
            self._octets = _octets_of(code)

    @classmethod
    def parse(cls, text: str) -> Obis:
        """Read a complete code from text; ConfigError when it is not one."""
        return cls(_octets_of_text(text))

    @classmethod
    def parse_reduced(cls, text: str) -> Obis:
        """Read ``[A-][B:]C.D[.E][*F]``, complete codes included.

        A group left out is A = 1 (electricity), B = 0, E = 255, F = 255; C may be one of the letters C, F, L, P for 96 to 99,
        and ``F.F`` is the error code of IEC 62056-21 readouts. ConfigError when the text is none of these.
        """
        match = _REDUCED.fullmatch(text.strip())
        if match is None:
            return cls.parse(text)
        return cls(_packed([group or default for group, default in zip(match.groups(), _DEFAULTS, strict=True)], text))

    @property
    def a(self) -> int:
        """Medium: 0 abstract, 1 electricity, 7 gas, 8 cold water ..."""
        return self._octets[0]

    @property
    def b(self) -> int:
        """Channel; 0 where there is only one."""
        return self._octets[1]

    @property
    def c(self) -> int:
        """Physical quantity, or the subject of an abstract object."""
        return self._octets[2]

    @property
    def d(self) -> int:
        """How the quantity is processed: instantaneous, time integral, maximum ..."""
        return self._octets[3]

    @property
    def e(self) -> int:
        """Tariff rate, harmonic, or the number of an instance."""
        return self._octets[4]

    @property
    def f(self) -> int:
        """Billing period; 255 for the current value."""
        return self._octets[5]

    @property
    def reduced(self) -> str:
        """The form of readouts and displays, ``1-0:1.8.0``; F only where it is not 255. `parse_reduced` reads it back."""
        a, b, c, d, e, f = self._octets
        return f"{a}-{b}:{c}.{d}.{e}" if f == 255 else f"{a}-{b}:{c}.{d}.{e}*{f}"

    def __str__(self) -> str:
        return ".".join(map(str, self._octets))

    def __repr__(self) -> str:
        return f"Obis('{self}')"


def _octets_of(code: object) -> bytes:
    if isinstance(code, str):
        return _octets_of_text(code)
    if isinstance(code, Obis):
        return code.octets
    if not isinstance(code, bytes | bytearray | memoryview):
        raise ConfigError(f"an OBIS code is text or six octets, not {type(code).__name__}")
    octets = bytes(code)
    if len(octets) != 6:
        raise DecodeError(f"an OBIS code has 6 octets, found {len(octets)}")
    return octets


def _octets_of_text(text: str) -> bytes:
    stripped = text.strip()
    if _HEX.fullmatch(stripped):
        return bytes.fromhex(stripped)
    match = _DOTTED.fullmatch(stripped) or _REDUCED.fullmatch(stripped)
    if match is None or None in match.groups():
        shown = stripped if len(stripped) <= 40 else stripped[:37] + "..."
        raise ConfigError(f"not an OBIS code: {shown!r}; write it as 1.0.1.8.0.255 or 1-0:1.8.0*255")
    return _packed(match.groups(), stripped)


def _packed(groups: Iterable[str], text: str) -> bytes:
    numbers = [_LETTERS.get(group) or int(group) for group in groups]
    if max(numbers) > 255:
        raise ConfigError(f"not an OBIS code: {text!r}; each value group is 0 to 255")
    return bytes(numbers)
