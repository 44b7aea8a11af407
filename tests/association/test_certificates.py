"""Public keys of an association: pinned, or by a certificate that comes with AARQ and AARE; and every way to be refused."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from dlmskit.apdu import Aare, decode_apdu
from dlmskit.association import AssociationRefused, Credentials, EventCode, State
from dlmskit.crypto.certificates import CertificateAuthority, Role, Validity
from dlmskit.crypto.curves import P_256
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.introduction import CertificateCheck
from dlmskit.security.policy import SIGNED_BOTH_WAYS
from dlmskit.types.enums import Mechanism
from dlmskit.types.system_title import SystemTitle
from tests.association.correspondents import (
    POLICIES,
    VALIDITY,
    certificate,
    check,
    known,
    pair_of,
    side,
    way_of,
)
from tests.association.peers import CLIENT_TITLE, SERVER_TITLE, Pair

SIGNED = POLICIES["authenticated+encrypted"] | SIGNED_BOTH_WAYS
OTHER = SystemTitle("4D4D4D00000000AA")
EXPIRED = Validity(datetime(2019, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC))


def introduced(suite: int, own: SystemTitle, sent: bytes | None = None, judge: CertificateCheck | None = None) -> Credentials:
    """Knows nobody, sends a certificate, and judges the other's."""
    return side(suite, own, certificate=sent or certificate(suite, own).octets, certificate_check=judge or check(suite))


@pytest.mark.supports("certificate bound to the system title", "path of certificates validated", suite="{suite}")
@pytest.mark.parametrize("signed", [False, True], ids=["mechanism 7 alone", "every message signed"])
@pytest.mark.parametrize("suite", [1, 2])
def test_strangers_introduce_themselves(suite: int, signed: bool) -> None:
    way = way_of(suite, Mechanism.HLS_ECDSA, policy=SIGNED if signed else POLICIES["authenticated+encrypted"])
    pair = pair_of(
        way, client_credentials=introduced(suite, CLIENT_TITLE), server_credentials=introduced(suite, SERVER_TITLE)
    ).associate()
    pair.still_works()
    aare = decode_apdu(pair.received[0])
    assert isinstance(aare, Aare)
    assert aare.responding_ae_qualifier == certificate_octets(pair)


def certificate_octets(pair: Pair) -> bytes | None:
    return pair.server_credentials.certificate


def _self_made(title: SystemTitle) -> bytes:
    """From an authority that nobody trusts."""
    stranger = CertificateAuthority.root("lab root", SigningKey.generate(P_256), 1, VALIDITY)
    return certificate(1, title, issuer=stranger).octets


def _bad(title: SystemTitle) -> dict[str, bytes]:
    return {
        "of somebody else": certificate(1, OTHER).octets,
        "expired": certificate(1, title, validity=EXPIRED).octets,
        "for key agreement": certificate(1, title, Role.KEY_AGREEMENT).octets,
        "of an unknown authority": _self_made(title),
        "cut": certificate(1, title).octets[:-1],
        "with a suffix": certificate(1, title).octets + b"\0",
        "rubbish": bytes(64),
        "empty": b"",
    }


@pytest.mark.parametrize("kind", _bad(CLIENT_TITLE))
def test_the_server_refuses_a_certificate(kind: str) -> None:
    """calling-AE-qualifier-not-recognized; the reason stays here."""
    octets = _bad(CLIENT_TITLE)[kind]
    sender = side(1, CLIENT_TITLE, known(1, SERVER_TITLE), certificate=octets)
    pair = pair_of(way_of(1, Mechanism.HLS_ECDSA), client_credentials=sender, server_credentials=introduced(1, SERVER_TITLE))
    with pytest.raises(AssociationRefused, match="calling-AE-qualifier-not-recognized"):
        pair.associate()
    assert pair.server.state is State.IDLE
    error = pair.server_log[-1].error
    assert isinstance(error, SecurityError)
    assert error.reason is SecurityReason.CERTIFICATE_REFUSED


@pytest.mark.case("R-032")
@pytest.mark.parametrize("kind", _bad(SERVER_TITLE))
def test_the_client_refuses_a_certificate(kind: str) -> None:
    """A false server has a certificate that is good for somebody else, or for nothing: no pass 3 leaves the client."""
    sender = side(1, SERVER_TITLE, known(1, CLIENT_TITLE), certificate=_bad(SERVER_TITLE)[kind])
    pair = pair_of(way_of(1, Mechanism.HLS_ECDSA), client_credentials=introduced(1, CLIENT_TITLE), server_credentials=sender)
    with pytest.raises(SecurityError) as caught:
        pair.associate()
    assert caught.value.reason is SecurityReason.CERTIFICATE_REFUSED
    assert len(pair.sent) == 1
    assert pair.client.state is State.IDLE


def test_nobody_is_known_and_nothing_is_sent() -> None:
    way = way_of(1, Mechanism.HLS_ECDSA)
    pair = pair_of(way, server_credentials=side(1, SERVER_TITLE, known(1, SERVER_TITLE)))
    with pytest.raises(AssociationRefused, match="calling-AE-qualifier-not-recognized"):
        pair.associate()
    assert EventCode.AARQ_REFUSED in pair.server_log.codes()


def test_a_certificate_without_anybody_to_trust() -> None:
    way = way_of(1, Mechanism.HLS_ECDSA)
    sender = side(1, CLIENT_TITLE, known(1, SERVER_TITLE), certificate=certificate(1, CLIENT_TITLE).octets)
    pair = pair_of(way, client_credentials=sender, server_credentials=side(1, SERVER_TITLE))
    with pytest.raises(AssociationRefused, match="calling-AE-qualifier-not-recognized"):
        pair.associate()


def test_a_pinned_key_is_not_replaced() -> None:
    """A valid certificate for another key than the one known here: whoever got it from the authority does not get in."""
    impostor = SigningKey.generate(P_256)
    sender = side(
        1, CLIENT_TITLE, known(1, SERVER_TITLE), certificate=certificate(1, CLIENT_TITLE, public=impostor.public).octets
    )
    judge = side(1, SERVER_TITLE, known(1, CLIENT_TITLE), certificate_check=check(1))
    pair = pair_of(way_of(1, Mechanism.HLS_ECDSA), client_credentials=sender, server_credentials=judge)
    with pytest.raises(AssociationRefused, match="calling-AE-qualifier-not-recognized"):
        pair.associate()
    pair_of(
        way_of(1, Mechanism.HLS_ECDSA),
        client_credentials=side(1, CLIENT_TITLE, known(1, SERVER_TITLE), certificate=certificate(1, CLIENT_TITLE).octets),
        server_credentials=judge,
    ).associate().still_works()
