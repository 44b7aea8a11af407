"""Takes secrets that travel in clear out of APDUs before they are written down: passwords, dedicated keys, new secrets.

The APDU keeps its form and its length, the secret octets become ``*``. Ciphered content stays as it is.
"""

from __future__ import annotations

from typing import Any

from msgspec import structs

from dlmskit.apdu import (
    Aarq,
    ActionRequestNormal,
    Apdu,
    InitiateRequest,
    SetRequestNormal,
    SetRequestWithList,
    decode_apdu,
    last_arc,
)
from dlmskit.codec.ber import AuthenticationValue
from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.errors import DlmsError
from dlmskit.types.enums import Mechanism

_AARQ, _INITIATE_REQUEST = 0x60, 0x01
_SECRET_ATTRIBUTES = frozenset({(15, 7), (12, 6)})
"""secret of Association LN and SN."""
_SECRET_METHODS = frozenset({(15, 2), (12, 7)})
"""change_HLS_secret, change_LLS_secret."""
_MASK = b"*"


def redacted(octets: bytes) -> bytes:
    """The APDU without secrets in clear. What cannot be read and may hold one is masked behind its tag."""
    try:
        apdu = decode_apdu(octets, deviations=[])
    except DlmsError:
        return octets[:1] + _MASK * (len(octets) - 1) if octets[:1] and octets[0] in {_AARQ, _INITIATE_REQUEST} else octets
    changed = _without_secrets(apdu)
    return octets if changed is apdu else changed.encode()


def _without_secrets(apdu: Apdu) -> Apdu:
    match apdu:
        case Aarq():
            return _aarq(apdu)
        case InitiateRequest() if apdu.dedicated_key:
            return structs.replace(apdu, dedicated_key=_MASK * len(apdu.dedicated_key))
        case SetRequestNormal() if _is_secret(apdu.cosem_attribute_descriptor):
            return structs.replace(apdu, value=_masked(apdu.value))
        case SetRequestWithList():
            pairs = zip(apdu.attribute_descriptor_list, apdu.value_list, strict=False)
            values = tuple(_masked(value) if _is_secret(one.cosem_attribute_descriptor) else value for one, value in pairs)
            return apdu if values == apdu.value_list else structs.replace(apdu, value_list=values)
        case ActionRequestNormal() if apdu.method_invocation_parameters is not None:
            method = apdu.cosem_method_descriptor
            if (method.class_id, method.method_id) in _SECRET_METHODS:
                return structs.replace(apdu, method_invocation_parameters=_masked(apdu.method_invocation_parameters))
    return apdu


def _aarq(apdu: Aarq) -> Aarq:
    mechanism = None if apdu.mechanism_name is None else last_arc(apdu.mechanism_name, 2)
    value = apdu.calling_authentication_value
    words: dict[str, Any] = {}
    if mechanism == Mechanism.LLS and value is not None:
        words["calling_authentication_value"] = _masked_value(value)
    if apdu.user_information is not None:
        inside = redacted(apdu.user_information)
        if inside != apdu.user_information:
            words["user_information"] = inside
    return structs.replace(apdu, **words) if words else apdu


def _masked_value(value: AuthenticationValue) -> AuthenticationValue:
    """An authentication value of the same length and kind."""
    return structs.replace(value, octets=_MASK * len(value.octets))


def _is_secret(descriptor: Any) -> bool:
    return (descriptor.class_id, descriptor.attribute_id) in _SECRET_ATTRIBUTES


def _masked(data: Data) -> Data:
    return Data.of(data.tag, _MASK * len(data.value)) if data.tag == Tag.OCTET_STRING else Data.null()
