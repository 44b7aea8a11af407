"""A token behind the door: SoftHSM does what software does on the same inputs, and gives no key away.

A missing SoftHSM fails these tests, it does not skip them: `apt-get install softhsm2`.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pkcs11
import pytest

from dlmskit.client.pkcs11 import open_token
from dlmskit.client.pkcs11.handles import TokenKey
from dlmskit.client.pkcs11.provider import TokenProvider
from dlmskit.client.pkcs11.thread import on_token
from dlmskit.crypto.certificates import CertificateAuthority, Role, Trust, request_for_agreement, validate
from dlmskit.crypto.curves import P_256, P_384
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.ecdsa import verify
from dlmskit.crypto.gcm import GcmKey
from dlmskit.crypto.provider import CryptoProvider
from dlmskit.crypto.suites import SUITE_1, SUITE_2
from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from dlmskit.security.keys import Secret
from tests.crypto.certificates.pki import NOW, TITLE, VALIDITY
from tests.crypto.provider_cases import AAD, CASES, COUNTER, Case, reason_of
from tests.crypto.provider_cases import TITLE as SENDER
from tests.softhsm import PIN, softhsm
from tests.vectors import wycheproof


@pytest.fixture(scope="module")
def library() -> str:
    """SoftHSM, with an empty token for this module."""
    return softhsm()


@pytest.fixture(scope="module")
def token(library: str) -> Iterator[TokenProvider]:
    with open_token(library, "dlmskit", PIN) as provider:
        yield provider


def attribute(handle: TokenKey, name: str) -> Any:
    return on_token(lambda: handle._key[getattr(pkcs11.Attribute, name)])


def objects(token: TokenProvider) -> int:
    gc.collect()
    return on_token(lambda: len(list(token._session.get_objects())))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__.removeprefix("case_"))
def test_equals_software(token: TokenProvider, case: Case) -> None:
    provider: CryptoProvider = token
    case(provider)


def test_agrees_on_secrets_with_leading_zeros(token: TokenProvider) -> None:
    """Where tokens that cut the zeros of Z would derive another key."""
    tried = 0
    for name, curve, suite in (("ecdh_p256_point", P_256, SUITE_1), ("ecdh_p384_point", P_384, SUITE_2)):
        for entry in wycheproof(name):
            if entry["result"] == "valid" and entry["shared"].startswith("00"):
                private = int(entry["private"], 16).to_bytes(curve.coordinate_octets)
                peer = PublicKey(curve, bytes.fromhex(entry["public"])[1:])
                expected = AgreementKey(curve, private).derive(peer, suite, b"information")
                assert token.agreement_key(curve, private).derive(peer, suite, b"information") == expected
                tried += 1
    assert tried > 10


def test_no_key_can_be_read(token: TokenProvider) -> None:
    handles = [
        token.cipher_key(bytes(16)),
        token.cipher_key(bytes(16), transferable=True),
        token.generate_cipher_key(SUITE_2),
        token.wrapping_key(bytes(16)),
        token.wrapping_key(bytes(16)).unwrap(token.wrapping_key(bytes(16)).wrap_octets(bytes(32))),
        token.signing_key(P_256, b"\x11" * 32),
        token.generate_signing_key(P_384),
        token.agreement_key(P_256, b"\x11" * 32),
        token.generate_agreement_key(P_384),
    ]
    for handle in handles:
        with pytest.raises(SecurityError, match="AttributeSensitive"):
            attribute(handle, "VALUE")
        assert attribute(handle, "EXTRACTABLE") is getattr(handle, "transferable", False)


def test_each_key_does_one_thing(token: TokenProvider) -> None:
    def flags(handle: TokenKey, *names: str) -> list[bool]:
        return [bool(attribute(handle, name)) for name in names]

    assert flags(token.cipher_key(bytes(16)), "ENCRYPT", "DECRYPT", "WRAP", "UNWRAP") == [True, True, False, False]
    assert flags(token.wrapping_key(bytes(16)), "ENCRYPT", "DECRYPT", "WRAP", "UNWRAP") == [False, False, True, True]
    for signer in (token.signing_key(P_256, b"\x11" * 32), token.generate_signing_key(P_256)):
        assert flags(signer, "SIGN", "DERIVE") == [True, False]
    for agreement in (token.agreement_key(P_256, b"\x11" * 32), token.generate_agreement_key(P_256)):
        assert flags(agreement, "SIGN", "DERIVE") == [True, True]


def test_keys_of_another_session_are_not_wrapped(library: str, token: TokenProvider) -> None:
    key = token.cipher_key(bytes(16), transferable=True)
    kek = token.wrapping_key(bytes(16))
    kek._session = object()
    assert reason_of(kek.wrap, key) is SecurityReason.UNSUPPORTED


def test_handles_give_their_objects_back(token: TokenProvider) -> None:
    def use() -> None:
        kek = token.wrapping_key(bytes(16))
        kek.unwrap_octets(kek.wrap(token.generate_cipher_key(SUITE_1, transferable=True)))
        kek.wrap_octets(bytes(32))
        kek.unwrap(kek.wrap_octets(bytes(16)))
        one = token.generate_agreement_key(P_256)
        one.derive(token.agreement_key(P_256, b"\x11" * 32).public, SUITE_1, b"")

    before = objects(token)
    for _ in range(10):
        use()
    assert objects(token) == before


def test_stored_keys_are_found_by_label_and_use(library: str, token: TokenProvider) -> None:
    token.cipher_key(bytes(range(16)), label="guek")
    token.generate_cipher_key(SUITE_2, transferable=True, label="new guek")
    token.wrapping_key(bytes(16), label="kek")
    signer = token.generate_signing_key(P_384, label="signature")
    known = token.signing_key(P_256, b"\x11" * 32, label="known signature")
    agreement = token.generate_agreement_key(P_256, label="agreement")
    mode = token.stored_cipher_key("guek").authenticated_encryption(SENDER, AAD)
    assert mode.protect(COUNTER, b"text") == GcmKey(bytes(range(16))).authenticated_encryption(SENDER, AAD).protect(
        COUNTER, b"text"
    )
    assert token.stored_cipher_key("new guek").transferable
    kek = token.stored_wrapping_key("kek")
    assert len(kek.unwrap_octets(kek.wrap(token.stored_cipher_key("new guek")))) == 32
    for stored, made in ((token.stored_signing_key("signature"), signer), (token.stored_signing_key("known signature"), known)):
        assert stored.public == made.public
        verify(made.public, b"message", stored.sign(b"message"))
    assert token.stored_agreement_key("agreement").public == agreement.public
    gc.collect()
    assert token.stored_wrapping_key("kek").wrap_octets(bytes(16)) == kek.wrap_octets(bytes(16))


@pytest.mark.parametrize("kind", ["cipher", "wrapping", "signing", "agreement"])
def test_a_label_that_is_not_there(token: TokenProvider, kind: str) -> None:
    assert reason_of(getattr(token, f"stored_{kind}_key"), "nothing") is SecurityReason.MISSING_KEY


def test_a_label_of_another_use(token: TokenProvider) -> None:
    token.wrapping_key(bytes(16), label="only wraps")
    token.generate_signing_key(P_256, label="only signs")
    assert reason_of(token.stored_cipher_key, "only wraps") is SecurityReason.MISSING_KEY
    assert reason_of(token.stored_agreement_key, "only signs") is SecurityReason.MISSING_KEY


def test_a_label_means_one_key(token: TokenProvider) -> None:
    token.cipher_key(bytes(16), label="twice")
    token.generate_signing_key(P_256, label="twice")  # another kind of key
    for attempt in (token.cipher_key, token.wrapping_key):
        with pytest.raises(ConfigError, match="'twice' already"):
            attempt(bytes(16), label="twice")
    with pytest.raises(ConfigError, match="'twice' already"):
        token.generate_agreement_key(P_256, label="twice")


def test_an_authority_in_the_token(token: TokenProvider) -> None:
    """Root, request and certificate, with no private key outside."""
    authority = CertificateAuthority.root("ROOT", token.generate_signing_key(P_384), 1, VALIDITY)
    request = request_for_agreement(token.generate_agreement_key(P_256), TITLE)
    certificate = authority.certify(request, TITLE, Role.KEY_AGREEMENT, 2, VALIDITY)
    trust = Trust(suite=SUITE_1, anchors=[authority.certificate])
    assert validate(certificate, Role.KEY_AGREEMENT, trust, NOW, TITLE) == (certificate, authority.certificate)


def test_many_threads_use_one(token: TokenProvider) -> None:
    expected = GcmKey(bytes(16)).authenticated_encryption(SENDER, AAD)
    seen: set[str] = set()

    def work(number: int) -> bool:
        seen.add(on_token(lambda: threading.current_thread().name))
        counter, text = number.to_bytes(4), bytes((number,)) * 50
        return token.cipher_key(bytes(16)).authenticated_encryption(SENDER, AAD).protect(counter, text) == expected.protect(
            counter, text
        )

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(100)))
    assert len(seen) == 1


def test_what_is_not_there(library: str) -> None:
    with pytest.raises(ConfigError, match="no token with this label"):
        open_token(library, "another", PIN)
    with pytest.raises(ConfigError, match="PKCS#11 library"):
        open_token("/nowhere/libpkcs11.so", "dlmskit", PIN)


def test_a_wrong_pin_is_not_repeated_in_the_error(library: str, token: TokenProvider) -> None:
    # A process logs in to a token once, so a second session says that instead of looking at its PIN.
    with pytest.raises(SecurityError) as caught:
        open_token(library, "dlmskit", Secret.from_text("000000"))
    assert caught.value.reason is SecurityReason.KEY_STORE
    assert "000000" not in str(caught.value)


def test_a_token_that_is_gone_is_not_a_wrong_tag(library: str, token: TokenProvider) -> None:
    """A failing token must not look like a forged message."""

    class Gone:
        def __getattr__(self, name: str):
            def refuse(*arguments: object, **settings: object) -> None:
                raise pkcs11.exceptions.DeviceRemoved

            return refuse

    key, kek = token.cipher_key(bytes(16)), token.wrapping_key(bytes(16))
    mode = key.authenticated_encryption(SENDER, AAD)
    sent, wrapped = mode.protect(COUNTER, b"text"), kek.wrap_octets(bytes(16))
    for handle in (key, kek):
        handle._session, handle._key = Gone(), Gone()
    for attempt in (lambda: mode.unprotect(COUNTER, sent), lambda: kek.unwrap(wrapped)):
        with pytest.raises(SecurityError, match="DeviceRemoved") as caught:
            attempt()
        assert caught.value.reason is SecurityReason.KEY_STORE


def test_the_thread_does_not_wait_for_itself() -> None:
    with pytest.raises(RuntimeError, match="wait for itself"):
        on_token(lambda: on_token(lambda: None))


def test_the_whole_life_of_a_token(library: str, tmp_path: Path) -> None:
    """In a process of its own: a wrong PIN, the right one, a key that outlives its session, and an end without a word."""
    script = f"""
from dlmskit.client.pkcs11 import open_token
from dlmskit.errors import SecurityError
from dlmskit.security.keys import Secret

try:
    open_token({library!r}, "dlmskit", Secret.from_text("000000"))
except SecurityError as error:
    print(error)
token = open_token({library!r}, "dlmskit", Secret.from_text({PIN.reveal().decode()!r}))
key = token.wrapping_key(bytes(16))
token.close()
try:
    key.wrap_octets(bytes(16))
except SecurityError as error:
    print(error)
del key
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines() == [
        "key-store: the PIN of the token is another one",
        "key-store: the token refused: SessionHandleInvalid",
    ]


def test_without_the_library_the_extra_is_named(tmp_path: Path) -> None:
    script = """
import sys
sys.modules["pkcs11"] = None  # as if it were not installed
from dlmskit.client.pkcs11 import open_token
from dlmskit.errors import ConfigError
from dlmskit.security.keys import Secret

try:
    open_token("libsofthsm2.so", "dlmskit", Secret(b"1"))
except ConfigError as error:
    print(error)
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (run.stdout.strip(), run.stderr) == ("tokens need the library python-pkcs11: pip install 'dlmskit[hsm]'", "")


COLLECTED_EVERYWHERE = """
import gc, sys, threading
from dlmskit.client.pkcs11.handles import TokenKey
from dlmskit.client.pkcs11.thread import on_token

destroyed = set()

class Object:
    def destroy(self):
        destroyed.add(threading.current_thread().name)

def collect(frame, event, argument):
    handle = TokenKey(None, Object())
    handle.itself = handle  # so that only the collector finds it
    del handle
    gc.collect(0)

on_token(lambda: None)
threading.setprofile(collect)
sys.setprofile(collect)
for number in range(3):
    assert on_token(lambda: number) == number
sys.setprofile(None)
threading.setprofile(None)
on_token(lambda: None)
print(*destroyed)
"""


def test_a_collection_at_any_point_stops_nothing(tmp_path: Path) -> None:
    """The collector runs in every call of handing work over, on both threads, and finds a handle there each time."""
    run = subprocess.run(
        [sys.executable, "-c", COLLECTED_EVERYWHERE], capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60
    )
    assert (run.stdout, run.stderr) == ("dlmskit-pkcs11_0\n", "")


def test_an_error_of_the_library_ends_on_the_thread_of_the_tokens(token: TokenProvider) -> None:
    """Its traceback would keep an operation of the session alive, and end it on whatever thread drops the error."""
    with pytest.raises(SecurityError) as refused:
        attribute(token.cipher_key(bytes(16)), "VALUE")
    with pytest.raises(SecurityError) as failed:
        token.wrapping_key(bytes(16)).unwrap(bytes(24))
    for error in (refused.value, failed.value):
        assert error.__context__ is None
        assert error.__cause__ is None


def test_a_child_process_does_not_wait_for_the_thread_of_its_parent(tmp_path: Path) -> None:
    script = """
import os, signal
from dlmskit.client.pkcs11.thread import on_token
on_token(lambda: None)
child = os.fork()
if child == 0:
    signal.alarm(20)
    os._exit(on_token(lambda: 42))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, cwd=tmp_path, timeout=60)
    assert run.stdout == "42\n"
