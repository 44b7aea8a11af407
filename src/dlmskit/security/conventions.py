"""What two parties settle beyond the standard's text: where it leaves room, and where deployed peers read it differently.

Every choice has one meaning at a time: what is not configured is not tried. The defaults follow the standard's wording.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from dlmskit.crypto.v44 import DecoderSettings, EncoderSettings


class AadProfile(Enum):
    """What general-ciphering authenticates beside the content."""

    STANDARD = "security control, authentication key, transaction id to other information"
    """The five fields of the header with their lengths are covered: nobody changes parties or transaction on the way."""
    SC_AK_ONLY = "security control, authentication key"
    """As one widespread stack computes it. The header is then not authenticated: who stands between can change it."""


class SigningProfile(Enum):
    """What general-signing signs behind the five fields of its header."""

    CONTENT_WITHOUT_LENGTH = "content without its length"
    CONTENT_WITH_LENGTH = "content with its length"


@dataclass(frozen=True, slots=True, kw_only=True)
class Conventions:
    """How the general forms are spoken with one peer."""

    aad: AadProfile = AadProfile.STANDARD
    signing: SigningProfile = SigningProfile.CONTENT_WITHOUT_LENGTH
    legacy_algorithm_id: bool = False
    """Derive keys with the algorithm id of the first printing of Green Book 8, as meters made after it do."""
    first_counter: int = 0
    """The first invocation counter that we use under a fresh key; any is accepted."""
    increasing_transactions: bool = True
    """What is signed and carries no counter of its signer must have a transaction id above the last one: nothing else tells a
    repetition. False: any id, and repetitions pass."""
    compressed_service_specific: bool = False
    """Compression in glo- and ded- APDUs as well, where the standard has none; some stacks send it."""
    compressing: EncoderSettings = EncoderSettings()  # noqa: RUF009  frozen
    """How content is compressed, where a message asks for it: nothing is compressed on its own."""
    decompressing: DecoderSettings = DecoderSettings()  # noqa: RUF009  frozen
    """How compressed content is read."""
