"""Public keys out of certificates: of end entities, for their own purpose."""

from __future__ import annotations

import pytest

from dlmskit.crypto.certificates import Certificate
from dlmskit.errors import ConfigError
from dlmskit.trace.explain import KeyRing
from dlmskit.trace.explain.certificates import know_certificate
from dlmskit.types.system_title import SystemTitle
from tests.vectors import load

CERTIFICATES = {entry["name"]: entry["outputs"] for entry in load("security", kind="x509", verified=True)}


@pytest.mark.parametrize(("name", "keys"), [("signature", "verification_keys"), ("key_agreement", "agreement_keys")])
def test_an_end_entity(name: str, keys: str) -> None:
    ring = KeyRing()
    outputs = CERTIFICATES[f"x509_server_{name}"]
    certificate = Certificate(bytes.fromhex(outputs["der"]))
    know_certificate(ring, certificate)
    (title,) = getattr(ring, keys)
    assert title == certificate.system_title == SystemTitle("4D4D4D0000000001")
    assert getattr(ring, keys)[title].octets.hex().upper() == outputs["public_raw_xy"]
    assert len(ring.verification_keys) + len(ring.agreement_keys) == 1


@pytest.mark.parametrize("name", ["x509_root", "x509_server_tls"])
def test_others_are_of_no_use(name: str) -> None:
    ring = KeyRing()
    with pytest.raises(ConfigError):
        know_certificate(ring, Certificate(bytes.fromhex(CERTIFICATES[name]["der"])))
    assert not ring.verification_keys
    assert not ring.agreement_keys
