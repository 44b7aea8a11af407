"""What two ends of V.44 must agree on, and what each may choose: the numbers N and C of the recommendation by their meaning.

The defaults of the decoder restore what every known encoder makes. Those of the encoder make only streams that do not depend on
unconfirmed numbers. A device profile names other ones where its meters need them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dlmskit.errors import ConfigError

FIRST_CODEWORD = 4  # N5, below it are the control codes
FIRST_CODEWORD_BITS = 6  # C2 at the start
MOST_ORDINAL_BITS = 8

FLUSH, STEPUP, REINIT = 1, 2, 3  # control codes; 0, transparent mode, does not exist in the packet method


class WhenFull(StrEnum):
    """What an encoder does when its codewords or its history are used up."""

    SEND_PLAIN = "send-plain"
    """It gives up, and the APDU goes uncompressed: the peer's way of doing it is not known."""
    FREEZE = "freeze"
    """It makes no more strings, as the two known packet implementations do."""
    REINIT = "reinit"
    """It starts afresh, as the two known stream implementations do."""


@dataclass(frozen=True, slots=True)
class DecoderSettings:
    """How streams of a peer are read. `codewords` may be larger than the peer's; the other numbers must be the same."""

    codewords: int = 65535
    """N2: codewords, the four control codes included."""
    string_octets: int = 255
    """N7: longest string."""
    ordinal_bits: int = 7
    """C5 at the start, 7 or 8: size of an octet that is sent as itself."""
    require_flush: bool = True
    """Whether a stream without FLUSH at its end is an error."""
    ignore_after_flush: bool = False
    """Whether octets and padding bits after FLUSH are left unread; otherwise they are an error. They are never data."""

    def __post_init__(self) -> None:
        _check(self.codewords, self.string_octets, self.ordinal_bits)


@dataclass(frozen=True, slots=True)
class EncoderSettings:
    """How streams for a peer are made."""

    codewords: int = 1024
    """N2: codewords, the four control codes included."""
    string_octets: int = 255
    """N7: longest string."""
    history_octets: int | None = 3072
    """N8: what the encoder looks back at; None for everything."""
    ordinal_bits: int = 7
    """C5 at the start, 7 or 8."""
    when_full: WhenFull = WhenFull.SEND_PLAIN
    """What happens when `codewords` or `history_octets` are used up."""
    avoid_newest: bool = True
    """Never send the codeword that the decoder makes only while it reads it: three known decoders read it wrongly."""

    def __post_init__(self) -> None:
        _check(self.codewords, self.string_octets, self.ordinal_bits)
        if self.history_octets is not None and self.history_octets < 512:
            raise ConfigError(f"a V.44 history has at least 512 octets, not {self.history_octets}")

    @property
    def decoder(self) -> DecoderSettings:
        """What restores these streams."""
        return DecoderSettings(self.codewords, self.string_octets, self.ordinal_bits)


def codeword_bits(codewords: int) -> int:
    """N1: bits that the largest codeword needs."""
    return (codewords - 1).bit_length()


def long_extension_bits(string_octets: int) -> int:
    """Bits of a string extension of 13 octets and more."""
    return 5 if string_octets <= 46 else 6 if string_octets <= 78 else 7 if string_octets <= 142 else 8


def _check(codewords: int, string_octets: int, ordinal_bits: int) -> None:
    if not 256 <= codewords <= 65535:
        raise ConfigError(f"V.44 has 256 to 65535 codewords, not {codewords}")
    if not 32 <= string_octets <= 255:
        raise ConfigError(f"strings of V.44 have at most 32 to 255 octets, not {string_octets}")
    if ordinal_bits not in (7, 8):
        raise ConfigError(f"an ordinal of V.44 starts with 7 or 8 bits, not {ordinal_bits}")
