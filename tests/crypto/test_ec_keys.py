"""Keys on curves: what is no point is never a key, and private keys do not show themselves."""

from __future__ import annotations

import copy
import pickle

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.crypto.curves import CURVES, P_256, P_384
from dlmskit.crypto.ec_keys import PrivateKey, PublicKey
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.errors import SecurityError, SecurityReason
from tests.vectors import load, parameters, wycheproof

PAIR = load("security", name="signature_key_pair_client")[0]
POINT = bytes.fromhex(PAIR["outputs"]["public_raw_xy"])


def refused(curve, octets: bytes) -> str:
    with pytest.raises(SecurityError) as caught:
        PublicKey(curve, octets)
    assert caught.value.reason is SecurityReason.PUBLIC_KEY_INVALID
    return str(caught.value)


@pytest.mark.parametrize("entry", parameters(load("security", kind="ec_keypair")))
@pytest.mark.parametrize("kind", [SigningKey, AgreementKey])
def test_published_pairs(entry, kind) -> None:
    octets = bytes.fromhex(entry["inputs"]["private"])
    key = kind(P_256, octets)
    assert key.public.octets.hex().upper() == entry["outputs"]["public_raw_xy"]
    assert key.reveal() == octets


@pytest.mark.case("R-061")
@pytest.mark.parametrize("size", [0, 1, 33, 63, 65, 96])
def test_a_public_key_has_one_length(size: int) -> None:
    assert "64 octets" in refused(P_256, (POINT * 2)[:size])


@pytest.mark.case("R-061")
def test_points_that_are_none() -> None:
    x = int.from_bytes(POINT[:32])
    prime = 2**256 - 2**224 + 2**192 + 2**96 - 1
    for octets in (
        bytes(64),  # where infinity would be, were it written as coordinates
        b"\x04" + POINT[:63],  # the prefix of certificates
        bytes((POINT[0] ^ 1,)) + POINT[1:],
        POINT[:32] + bytes(32),
        prime.to_bytes(32) + POINT[32:],
        b"\xff" * 64,
        ((x + prime) % 2**256).to_bytes(32) + POINT[32:],
    ):
        assert "not on P-256" in refused(P_256, octets)
    # The quadratic twist: an x without a y on the curve.
    off = next(n for n in range(5, 50) if not is_x_of_a_point(n))
    refused(P_256, off.to_bytes(32) + POINT[32:])


def is_x_of_a_point(x: int) -> bool:
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x02" + x.to_bytes(32))
    except ValueError:
        return False
    return True


@pytest.mark.case("R-061")
@pytest.mark.parametrize("name", ["ecdh_p256_spki", "ecdh_p384_spki"])
def test_wycheproof_subject_public_keys(name: str) -> None:
    """Only the canonical form is taken: all that Wycheproof calls acceptable, compressed points included, is refused."""
    curve = P_256 if "p256" in name else P_384
    accepted, reasons = 0, set()
    for entry in wycheproof(name):
        der = bytes.fromhex(entry["public"])
        try:
            key = PublicKey.from_spki(der)
        except SecurityError as error:
            reasons.add(error.reason)
        else:
            # A sound key on the other curve of DLMS is a key: that it is the wrong one, the suite decides.
            assert entry["result"] == "valid" or key.curve is not curve, entry["tcId"]
            assert key.spki == der
            accepted += key.curve is curve
    assert reasons == {SecurityReason.PUBLIC_KEY_INVALID}
    assert accepted == sum(entry["result"] == "valid" for entry in wycheproof(name)) > 0


def test_other_kinds_of_key_are_refused() -> None:
    strangers = (rsa.generate_private_key(65537, 2048), ec.generate_private_key(ec.SECP521R1()))
    for stranger in strangers:
        der = stranger.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        with pytest.raises(SecurityError, match="not a public key on a curve of DLMS"):
            PublicKey.from_spki(der)


@pytest.mark.parametrize("curve", CURVES.values())
def test_a_private_key_has_one_length_and_range(curve) -> None:
    size = curve.coordinate_octets
    wrong = [0, curve.order, curve.order + 1, 2 ** (8 * size) - 1]
    for octets in [number.to_bytes(size) for number in wrong] + [b"\x01" * (size - 1), b"\x01" * (size + 1)]:
        with pytest.raises(SecurityError) as caught:
            PrivateKey(curve, octets)
        assert caught.value.reason is SecurityReason.WRONG_KEY_LENGTH
        assert octets.hex() not in str(caught.value)
    for number in (1, curve.order - 1):
        assert PrivateKey(curve, number.to_bytes(size)).reveal() == number.to_bytes(size)


@given(st.sampled_from(list(CURVES.values())))
def test_generated_keys(curve) -> None:
    one, other = SigningKey.generate(curve), SigningKey.generate(curve)
    assert one.public != other.public
    assert SigningKey(curve, one.reveal()).public == one.public
    assert PublicKey(curve, one.public.octets) == PublicKey.from_spki(one.public.spki) == one.public
    assert hash(PublicKey(curve, one.public.octets)) == hash(one.public)


@pytest.mark.parametrize("kind", [SigningKey, AgreementKey])
def test_shows_nothing(kind) -> None:
    key = kind(P_256, bytes.fromhex(PAIR["inputs"]["private"]))
    assert repr(key) == f"{kind.__name__}(P-256, ...)"
    assert copy.copy(key) is copy.deepcopy(key) is key
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(key)
    assert pickle.loads(pickle.dumps(key.public)) == key.public
    assert repr(key.public) == "PublicKey(P-256, BAAFFDE0...)"
    assert key.public != key


def test_no_key_does_both() -> None:
    assert not hasattr(SigningKey, "agree")
    assert not hasattr(AgreementKey, "sign")
