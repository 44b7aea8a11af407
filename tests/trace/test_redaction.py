"""No secret that travels in clear is written down; everything else stays as it was."""

from __future__ import annotations

import pytest

from dlmskit.apdu import (
    Aarq,
    ActionRequestNormal,
    CosemAttributeDescriptor,
    CosemMethodDescriptor,
    InitiateRequest,
    SetRequestNormal,
    application_context_name,
    decode_apdu,
    mechanism_name,
)
from dlmskit.codec.ber import AuthenticationValue
from dlmskit.codec.data import Data
from dlmskit.errors import DecodeError
from dlmskit.trace.redaction import redacted
from dlmskit.types.obis import Obis
from tests.vectors import load

SECRET = b"a very secret word"
OWN = Obis("0.0.40.0.0.255").octets


def aarq(mechanism: int) -> bytes:
    inside = InitiateRequest(dedicated_key=b"K" * 16, proposed_conformance=0, client_max_receive_pdu_size=1200).encode()
    return Aarq(
        application_context_name=application_context_name(1),
        mechanism_name=mechanism_name(mechanism),
        calling_authentication_value=AuthenticationValue(SECRET),
        user_information=inside,
    ).encode()


@pytest.mark.case("R-112")
def test_a_password_and_a_dedicated_key() -> None:
    octets = redacted(aarq(1))
    assert SECRET not in octets
    assert b"K" * 16 not in octets
    assert len(octets) == len(aarq(1))
    assert isinstance(decode_apdu(octets), Aarq)


def test_a_challenge_is_no_secret() -> None:
    assert SECRET in redacted(aarq(5))


@pytest.mark.case("R-112")
@pytest.mark.parametrize(
    "octets",
    [
        SetRequestNormal(0xC1, CosemAttributeDescriptor(15, OWN, 7), None, Data.octet_string(SECRET)).encode(),
        ActionRequestNormal(0xC1, CosemMethodDescriptor(15, OWN, 2), Data.octet_string(SECRET)).encode(),
        b"\x60\x40" + SECRET,
    ],
    ids=["a new password", "a new HLS secret", "an AARQ that cannot be read"],
)
def test_new_secrets(octets: bytes) -> None:
    assert SECRET not in redacted(octets)
    assert len(redacted(octets)) == len(octets)


def test_what_holds_no_secret_stays_as_it_is() -> None:
    changed = []
    for vector in load("apdu"):
        octets = bytes.fromhex(vector["hex"])
        try:
            apdu = decode_apdu(octets)
        except DecodeError:
            continue
        if redacted(octets) != octets:
            changed.append(type(apdu).__name__)
    assert set(changed) <= {"Aarq", "InitiateRequest"}
