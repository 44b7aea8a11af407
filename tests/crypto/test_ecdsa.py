"""ECDSA against published signatures and all of Wycheproof in the form r || s."""

from __future__ import annotations

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.crypto import ecdsa
from dlmskit.crypto.curves import CURVES, P_256, P_384
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.crypto.ecdsa import SigningKey, from_der, to_der, verify
from dlmskit.errors import SecurityError, SecurityReason
from tests.vectors import load, parameters, wycheproof

KEY = SigningKey(P_256, b"\x11" * 32)
KEY_384 = SigningKey(P_384, b"\x22" * 48)


def refused(public: PublicKey, message: bytes, signature: bytes) -> str:
    with pytest.raises(SecurityError) as caught:
        verify(public, message, signature)
    assert caught.value.reason is SecurityReason.SIGNATURE_INVALID
    return str(caught.value)


def accepts(public: PublicKey, message: bytes, signature: bytes) -> bool:
    try:
        verify(public, message, signature)
    except SecurityError as error:
        return error.reason is not SecurityReason.SIGNATURE_INVALID
    return True


@pytest.mark.case("R-060")
@pytest.mark.parametrize(
    ("name", "curve", "valid"), [("ecdsa_p256_sha256_p1363", P_256, 173), ("ecdsa_p384_sha384_p1363", P_384, 193)]
)
def test_wycheproof(name: str, curve, valid: int) -> None:
    accepted = 0
    for entry in wycheproof(name):
        public = PublicKey(curve, bytes.fromhex(entry["publicKey"]["uncompressed"])[1:])
        answer = accepts(public, bytes.fromhex(entry["msg"]), bytes.fromhex(entry["sig"]))
        assert answer is (entry["result"] == "valid"), entry["tcId"]
        accepted += answer
    assert accepted == valid


def signed(entry) -> tuple[bytes, bytes, bytes]:
    """Public key, message and signature of a vector; what was signed is its message or the ephemeral key, as its source says."""
    known = entry["inputs"] | entry["outputs"]
    public = known.get("signer_public") or known["public_raw_xy"]
    message = known.get("signed_data") or known.get("message") or known["ephemeral_public"]
    return bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(known["signature_rs"])


@pytest.mark.parametrize("entry", parameters(load("security", kind="ecdsa")))
def test_published_signatures(entry) -> None:
    point, message, signature = signed(entry)
    public = PublicKey(P_256 if len(point) == 64 else P_384, point)
    verify(public, message, signature)
    refused(public, message + b"\x00", signature)
    for at in range(len(signature)):
        refused(public, message, signature[:at] + bytes((signature[at] ^ 1,)) + signature[at + 1 :])


@pytest.mark.parametrize(
    ("name", "private", "message", "signature"),
    [
        ("hls7_ecdsa_p256", "client_private", "signed_pass3", "f_stoc"),
        ("hls7_ecdsa_p256", "server_private", "signed_pass4", "f_ctos"),
        ("general_signing_over_glo_get", "private", "tbs", "signature_rs"),
    ],
)
def test_signatures_are_those_of_rfc_6979(name: str, private: str, message: str, signature: str) -> None:
    (entry,) = load("security", name=name)
    key = SigningKey(P_256, bytes.fromhex(entry["inputs"][private]))
    made = key.sign(bytes.fromhex(entry["inputs"][message]))
    assert made.hex().upper() == entry["outputs"][signature]
    verify(key.public, bytes.fromhex(entry["inputs"][message]), made)


@given(st.sampled_from([KEY, KEY_384]), st.binary(max_size=300))
def test_what_is_signed_verifies(key: SigningKey, message: bytes) -> None:
    signature = key.sign(message)
    assert len(signature) == key.curve.signature_octets
    verify(key.public, message, signature)
    refused(key.public, message + b"\x00", signature)
    assert from_der(key.curve, to_der(signature)) == signature


@pytest.mark.case("R-060")
@pytest.mark.parametrize("key", [KEY, KEY_384])
def test_only_plain_fixed_length(key: SigningKey) -> None:
    signature = key.sign(b"message")
    expected = f"{key.curve.signature_octets} octets"
    for wrong in (to_der(signature), signature[:-1], signature + b"\x00", b"\x00" + signature, b""):
        assert expected in refused(key.public, b"message", wrong)


@pytest.mark.case("R-060")
@pytest.mark.parametrize("key", [KEY, KEY_384])
def test_r_and_s_are_in_range(key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> None:
    """Out of range is refused before the primitive is asked, whatever it would say."""
    size, order = key.curve.coordinate_octets, key.curve.order
    signature = key.sign(b"message")
    r, s = signature[:size], signature[size:]
    monkeypatch.setattr(ecdsa, "encode_dss_signature", lambda *numbers: pytest.fail(f"the primitive was asked: {numbers}"))
    for number in (0, order, order + 1, 2 ** (8 * size) - 1):
        bad = number.to_bytes(size)
        for wrong in (bad + s, r + bad, bad + bad):
            assert "r and s" in refused(key.public, b"message", wrong)


@pytest.mark.case("R-060")
def test_the_mirrored_s_is_the_same_proof() -> None:
    """n - s verifies too, in every ECDSA: so nothing here may use a signature as the name of a message."""
    signature = KEY.sign(b"message")
    mirrored = signature[:32] + (P_256.order - int.from_bytes(signature[32:])).to_bytes(32)
    assert mirrored != signature
    verify(KEY.public, b"message", mirrored)


def test_an_old_openssl_signs_with_its_own_random_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    def old(hash_, deterministic_signing=False):
        if deterministic_signing:
            raise UnsupportedAlgorithm("needs OpenSSL 3.2")
        return real(hash_)

    real = ec.ECDSA
    monkeypatch.setattr(ec, "ECDSA", old)
    one, other = KEY.sign(b"message"), KEY.sign(b"message")
    assert one != other
    verify(KEY.public, b"message", one)
    verify(KEY.public, b"message", other)


@pytest.mark.parametrize("curve", CURVES.values())
@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"\x30\x06\x02\x01\x01\x02\x01\x01\x00", b"\x30\x06\x02\x01\xff\x02\x01\x01"])
def test_what_is_no_signature_in_der(curve, der: bytes) -> None:
    with pytest.raises(SecurityError) as caught:
        from_der(curve, der)
    assert caught.value.reason is SecurityReason.SIGNATURE_INVALID


def test_a_signature_of_the_larger_curve_does_not_fit_the_smaller() -> None:
    with pytest.raises(SecurityError):
        from_der(P_256, to_der(KEY_384.sign(b"message")))
