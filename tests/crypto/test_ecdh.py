"""Key agreement against published values and all of Wycheproof, with public keys as DLMS sends them: x || y."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.crypto.curves import P_256, P_384
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.ecdsa import verify
from dlmskit.crypto.kdf import algorithm_id, derive_key, ephemeral_unified_info
from dlmskit.crypto.suites import SUITE_1
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.types.system_title import SystemTitle
from tests.vectors import load, parameters, wycheproof

# What each published agreement calls the keys of the two sides, whose private ones are not all printed.
SIDES = {
    "c2e0s_ecdh_shared_secret": [("server_ephemeral_private", "client_ephemeral_public")],
    "c1e1s_client_to_server": [
        ("client_ephemeral_private", "server_static_public"),
        ("server_static_private", "client_ephemeral_public"),
    ],
    "c1e1s_server_to_client": [("client_static_private", "server_ephemeral_public")],
    "c0e2s_static_unified": [("client_static_private", "server_static_public")],
    "c1e1s_suite2_own": [("u_private", "v_public"), ("v_private", "u_public")],
}


@pytest.mark.parametrize("entry", parameters([entry for name in SIDES for entry in load("security", name=name)]))
def test_published_secrets(entry) -> None:
    for private, public in SIDES[entry["name"]]:
        octets = bytes.fromhex(entry["inputs"][private])
        curve = P_256 if len(octets) == 32 else P_384
        key, peer = AgreementKey(curve, octets), PublicKey(curve, bytes.fromhex(entry["inputs"][public]))
        assert key.agree(peer).hex().upper() == entry["outputs"]["z"]


@pytest.mark.case("R-061")
@pytest.mark.parametrize(("name", "curve", "valid"), [("ecdh_p256_point", P_256, 330), ("ecdh_p384_point", P_384, 771)])
def test_wycheproof(name: str, curve, valid: int) -> None:
    agreed, reasons = 0, set()
    for entry in wycheproof(name):
        # A DLMS peer does not send the 04 in front; whatever begins otherwise is sent as it is.
        octets = bytes.fromhex(entry["public"])
        octets = octets[1:] if octets[:1] == b"\x04" else octets
        private = int(entry["private"], 16).to_bytes(curve.coordinate_octets)
        try:
            z = AgreementKey(curve, private).agree(PublicKey(curve, octets))
        except SecurityError as error:
            reasons.add(error.reason)
        else:
            assert entry["result"] == "valid", entry["tcId"]
            assert z.hex() == entry["shared"]
            agreed += 1
    assert agreed == valid
    assert reasons == {SecurityReason.PUBLIC_KEY_INVALID}


def test_wycheproof_public_keys_of_certificates() -> None:
    agreed = 0
    for name in ("ecdh_p256_spki", "ecdh_p384_spki"):
        for entry in wycheproof(name):
            if entry["result"] == "valid":
                peer = PublicKey.from_spki(bytes.fromhex(entry["public"]))
                key = AgreementKey(peer.curve, int(entry["private"], 16).to_bytes(peer.curve.coordinate_octets))
                assert key.agree(peer).hex() == entry["shared"]
                agreed += 1
    assert agreed == 4


@pytest.mark.case("R-061")
def test_a_key_on_the_other_curve_is_refused() -> None:
    with pytest.raises(SecurityError, match="P-256 and P-384") as caught:
        AgreementKey.generate(P_256).agree(AgreementKey.generate(P_384).public)
    assert caught.value.reason is SecurityReason.PUBLIC_KEY_INVALID


@given(st.sampled_from([P_256, P_384]))
def test_both_sides_agree(curve) -> None:
    one, other = AgreementKey.generate(curve), AgreementKey.generate(curve)
    z = one.agree(other.public)
    assert z == other.agree(one.public)
    assert len(z) == curve.coordinate_octets


def test_derives_from_what_was_agreed() -> None:
    one, other = AgreementKey.generate(P_256), AgreementKey.generate(P_256)
    client, server = SystemTitle("4D4D4D0000BC614E"), SystemTitle("4D4D4D0000000001")
    info = ephemeral_unified_info(algorithm_id(SUITE_1), client, server)
    key = one.derive(other.public, SUITE_1, info)
    assert key == other.derive(one.public, SUITE_1, info) == derive_key(SUITE_1, one.agree(other.public), info)
    assert key != one.derive(other.public, SUITE_1, info + b"\x00")


def test_the_proof_of_possession_is_a_signature() -> None:
    key = AgreementKey.generate(P_384)
    verify(key.public, b"request", key.prove_possession(b"request"))
