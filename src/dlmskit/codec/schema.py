"""One declaration, every direction: what is declared, and the two calls that need no more than the declaration.

A declaration is a frozen `msgspec.Struct` whose fields carry their wire type in `Annotated` (`dlmskit.codec.wire`).
`dlmskit.codec.compiler` turns it into source for `encode` and `decode` on first use, as dataclasses do for `__init__`.
"""

from __future__ import annotations

import struct
from typing import ClassVar, Self

import msgspec

from dlmskit.codec.compiler import LAYOUTS
from dlmskit.errors import DecodeError, EncodeError
from dlmskit.limits import DEFAULT, Limits


class Sequence(msgspec.Struct, frozen=True, gc=False):
    """Base of everything declared in A-XDR: an ASN.1 SEQUENCE."""

    @classmethod
    def decode(cls, octets: bytes, *, deviations: list[str] | None = None, limits: Limits = DEFAULT) -> Self:
        """Decode exactly ``octets``.

        Raises DecodeError for anything that does not follow the declaration to the last octet. With a list in
        ``deviations`` the known liberties of real devices are taken as well, and each one is written into the list.
        """
        value, at = LAYOUTS[cls].decode(octets, 0, deviations, limits)
        expect_end(octets, at, deviations, cls.__name__)
        return value  # type: ignore[no-any-return]

    def encode(self) -> bytes:
        """The octets of the message. Raises EncodeError when a value does not fit its field."""
        try:
            return LAYOUTS[type(self)].encode(self)
        except (struct.error, TypeError, AttributeError, OverflowError) as error:
            raise EncodeError(f"{type(self).__name__}: {error}") from error


class Apdu(Sequence, frozen=True, gc=False):
    """Base of the APDUs. `head` is the octets that announce one: its tag and, where there is one, the choice."""

    head: ClassVar[bytes] = b""
    service_name: ClassVar[str] = ""
    """Standard name of the service (the outer CHOICE), as in ``get-request``."""
    alternative_name: ClassVar[str] = ""
    """Standard name of the alternative inside the service, as in ``get-request-normal``; empty where there is none."""
    simple_names: ClassVar[tuple[str, str]] = ("", "")
    """The same two names in the simple XML style."""

    def __repr__(self) -> str:
        """One line as for logs: bounded, and without the secrets that a message carries."""
        from dlmskit.codec.text import one_line

        return one_line(self)


def expect_end(octets: bytes, at: int, deviations: list[str] | None, path: str) -> None:
    """Refuse what is left over; with tolerance, padding of 00 or FF behind a complete message is noted instead."""
    rest = octets[at:]
    if not rest:
        return
    if deviations is not None and (not rest.strip(b"\0") or not rest.strip(b"\xff")):
        deviations.append(f"{path}: {len(rest)} octets of padding behind the message")
        return
    raise DecodeError(f"trailing data: {len(rest)} octets too many", at, path)
