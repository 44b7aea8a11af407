"""Protection of COSEM data between two parties, whoever carries it (Green Book 9.2.7.5; Blue Book, class 30).

The layers are those of general-ciphering and general-signing, around data instead of an APDU: what the header of such an APDU
says stands in protection parameters beside the octets. Parameters are in the order in which the layers are applied; they come off
the other way round. As with messages, nothing moves before every layer has been verified and was found to be enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from dlmskit.apdu.ciphering import AgreedKey, GeneralCiphering, IdentifiedKey, WrappedKey
from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.codec.reader import read_length, write_length
from dlmskit.errors import DecodeError, EncodeError, SecurityError, SecurityReason
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import Protection
from dlmskit.security.envelope import GENERAL_SIGNING
from dlmskit.security.general_ciphering import cipher_generally, open_generally_ciphered
from dlmskit.security.general_header import GeneralHeader
from dlmskit.security.general_signing import open_signed, sign
from dlmskit.security.key_info import KeyInfo
from dlmskit.security.layered import accept_layers
from dlmskit.security.layers import GeneralCiphered, KeyChoice, Layer, Signed, union_of
from dlmskit.security.opened import Opened
from dlmskit.types.system_title import SystemTitle


class ProtectionType(IntEnum):
    """protection_type."""

    AUTHENTICATION = 0
    ENCRYPTION = 1
    AUTHENTICATION_AND_ENCRYPTION = 2
    DIGITAL_SIGNATURE = 3


_GIVES = {
    ProtectionType.AUTHENTICATION: Protection.AUTHENTICATED,
    ProtectionType.ENCRYPTION: Protection.ENCRYPTED,
    ProtectionType.AUTHENTICATION_AND_ENCRYPTION: Protection.AUTHENTICATED | Protection.ENCRYPTED,
    ProtectionType.DIGITAL_SIGNATURE: Protection.SIGNED,
}
_ONE_PASS, _STATIC = b"\x01", b"\x02"
_NO_KEY = IdentifiedKey(0)
"""What stands in the parameters of a signature, which has none."""
MOST_LAYERS = 4


class ProtectionParameters(NamedTuple):
    """One element of protection_parameters: a layer, its parties and its key."""

    protection_type: ProtectionType
    transaction_id: bytes = b""
    """Empty in a wish: whoever protects takes the next one of its own."""
    originator: SystemTitle | None = None
    recipient: SystemTitle | None = None
    other_information: bytes = b""
    key_info: KeyInfo = IdentifiedKey(0)
    """Of a signature it has no meaning. In a wish it says which kind of key; its octets are filled in by whoever protects."""

    @classmethod
    def list_from_data(cls, data: Data) -> tuple[ProtectionParameters, ...]:
        """Read an array of protection parameters. Raises `DecodeError` for anything else, and for too many."""
        if data.tag != Tag.ARRAY or len(data.elements()) > MOST_LAYERS:
            raise DecodeError(f"an array of at most {MOST_LAYERS} protection parameters is expected")
        return tuple(cls._from_data(element) for element in data.elements())

    @classmethod
    def _from_data(cls, data: Data) -> ProtectionParameters:
        kind, options = _members(data, 2)
        transaction_id, originator, recipient, other_information, key_info = _members(options, 5)
        try:
            protection_type = ProtectionType(kind.value)
        except ValueError:
            raise DecodeError(f"no protection_type {kind.value}") from None
        return cls(
            protection_type,
            _octets(transaction_id),
            _title(originator),
            _title(recipient),
            _octets(other_information),
            _NO_KEY if protection_type is ProtectionType.DIGITAL_SIGNATURE else _key_info(key_info),
        )

    def to_data(self) -> Data:
        """The element as COSEM data."""
        titles = (b"" if title is None else title.octets for title in (self.originator, self.recipient))
        fields = (self.transaction_id, *titles, self.other_information)
        options = Data.structure((*map(Data.octet_string, fields), _key_info_data(self.key_info)))
        return Data.structure((Data.enum(self.protection_type), options))

    @property
    def gives(self) -> Protection:
        """What the layer gives."""
        return _GIVES[self.protection_type]

    @property
    def key(self) -> KeyChoice:
        """The kind of key. Raises `SecurityError` (unsupported)."""
        info = self.key_info
        if isinstance(info, IdentifiedKey):
            if info.key_id in {0, 1}:
                return KeyChoice.GBEK if info.key_id else KeyChoice.GUEK
        elif isinstance(info, WrappedKey):
            return KeyChoice.WRAPPED
        elif info.key_parameters in {_ONE_PASS, _STATIC}:
            return KeyChoice.ONE_PASS if info.key_parameters == _ONE_PASS else KeyChoice.STATIC
        raise SecurityError(SecurityReason.UNSUPPORTED, "the protection parameters ask for a kind of key that is not known")


def wish(
    protection_type: ProtectionType,
    recipient: SystemTitle,
    key: KeyChoice = KeyChoice.ONE_PASS,
    *,
    other_information: bytes = b"",
) -> ProtectionParameters:
    """Parameters that ask for a layer: whoever protects fills in transaction, originator and key."""
    kinds: dict[KeyChoice, KeyInfo] = {
        KeyChoice.GUEK: IdentifiedKey(0),
        KeyChoice.GBEK: IdentifiedKey(1),
        KeyChoice.WRAPPED: WrappedKey(0, b""),
        KeyChoice.ONE_PASS: AgreedKey(_ONE_PASS, b""),
        KeyChoice.STATIC: AgreedKey(_STATIC, b""),
    }
    return ProtectionParameters(protection_type, recipient=recipient, other_information=other_information, key_info=kinds[key])


def protect_data(
    plain: bytes, context: SecurityContext, wanted: Sequence[ProtectionParameters]
) -> tuple[bytes, tuple[ProtectionParameters, ...]]:
    """Apply the layers, the first one innermost; the octets, and the parameters that were used.

    Raises `SecurityError` as general-ciphering and general-signing do; system-title-mismatch where we are not the originator.
    `EncodeError` for no layer, or too many.
    """
    if not 0 < len(wanted) <= MOST_LAYERS:
        raise EncodeError(f"{len(wanted)} layers of protection; 1 to {MOST_LAYERS} are possible")
    used, octets = [], plain
    established = dict(context.fresh_keys.sending)
    try:
        for one in wanted:
            octets, parameters = _apply(octets, context, one)
            used.append(parameters)
    finally:
        context.fresh_keys.sending = established  # a key of data protection is named each time
    return octets, tuple(used)


def _apply(plain: bytes, context: SecurityContext, wanted: ProtectionParameters) -> tuple[bytes, ProtectionParameters]:
    if wanted.originator not in (None, context.own_title):
        raise SecurityError(SecurityReason.SYSTEM_TITLE_MISMATCH, f"we are not {wanted.originator}")
    transaction_id = wanted.transaction_id or context.transactions.next()
    if wanted.protection_type is ProtectionType.DIGITAL_SIGNATURE:
        step = Signed(recipient=wanted.recipient, transaction_id=transaction_id, other_information=wanted.other_information)
        used = wanted._replace(transaction_id=transaction_id, originator=context.own_title, key_info=_NO_KEY)
        return sign(plain, context, step), used
    ciphered = GeneralCiphered(
        recipient=wanted.recipient,
        transaction_id=transaction_id,
        other_information=wanted.other_information,
        key=wanted.key,
        protection=wanted.gives,
    )
    apdu = GeneralCiphering.decode(cipher_generally(plain, context, ciphered))
    assert apdu.key_info is not None  # noqa: S101 - an established key is never asked for
    used = wanted._replace(transaction_id=transaction_id, originator=context.own_title, key_info=apdu.key_info)
    return write_length(len(apdu.ciphered_content)) + apdu.ciphered_content, used


def unprotect_data(
    octets: bytes, context: SecurityContext, parameters: Sequence[ProtectionParameters], required: Protection = Protection.NONE
) -> tuple[bytes, tuple[Layer, ...]]:
    """Take the layers off; the data, and the layers, innermost first as the parameters are.

    Raises `SecurityError` (protection-too-weak) where they are less than ``required``, and what the layers raise; `DecodeError`.
    What is refused changes nothing.
    """
    if not 0 < len(parameters) <= MOST_LAYERS:
        raise DecodeError(f"{len(parameters)} layers of protection; 1 to {MOST_LAYERS} are possible")
    given = Protection.NONE
    for one in parameters:
        given |= one.gives
    context.check_enough(given, required)
    opened: list[Opened] = []
    vouched: set[SystemTitle] = set()
    for one in reversed(parameters):
        layer = _open(octets, context, one, vouched)
        opened.append(layer)
        octets = layer.content
        if layer.vouches:
            vouched.add(layer.layer.originator)
    layers = accept_layers(opened, context)[::-1]
    context.check_enough(union_of(layers), required)
    return octets, layers


def _open(octets: bytes, context: SecurityContext, one: ProtectionParameters, vouched: set[SystemTitle]) -> Opened:
    if one.protection_type is ProtectionType.DIGITAL_SIGNATURE:
        if octets[:1] != bytes((GENERAL_SIGNING,)):
            raise DecodeError("data with a signature is a general-signing APDU", 0)
        opened = open_signed(octets, context, Protection.NONE)
        _check_header(one, opened.layer.general)
        return opened
    length, at = read_length(octets, 0, "protected data")
    if len(octets) - at != length:
        raise DecodeError(f"protected data of {len(octets) - at} octets says that it has {length}")
    header = GeneralHeader(
        transaction_id=one.transaction_id,
        originator=one.originator,
        recipient=one.recipient,
        other_information=one.other_information,
    )
    apdu = GeneralCiphering(*header.fields(), one.key_info, octets[at:]).encode()
    opened = open_generally_ciphered(apdu, context, Protection.NONE, vouched)
    if opened.layer.protection != one.gives:
        raise SecurityError(SecurityReason.SECURITY_CONTROL_INVALID, "the security control octet is not what the parameters say")
    return opened


def _check_header(one: ProtectionParameters, found: GeneralHeader | None) -> None:
    """What a signature says of itself is signed; parameters that say anything else are somebody else's."""
    said = (one.transaction_id, one.originator, one.recipient, one.other_information)
    if found is None or said != (found.transaction_id, found.originator, found.recipient, found.other_information):
        raise SecurityError(SecurityReason.SYSTEM_TITLE_MISMATCH, "the parameters are not those of the signature")


# --- as COSEM data --------------------------------------------------------------------------------------------------------


def _members(data: Data, count: int) -> Sequence[Data]:
    if data.tag != Tag.STRUCTURE or len(data.elements()) != count:
        raise DecodeError(f"a structure of {count} is expected in protection parameters")
    return data.elements()


def _octets(data: Data) -> bytes:
    if data.tag != Tag.OCTET_STRING:
        raise DecodeError(f"octet-string expected in protection parameters, not {data.type.name}")
    return bytes(data.value)


def _title(data: Data) -> SystemTitle | None:
    octets = _octets(data)
    return SystemTitle(octets) if octets else None


def _key_info(data: Data) -> KeyInfo:
    kind, options = _members(data, 2)
    if kind.value == 0:
        # Some send the number in a structure of its own.
        number = options.elements()[0] if options.tag == Tag.STRUCTURE and len(options.elements()) == 1 else options
        if not isinstance(number.value, int) or isinstance(number.value, bool):
            raise DecodeError("an identified key has a number")
        return IdentifiedKey(number.value)
    first, second = _members(options, 2)
    if kind.value == 1 and isinstance(first.value, int):
        return WrappedKey(first.value, _octets(second))
    if kind.value == 2:
        return AgreedKey(_octets(first), _octets(second))
    raise DecodeError(f"no key_info_type {kind.value}")


def _key_info_data(info: KeyInfo) -> Data:
    if isinstance(info, IdentifiedKey):
        return Data.structure((Data.enum(0), Data.enum(info.key_id)))
    if isinstance(info, WrappedKey):
        return Data.structure((Data.enum(1), Data.structure((Data.enum(info.kek_id), Data.octet_string(info.key_ciphered_data)))))
    options = Data.octet_string(info.key_parameters), Data.octet_string(info.key_ciphered_data)
    return Data.structure((Data.enum(2), Data.structure(options)))
