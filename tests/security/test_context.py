"""The context of an association: titles pinned, keys of the suite, dedicated keys fresh, and nothing shown."""

from __future__ import annotations

import pytest

from dlmskit.crypto.suites import SUITE_2
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.control import Protection, SecurityControl
from dlmskit.security.envelope import Form
from dlmskit.security.keys import Key, KeyRole, KeySet
from dlmskit.security.policy import ProtectionRules
from dlmskit.security.protection import protect, unprotect
from dlmskit.types.system_title import SystemTitle
from tests.security.parties import CLIENT, DEDICATED, GAK, GET_REQUEST, GUEK, KEYS, SERVER, pair, party


def refused(reason: SecurityReason, act) -> None:
    with pytest.raises(SecurityError) as caught:
        act()
    assert caught.value.reason is reason


@pytest.mark.case("R-032", "R-037")
def test_the_peer_is_pinned_once() -> None:
    context = party(peer=None)
    assert context.peer_title is None
    refused(SecurityReason.SYSTEM_TITLE_MISSING, context.known_peer_title)
    refused(SecurityReason.SYSTEM_TITLE_MISMATCH, lambda: context.pin_peer(CLIENT))
    context.pin_peer(SERVER)
    context.pin_peer(SERVER)
    refused(SecurityReason.SYSTEM_TITLE_MISMATCH, lambda: context.pin_peer(SystemTitle(b"otherone")))
    assert context.peer_title == SERVER
    refused(SecurityReason.SYSTEM_TITLE_MISMATCH, lambda: party(CLIENT, CLIENT))


def test_keys_are_those_of_the_suite() -> None:
    refused(SecurityReason.WRONG_KEY_LENGTH, lambda: party(suite=SUITE_2))
    refused(SecurityReason.WRONG_KEY_LENGTH, lambda: party(dedicated=Key(bytes(range(32)), KeyRole.DEDICATED)))


@pytest.mark.parametrize(
    ("outgoing", "octet"),
    [(Protection.AUTHENTICATED, 0x10), (Protection.ENCRYPTED, 0x20), (Protection(3), 0x30), (Protection.NONE, 0x30)],
)
def test_control_follows_the_rules(outgoing: Protection, octet: int) -> None:
    assert party(rules=ProtectionRules(outgoing=outgoing)).control == octet


@pytest.mark.parametrize("weak", [bytes(16), b"\xff" * 16, *(key.reveal() for _, key in KEYS.named())])
def test_a_dedicated_key_is_a_fresh_one(weak: bytes) -> None:
    context = party()
    refused(SecurityReason.UNSUPPORTED, lambda: context.use_dedicated_key(Key(weak, KeyRole.DEDICATED)))
    assert not context.has_dedicated_key
    context.use_dedicated_key(DEDICATED)
    refused(SecurityReason.UNSUPPORTED, lambda: context.use_dedicated_key(Key(DEDICATED.reveal(), KeyRole.DEDICATED)))
    assert context.has_dedicated_key


@pytest.mark.case("R-058")
def test_a_dropped_dedicated_key_opens_nothing() -> None:
    client, server = pair(dedicated=DEDICATED)
    assert unprotect(protect(GET_REQUEST, client, Form.DED), server).plain == GET_REQUEST
    late = protect(GET_REQUEST, client, Form.DED)
    server.drop_dedicated_key()
    client.drop_dedicated_key()
    refused(SecurityReason.MISSING_KEY, lambda: unprotect(late, server))
    refused(SecurityReason.MISSING_KEY, lambda: protect(GET_REQUEST, client, Form.DED))


def test_the_dedicated_key_has_counters_of_its_own() -> None:
    client, server = pair(dedicated=DEDICATED, first=500)
    verified = unprotect(protect(GET_REQUEST, client, Form.DED), server)
    assert (verified.invocation_counter, verified.key_role) == (0, KeyRole.DEDICATED)
    verified = unprotect(protect(GET_REQUEST, client), server)
    assert (verified.invocation_counter, verified.key_role, verified.gap) == (500, KeyRole.GUEK, 500)
    assert unprotect(protect(GET_REQUEST, client, Form.GENERAL_DED), server).invocation_counter == 1


@pytest.mark.case("R-082")
def test_changed_keys() -> None:
    """After key_transfer the old key is refused, the new one starts at its own counters, and the dedicated key goes on."""
    client, server = pair(dedicated=DEDICATED, first=40)
    unprotect(protect(GET_REQUEST, client, Form.DED), server)
    under_old_key = protect(GET_REQUEST, client)
    changed = KeySet.from_hex(guek=GUEK[::-1], gak=GAK)
    client, server = client.with_keys(changed), server.with_keys(changed)
    refused(SecurityReason.DECIPHERING_FAILED, lambda: unprotect(under_old_key, server))
    assert unprotect(protect(GET_REQUEST, client), server).invocation_counter == 0
    assert unprotect(protect(GET_REQUEST, client, Form.DED), server).invocation_counter == 1
    back = client.with_keys(KEYS)
    assert back.counter(KeyRole.GUEK).take() == 41


def test_missing_keys_are_named() -> None:
    no_guek = party(keys=KeySet.from_hex(gak=GAK))
    no_gak = party(keys=KeySet.from_hex(guek=GUEK))
    refused(SecurityReason.MISSING_KEY, lambda: protect(GET_REQUEST, no_guek))
    refused(SecurityReason.MISSING_KEY, lambda: protect(GET_REQUEST, no_gak))
    refused(SecurityReason.MISSING_KEY, lambda: no_guek.counter(KeyRole.GBEK))
    refused(SecurityReason.MISSING_KEY, lambda: no_guek.window(KeyRole.DEDICATED))


def test_an_association_without_authentication_key_says_so() -> None:
    rules = ProtectionRules(without_authentication_key=True)
    client, server = pair(rules=rules, keys=KeySet.from_hex(guek=GUEK))
    assert unprotect(protect(GET_REQUEST, client), server).plain == GET_REQUEST
    with_key = party(SERVER, CLIENT)
    refused(SecurityReason.DECIPHERING_FAILED, lambda: unprotect(protect(GET_REQUEST, client), with_key))


@pytest.mark.case("R-112")
def test_nothing_is_shown() -> None:
    client, server = pair(dedicated=DEDICATED)
    verified = unprotect(protect(GET_REQUEST, client, Form.DED), server)
    outgoing = client.outgoing(Form.GLO, SecurityControl(0x30))
    text = repr([client, server, verified, verified.channel, outgoing, vars(client), client.rules])
    for secret in (GUEK, GAK, DEDICATED.reveal().hex()):
        assert secret.lower() not in text.lower()
        assert repr(bytes.fromhex(secret)) not in text
    assert GET_REQUEST.hex() not in text.lower()
    assert repr(client) == "SecurityContext(4D4D4D0000000001 with 4D4D4D0000BC614E, suite 0)"
