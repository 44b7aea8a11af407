"""general-ciphering: vectors of every way to name a key.

The tags of the three messages are our own computation: see docs/explanation/security-vectors.md.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dlmskit.apdu.ciphering import AgreedKey, GeneralCiphering
from dlmskit.crypto.curves import P_256
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.crypto.suites import SUITE_2
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import Protection
from dlmskit.security.conventions import Conventions
from dlmskit.security.envelope import Form
from dlmskit.security.keys import Key, KeyRole, KeySet
from dlmskit.security.layers import GeneralCiphered, KeyChoice
from dlmskit.security.parties import Correspondence, Identity, KnownParty, directory_of
from dlmskit.security.protection import protect_layers, unprotect
from tests.security.parties import CLIENT, GET_REQUEST, SERVER
from tests.security.people import ANYTHING, general, people, person
from tests.vectors import load

AE = Protection.AUTHENTICATED | Protection.ENCRYPTED
VECTORS = {entry["name"]: entry for entry in load("security")}


def octets_of(name: str, field: str, where: str = "outputs") -> bytes:
    return bytes.fromhex(VECTORS[name][where][field])


def annex(own: str, *, ephemeral: str = "", **more: Any) -> SecurityContext:
    """A party of the Green Book's annex on key agreement, where the client is ...BC614E and the server ...0001."""
    private = {
        "client": (
            VECTORS["hls7_ecdsa_p256"]["inputs"]["client_private"],
            VECTORS["c0e2s_static_unified"]["inputs"]["client_static_private"],
        ),
        "server": (
            VECTORS["hls7_ecdsa_p256"]["inputs"]["server_private"],
            VECTORS["c1e1s_client_to_server"]["inputs"]["server_static_private"],
        ),
    }
    titles = {"client": SERVER, "server": CLIENT}
    pairs = {
        name: (SigningKey(P_256, bytes.fromhex(signing)), AgreementKey(P_256, bytes.fromhex(agreement)))
        for name, (signing, agreement) in private.items()
    }
    signing, agreement = pairs[own]
    known = [
        KnownParty(title=titles[name], verification=pairs[name][0].public, agreement=pairs[name][1].public) for name in pairs
    ]
    return person(
        titles[own],
        titles["server" if own == "client" else "client"],
        correspondence=Correspondence(
            identity=Identity(signing=signing, agreement=agreement),
            directory=directory_of(*known),
            ephemeral=lambda curve: AgreementKey(curve, bytes.fromhex(ephemeral)),
        ),
        keys=KeySet.from_hex(gak=VECTORS["general_ciphering_agreed_key_c1e1s"]["inputs"]["ak"]),
        rules=replace(ANYTHING, accept_encryption_only=True),
        **more,
    )


def test_identified_key_vector() -> None:
    entry = VECTORS["general_ciphering_identified_key"]
    inputs, expected = entry["inputs"], octets_of("general_ciphering_identified_key", "apdu")
    keys = KeySet.from_hex(guek=inputs["ek"], gak=inputs["ak"])
    client, server = people(keys=keys)
    client.counter(KeyRole.GUEK).take()
    step = GeneralCiphered(transaction_id=bytes.fromhex(inputs["transaction_id"]))
    assert protect_layers(bytes.fromhex(inputs["plaintext"]), client, [step]) == expected
    verified = unprotect(expected, server)
    assert verified.plain.hex().upper() == inputs["plaintext"]
    assert general(verified).general == general(verified).general
    assert (verified.invocation_counter, verified.system_title, verified.form) == (1, CLIENT, Form.GENERAL_CIPHERING)
    assert (verified.key_role, verified.protection) == (KeyRole.GUEK, AE)


def test_wrapped_key_vector() -> None:
    """The wrapped key is the one of RFC 3394, 4.1; the tag is made under the key inside."""
    entry = VECTORS["general_ciphering_wrapped_key"]
    inputs, expected = entry["inputs"], octets_of("general_ciphering_wrapped_key", "apdu")
    keys = KeySet.from_hex(kek=inputs["kek"], gak=inputs["ak"])
    cek = bytes.fromhex(inputs["cek"])
    client, server = (
        person(
            own,
            peer,
            keys=keys,
            correspondence=Correspondence(random=lambda count: cek[:count]),
            conventions=Conventions(first_counter=1),
        )
        for own, peer in ((CLIENT, SERVER), (SERVER, CLIENT))
    )
    step = GeneralCiphered(key=KeyChoice.WRAPPED, transaction_id=bytes.fromhex("0000000000000001"))
    assert protect_layers(bytes.fromhex(inputs["plaintext"]), client, [step]) == expected
    verified = unprotect(expected, server)
    assert verified.plain.hex().upper() == inputs["plaintext"]
    assert (verified.key_role, general(verified).key) == (KeyRole.CEK, KeyChoice.WRAPPED)
    assert server.fresh_keys.receiving[CLIENT].key.reveal() == cek


def test_agreed_key_vector() -> None:
    """Point and signature are the published ones, and so is the ciphertext; the tag is our own computation."""
    octets = octets_of("general_ciphering_agreed_key_c1e1s", "apdu")
    published = octets_of("c1e1s_general_ciphering_content", "ciphertext")
    assert octets[-12 - len(published) : -12] == published
    server = annex("server")
    verified = unprotect(octets, server)
    assert verified.plain == octets_of("c1e1s_general_ciphering_content", "plaintext", "inputs")
    assert general(verified).key is KeyChoice.ONE_PASS
    assert server.fresh_keys.receiving[SERVER].key.reveal() == octets_of("c1e1s_client_to_server", "ek")


@pytest.mark.parametrize(("suite_id", "legacy"), [(1, False), (1, True)])
def test_one_pass_agreement_both_ways(suite_id: int, legacy: bool) -> None:
    suffix = "_legacy_algorithm_id" if legacy else ""
    conventions = Conventions(legacy_algorithm_id=legacy)
    client = annex(
        "client", ephemeral=VECTORS["c1e1s_client_to_server"]["inputs"]["client_ephemeral_private"], conventions=conventions
    )
    plain = octets_of("c1e1s_general_ciphering_content", "plaintext", "inputs")
    octets = protect_layers(plain, client, [GeneralCiphered(key=KeyChoice.ONE_PASS, transaction_id=b"\1\2\3\4\5\6\7\x08")])
    assert client.fresh_keys.sending[CLIENT].key.reveal() == octets_of(f"c1e1s_client_to_server{suffix}", "ek")
    content = GeneralCiphering.decode(octets).ciphered_content
    if not legacy:
        assert content[5:-12] == octets_of("c1e1s_general_ciphering_content", "ciphertext")
    assert unprotect(octets, annex("server", conventions=conventions)).plain == plain
    # The server's way back: its ephemeral private key is not published, so its published message is taken apart.
    answer = octets_of("c1e1s_ephemeral_signature_server", "ephemeral_public", "inputs") + octets_of(
        "c1e1s_ephemeral_signature_server", "signature_rs"
    )
    receiving = annex("client", conventions=conventions)
    key = octets_of(f"c1e1s_server_to_client{suffix}", "ek")
    under_it = Key(key).gcm.encryption(CLIENT.octets).protect(bytes(4), plain)
    message = GeneralCiphering(
        b"\1", CLIENT.octets, SERVER.octets, b"", b"", AgreedKey(b"\1", answer), b"\x21" + bytes(4) + under_it
    ).encode()
    assert unprotect(message, receiving).plain == plain
    assert receiving.fresh_keys.receiving == {}  # without a tag nothing proves the key


def test_static_unified_agreement() -> None:
    """The published ciphertext under the published key; as encryption alone, because the published tag fits nothing."""
    inputs = VECTORS["c0e2s_static_unified"]["inputs"]
    plain = octets_of("c0e2s_general_ciphering_content", "plaintext", "inputs")
    client, server = annex("client"), annex("server")
    step = GeneralCiphered(key=KeyChoice.STATIC, transaction_id=bytes.fromhex(inputs["transaction_id"]))
    octets = protect_layers(plain, client, [step])
    assert client.fresh_keys.sending[CLIENT].key.reveal() == octets_of("c0e2s_static_unified", "ek")
    assert GeneralCiphering.decode(octets).ciphered_content[5:-12] == octets_of("c0e2s_general_ciphering_content", "ciphertext")
    assert GeneralCiphering.decode(octets).key_info == AgreedKey(b"\x02", b"")
    assert unprotect(octets, server).plain == plain
    assert server.fresh_keys.receiving[SERVER].key.reveal() == octets_of("c0e2s_static_unified", "ek")


def test_agreement_in_suite_2() -> None:
    entry = VECTORS["c1e1s_suite2_own"]
    from dlmskit.crypto.curves import P_384

    u, v = (AgreementKey(P_384, bytes.fromhex(entry["inputs"][f"{name}_private"])) for name in ("u", "v"))
    sender, receiver = SERVER, CLIENT
    client = person(
        sender,
        receiver,
        suite=SUITE_2,
        correspondence=Correspondence(
            identity=Identity(signing=SigningKey.generate(P_384)),
            directory=directory_of(KnownParty(title=receiver, agreement=v.public)),
            ephemeral=lambda _curve: u,
        ),
    )
    octets = protect_layers(GET_REQUEST, client, [GeneralCiphered(key=KeyChoice.ONE_PASS)])
    assert client.fresh_keys.sending[receiver].key.reveal().hex().upper() == entry["outputs"]["ek"]
    info = GeneralCiphering.decode(octets).key_info
    assert isinstance(info, AgreedKey)
    assert info.key_ciphered_data[:96].hex().upper() == entry["inputs"]["u_public"]
    assert len(info.key_ciphered_data) == 192


def test_every_vector_of_the_form_is_named_unverified() -> None:
    """They are no proof of the authenticated data: docs/explanation/security-vectors.md says so."""
    assert load("security", kind="general_ciphering", verified=True) == []
    assert len(load("security", kind="general_ciphering")) == 3
