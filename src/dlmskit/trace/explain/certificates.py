"""Takes public keys out of certificates into a key ring. Apart, because X.509 is slow to load and rarely needed.

Whether a certificate is to be trusted is not asked here: the user gave it.
"""

from __future__ import annotations

from dlmskit.crypto.certificates import Certificate, Role
from dlmskit.errors import ConfigError
from dlmskit.trace.explain.keyring import KeyRing


def know_certificate(ring: KeyRing, certificate: Certificate) -> None:
    """Use the public key of an end entity. Raises `ConfigError` for a certificate of another kind."""
    title = certificate.system_title
    if title is None:
        raise ConfigError(f"the certificate of {certificate.common_name!r} names no system title")
    if certificate.role is Role.KEY_AGREEMENT:
        ring.agreement_keys[title] = certificate.public_key
    elif certificate.role is Role.SIGNATURE:
        ring.verification_keys[title] = certificate.public_key
    else:
        raise ConfigError(f"the certificate of {title} is neither for signatures nor for key agreement")
