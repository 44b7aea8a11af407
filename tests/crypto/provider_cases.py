"""What every provider must do: the same octets as the primitives give, for each operation behind the door.

`test_software` runs it on software, `test_pkcs11` on a token, so that both are held to one list.
"""

from __future__ import annotations

import pickle
from collections.abc import Callable

import pytest

from dlmskit.crypto.curves import CURVES, P_256, P_384
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.crypto.ecdsa import verify
from dlmskit.crypto.gcm import GcmKey
from dlmskit.crypto.keywrap import wrap_key
from dlmskit.crypto.provider import CryptoProvider
from dlmskit.crypto.suites import SUITE_0, SUITE_1, SUITE_2
from dlmskit.errors import SecurityError, SecurityReason
from tests.vectors import load

TITLE, COUNTER, AAD = b"MMM\x00\x00\xbcaN", b"\x01\x23\x45\x67", b"\x30" + bytes(range(0xD0, 0xE0))
KEYS = [bytes(range(16)), bytes(range(32))]
TEXTS = [b"", b"\xc0\x01\xc1", bytes(1000)]

Case = Callable[[CryptoProvider], None]


def reason_of(attempt: Callable[..., object], *arguments: object) -> SecurityReason:
    with pytest.raises(SecurityError) as caught:
        attempt(*arguments)
    return caught.value.reason


def case_authenticated_encryption(provider: CryptoProvider) -> None:
    for octets in KEYS:
        ours, expected = (key.authenticated_encryption(TITLE, AAD) for key in (provider.cipher_key(octets), GcmKey(octets)))
        for text in TEXTS:
            sent = expected.protect(COUNTER, text)
            assert ours.protect(COUNTER, text) == sent
            assert ours.unprotect(COUNTER, sent) == text
            assert ours.unprotect(b"\x01\x23\x45\x68", sent) is None
            for at in (0, len(sent) - 12, len(sent) - 1):
                assert ours.unprotect(COUNTER, sent[:at] + bytes((sent[at] ^ 1,)) + sent[at + 1 :]) is None
            for size in (0, 11, len(sent) - 1):
                assert ours.unprotect(COUNTER, sent[:size]) is None
            assert ours.unprotect(COUNTER, sent + b"\x00") is None


def case_authentication(provider: CryptoProvider) -> None:
    for octets in KEYS:
        ours, expected = (key.authentication(TITLE, AAD) for key in (provider.cipher_key(octets), GcmKey(octets)))
        for text in TEXTS:
            sent = expected.protect(COUNTER, text)
            assert ours.protect(COUNTER, text) == sent
            assert ours.unprotect(COUNTER, sent) == text
            for at in (0, len(sent) - 12, len(sent) - 1):
                assert ours.unprotect(COUNTER, sent[:at] + bytes((sent[at] ^ 1,)) + sent[at + 1 :]) is None
            for size in (0, 11, len(sent) - 1):
                assert ours.unprotect(COUNTER, sent[:size]) is None


def case_encryption(provider: CryptoProvider) -> None:
    for octets in KEYS:
        ours, expected = (key.encryption(TITLE) for key in (provider.cipher_key(octets), GcmKey(octets)))
        for text in TEXTS:
            sent = expected.protect(COUNTER, text)
            assert ours.protect(COUNTER, text) == sent
            assert ours.unprotect(COUNTER, sent) == text


def case_published_protection(provider: CryptoProvider) -> None:
    """The Green Book's example, through the door."""
    (entry,) = load("security", name="apdu_auth_enc")
    given = {name: bytes.fromhex(value) for name, value in entry["inputs"].items() if isinstance(value, str)}
    key = provider.cipher_key(given["ek"])
    mode = key.authenticated_encryption(given["system_title"], given["sc"] + given["ak"])
    expected = bytes.fromhex(entry["outputs"]["ciphertext"] + entry["outputs"]["tag"])
    assert mode.protect(given["invocation_counter"], given["plaintext"]) == expected


def case_wrapping(provider: CryptoProvider) -> None:
    for kek in KEYS:
        wrapping = provider.wrapping_key(kek)
        for octets in (b"\x5a" * 16, b"\xa5" * 32):
            wrapped = wrap_key(kek, octets)
            assert wrapping.wrap_octets(octets) == wrapped
            assert wrapping.wrap(provider.cipher_key(octets, transferable=True)) == wrapped
            assert wrapping.unwrap_octets(wrapped) == octets
            inside = wrapping.unwrap(wrapped).encryption(TITLE).protect(COUNTER, b"text")
            assert inside == GcmKey(octets).encryption(TITLE).protect(COUNTER, b"text")


def case_wrapping_refuses(provider: CryptoProvider) -> None:
    kek = provider.wrapping_key(KEYS[0])
    wrapped = wrap_key(KEYS[0], b"\x5a" * 16)
    for at in (0, 12, 23):
        changed = wrapped[:at] + bytes((wrapped[at] ^ 1,)) + wrapped[at + 1 :]
        assert reason_of(kek.unwrap, changed) is SecurityReason.DECIPHERING_FAILED
        assert reason_of(kek.unwrap_octets, changed) is SecurityReason.DECIPHERING_FAILED
    for size in (0, 16, 23, 25, 32):
        assert reason_of(kek.unwrap, bytes(size)) is SecurityReason.WRONG_KEY_LENGTH
        assert reason_of(kek.unwrap_octets, bytes(size)) is SecurityReason.WRONG_KEY_LENGTH
    for size in (0, 8, 15, 17, 24):
        assert reason_of(kek.wrap_octets, bytes(size)) is SecurityReason.WRONG_KEY_LENGTH
        assert reason_of(provider.wrapping_key, bytes(size)) is SecurityReason.WRONG_KEY_LENGTH
        assert reason_of(provider.cipher_key, bytes(size)) is SecurityReason.WRONG_KEY_LENGTH


def case_only_transferable_keys_leave(provider: CryptoProvider) -> None:
    kek = provider.wrapping_key(KEYS[0])
    received = kek.unwrap(wrap_key(KEYS[0], b"\x5a" * 16))
    foreign = GcmKey(b"\x5a" * 16)
    for key in (provider.cipher_key(KEYS[0]), provider.generate_cipher_key(SUITE_1), received, foreign):
        assert reason_of(kek.wrap, key) is SecurityReason.UNSUPPORTED


def case_generated_keys(provider: CryptoProvider) -> None:
    for suite in (SUITE_0, SUITE_1, SUITE_2):
        kek = provider.wrapping_key(KEYS[0])
        one, other = (provider.generate_cipher_key(suite, transferable=True) for _ in range(2))
        assert kek.wrap(one) != kek.wrap(other)
        octets = kek.unwrap_octets(kek.wrap(one))
        assert len(octets) == suite.key_octets
        mode, expected = one.authenticated_encryption(TITLE, AAD), GcmKey(octets).authenticated_encryption(TITLE, AAD)
        assert mode.protect(COUNTER, b"text") == expected.protect(COUNTER, b"text")


def case_signatures(provider: CryptoProvider) -> None:
    (entry,) = load("security", name="signature_key_pair_client")
    known = provider.signing_key(P_256, bytes.fromhex(entry["inputs"]["private"]))
    assert known.public.octets.hex().upper() == entry["outputs"]["public_raw_xy"]
    for signer in (known, provider.signing_key(P_384, b"\x22" * 48), *map(provider.generate_signing_key, CURVES.values())):
        for message in (b"", b"message", bytes(5000)):
            signature = signer.sign(message)
            assert len(signature) == signer.public.curve.signature_octets
            verify(signer.public, message, signature)


def case_agreement(provider: CryptoProvider) -> None:
    for name, private, public, suite, curve in (
        ("c1e1s_client_to_server", "server_static_private", "client_ephemeral_public", SUITE_1, P_256),
        ("c0e2s_static_unified", "client_static_private", "server_static_public", SUITE_1, P_256),
        ("c1e1s_suite2_own", "v_private", "u_public", SUITE_2, P_384),
    ):
        (entry,) = load("security", name=name)
        given = {name: bytes.fromhex(value) for name, value in entry["inputs"].items()}
        key = provider.agreement_key(curve, given[private])
        derived = key.derive(PublicKey(curve, given[public]), suite, given["other_info"])
        assert derived.hex().upper() == entry["outputs"]["ek"]


def case_generated_agreement(provider: CryptoProvider) -> None:
    for curve, suite in ((P_256, SUITE_1), (P_384, SUITE_2)):
        one, other = provider.generate_agreement_key(curve), provider.generate_agreement_key(curve)
        assert one.public != other.public
        key = one.derive(other.public, suite, b"information")
        assert key == other.derive(one.public, suite, b"information")
        assert len(key) == suite.key_octets
        verify(one.public, b"request", one.prove_possession(b"request"))


def case_agreement_refuses(provider: CryptoProvider) -> None:
    small, large = provider.generate_agreement_key(P_256), provider.generate_agreement_key(P_384)
    assert reason_of(small.derive, large.public, SUITE_1, b"") is SecurityReason.PUBLIC_KEY_INVALID


def case_private_keys_have_one_length_and_range(provider: CryptoProvider) -> None:
    for curve in CURVES.values():
        size = curve.coordinate_octets
        for octets in (b"\x01" * (size - 1), b"\x01" * (size + 1), bytes(size), curve.order.to_bytes(size)):
            assert reason_of(provider.signing_key, curve, octets) is SecurityReason.WRONG_KEY_LENGTH
            assert reason_of(provider.agreement_key, curve, octets) is SecurityReason.WRONG_KEY_LENGTH


def case_handles_show_nothing(provider: CryptoProvider) -> None:
    secret = bytes(range(16))
    handles = [
        provider.cipher_key(secret),
        provider.cipher_key(secret, transferable=True),
        provider.wrapping_key(secret),
        provider.signing_key(P_256, secret * 2),
        provider.agreement_key(P_256, secret * 2),
    ]
    for handle in handles:
        for shown in (repr(handle), str(handle)):
            assert secret.hex() not in shown.lower()
            assert repr(secret)[2:-1] not in shown
            assert str(int.from_bytes(secret * 2)) not in shown
        with pytest.raises(TypeError):
            pickle.dumps(handle)


CASES: list[Case] = [case for name, case in sorted(globals().items()) if name.startswith("case_")]
