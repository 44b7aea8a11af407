"""Only a finished authentication makes an `Associated`, and only `unprotect` a `Verified`."""

from __future__ import annotations

import pytest

from dlmskit.association import Associated, AssociationContext, Party
from dlmskit.association.authentication import (
    Handshake,
    password_taken,
    pre_established,
    with_password,
    without_authentication,
)
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.hls import hls_mechanism
from dlmskit.security.keys import Secret
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import ApplicationContext, Mechanism
from tests.association.peers import CLIENT_TITLE, HLS, PLAIN, SERVER_TITLE, credentials

CTOS, STOC = bytes(range(16)), bytes(range(50, 66))


def context(mechanism: Mechanism) -> AssociationContext:
    return AssociationContext(
        client_sap=16,
        server_sap=1,
        application_context=ApplicationContext.LN,
        mechanism=mechanism,
        conformance=Conformance.GET,
        client_max_receive_pdu_size=0,
        server_max_receive_pdu_size=0,
    )


@pytest.mark.parametrize("seal", [None, object(), True, "seal"])
def test_nobody_else_makes_one(seal: object) -> None:
    with pytest.raises(TypeError, match="finished authentication"):
        Associated(context(Mechanism.LOWEST), seal)


@pytest.mark.parametrize("mechanism", [Mechanism.LLS, Mechanism.HLS_GMAC])
def test_lowest_level_is_not_for_the_others(mechanism: Mechanism) -> None:
    assert without_authentication(context(Mechanism.LOWEST)).context.mechanism is Mechanism.LOWEST
    with pytest.raises(SecurityError):
        without_authentication(context(mechanism))


def test_passwords() -> None:
    secret = Secret(b"right")
    assert with_password(context(Mechanism.LLS), secret, b"right").context.mechanism is Mechanism.LLS
    for mechanism, given in ((Mechanism.LLS, b"wrong"), (Mechanism.LLS, b""), (Mechanism.HLS_GMAC, b"right")):
        with pytest.raises(SecurityError):
            with_password(context(mechanism), secret, given)
    assert password_taken(context(Mechanism.LLS)).context.mechanism is Mechanism.LLS
    with pytest.raises(SecurityError):
        password_taken(context(Mechanism.HLS_GMAC))


def test_pre_established_by_configuration_alone() -> None:
    with pytest.raises(SecurityError):
        pre_established(PLAIN)


@pytest.mark.case("R-039")
def test_a_handshake_is_good_for_one_attempt() -> None:
    """Right or wrong, the challenges are spent; and the context must be one of the same mechanism."""
    client = credentials().security(Party.CLIENT, HLS, SERVER_TITLE)
    server = credentials().security(Party.SERVER, HLS, CLIENT_TITLE)
    gmac = hls_mechanism(5)
    answer = Handshake(gmac, client, CTOS, STOC).answer()
    handshake = Handshake(gmac, server, STOC, CTOS)
    with pytest.raises(SecurityError):
        handshake.finish(context(Mechanism.HLS_GMAC), answer[:-1], None)
    with pytest.raises(SecurityError) as caught:
        handshake.finish(context(Mechanism.HLS_GMAC), answer, None)
    assert caught.value.reason is SecurityReason.CHALLENGE_INVALID
    with pytest.raises(SecurityError) as caught:
        Handshake(gmac, server, STOC, CTOS).finish(context(Mechanism.LOWEST), answer, None)
    assert caught.value.reason is SecurityReason.MECHANISM_MISMATCH
    associated = Handshake(gmac, server, STOC, CTOS).finish(context(Mechanism.HLS_GMAC), answer, None)
    assert associated.context.mechanism is Mechanism.HLS_GMAC
    with pytest.raises(SecurityError) as caught:
        Handshake(gmac, server, STOC, CTOS).finish(context(Mechanism.HLS_GMAC), answer, None)
    assert caught.value.reason is SecurityReason.COUNTER_REPEATED


@pytest.mark.case("R-031")
def test_reflected_challenges_make_no_handshake() -> None:
    client = credentials().security(Party.CLIENT, HLS, SERVER_TITLE)
    with pytest.raises(SecurityError) as caught:
        Handshake(hls_mechanism(5), client, CTOS, CTOS)
    assert caught.value.reason is SecurityReason.CHALLENGE_REFLECTED
