"""The outside of a ciphered APDU: form, system title and security header, read without any key (Green Book, 9.2.7.2.4).

General-ciphering and general-signing have more outside than that: `general_header` and the declarations in `dlmskit.apdu`. One
parser serves `unprotect`, a listener that has to find out whose message it is, and the explain engine. Nothing that it
returns is verified.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec

from dlmskit.apdu.ciphering import DEDICATED_TAGS, GLOBAL_TAGS
from dlmskit.codec.reader import read_length
from dlmskit.errors import DecodeError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.security.control import HEADER_OCTETS, SecurityHeader
from dlmskit.types.system_title import SystemTitle

GENERAL_GLO = 0xDB
GENERAL_DED = 0xDC
GENERAL_CIPHERING = 0xDD
GENERAL_SIGNING = 0xDF


class Form(IntEnum):
    """How a protected APDU is wrapped."""

    GLO = 0
    """Service-specific, global key."""
    DED = 1
    """Service-specific, dedicated key."""
    GENERAL_GLO = 2
    """general-glo-ciphering: any APDU, with the sender's system title."""
    GENERAL_DED = 3
    """general-ded-ciphering."""
    GENERAL_CIPHERING = 4
    """Any APDU between any two parties, which it names as it names the key."""
    GENERAL_SIGNING = 6
    """Any APDU with a signature."""

    @property
    def dedicated(self) -> bool:
        """Whether the key is the dedicated key of the association."""
        return bool(self & 1)

    @property
    def general(self) -> bool:
        """Whether the form carries system titles and any APDU."""
        return self >= Form.GENERAL_GLO

    @property
    def label(self) -> str:
        """As the standard writes it: ``glo``, ``general-ded``, ``general-signing``."""
        return self.name.lower().replace("_", "-")


FORM_OF_TAG: dict[int, Form] = (
    dict.fromkeys(GLOBAL_TAGS.values(), Form.GLO)
    | dict.fromkeys(DEDICATED_TAGS.values(), Form.DED)
    | {GENERAL_GLO: Form.GENERAL_GLO, GENERAL_DED: Form.GENERAL_DED}
)
"""Form by the tag of the ciphered APDU, for the forms that use the keys of the association and name no others."""

PROTECTED_TAGS = frozenset({*FORM_OF_TAG, GENERAL_CIPHERING, GENERAL_SIGNING})
"""Every tag behind which there is a layer of protection."""

PLAIN_TAG: dict[int, int] = {protected: plain for tags in (GLOBAL_TAGS, DEDICATED_TAGS) for plain, protected in tags.items()}
"""The tag that must come out of a service-specific form, by the tag of the form."""


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """A protected APDU, read from outside; not verified."""

    tag: int
    form: Form
    title: SystemTitle | None
    """Of the sender; None where the form has none or it was left empty."""
    header: SecurityHeader
    content: bytes
    """Ciphertext or text, and the tag where one is applied."""


def is_protected(octets: bytes) -> bool:
    """Whether the first octet announces one of the forms of this module."""
    return bool(octets) and octets[0] in FORM_OF_TAG


def has_layers(octets: bytes) -> bool:
    """Whether the first octet announces protection of any form, general-ciphering and signatures included."""
    return bool(octets) and octets[0] in PROTECTED_TAGS


def read_envelope(octets: bytes, limits: Limits = DEFAULT) -> Envelope:
    """Read a whole protected APDU from outside. Raises `DecodeError` for anything that is not exactly one."""
    at = locate_header(octets, limits)
    form = FORM_OF_TAG[octets[0]]
    title = SystemTitle(octets[2:10]) if form.general and octets[1] else None
    return Envelope(octets[0], form, title, SecurityHeader.decode(octets, at), octets[at + HEADER_OCTETS :])


def locate_header(octets: bytes, limits: Limits) -> int:
    """Where the security header starts; the content is what follows it, up to the end.

    A general form has its title in octets 2 to 9, or the octet 1 is zero. Raises `DecodeError`: too long, another APDU,
    lengths that do not meet the end exactly, a title that has neither 0 nor 8 octets, no room for the header.
    """
    size = len(octets)
    if size > limits.apdu_octets:
        raise DecodeError(f"{size} octets, at most {limits.apdu_octets} are accepted", 0, "apdu")
    if not size or octets[0] not in FORM_OF_TAG:
        raise DecodeError(f"not a protected APDU: tag {octets[:1].hex().upper() or 'missing'}", 0, "apdu")
    at = 1 if octets[0] in PLAIN_TAG else _behind_title(octets)
    first = octets[at] if at + 2 < size else 0xFF  # the three usual lengths here, for speed; every other in the reader
    if first < 0x80:
        length, at = first, at + 1
    elif first == 0x81:
        length, at = octets[at + 1], at + 2
    elif first == 0x82:
        length, at = octets[at + 1] << 8 | octets[at + 2], at + 3
    else:
        length, at = read_length(octets, at, "ciphered-content")
    if length != size - at:
        problem = "trailing octets" if length < size - at else "octets missing"
        raise DecodeError(f"{abs(size - at - length)} {problem}", at, "ciphered-content")
    if length < HEADER_OCTETS:
        raise DecodeError("ends inside the security header", at, "security-header")
    return at


def _behind_title(octets: bytes) -> int:
    if len(octets) < 2:
        raise DecodeError("ends before a length", 1, "system-title")
    length = octets[1]
    if length not in (0, 8):
        raise DecodeError(f"a system title has 8 octets, or none; found {length}", 1, "system-title")
    if len(octets) < 2 + length:
        raise DecodeError("ends inside the system title", 2, "system-title")
    return 2 + length
