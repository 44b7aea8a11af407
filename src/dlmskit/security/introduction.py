"""Parties that introduce themselves: a signature certificate that came with the association (Green Book, 9.2.7.4.7).

It is believed after its path was validated at the time of the moment, and only where its common name is the system title of the
party. A public key that is pinned already is not replaced by any certificate.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from dlmskit.crypto.certificates import Certificate, Role, Trust, validate
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.context import SecurityContext
from dlmskit.security.parties import KnownParty


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateCheck:
    """How certificates that come with an association are judged."""

    trust: Trust
    now: Callable[[], datetime]
    """The time, an aware one."""


def take_certificate(context: SecurityContext, octets: bytes, check: CertificateCheck | None) -> None:
    """Make the peer of the association known by the certificate that it sent.

    Raises `CertificateError`; `SecurityError`: system-title-missing where the peer is not known yet, certificate-refused where
    nothing is trusted here, or another key than that of the certificate is pinned.
    """
    title = context.known_peer_title()
    certificate = Certificate(octets)
    pinned = context.parties.of(title)
    if pinned.verification is not None:
        if pinned.verification != certificate.public_key:
            raise SecurityError(SecurityReason.CERTIFICATE_REFUSED, f"another key of {title} is known here")
        return
    if check is None:
        raise SecurityError(SecurityReason.CERTIFICATE_REFUSED, "a certificate came, and no authority is trusted here")
    validate(certificate, Role.SIGNATURE, check.trust, check.now(), title)
    context.parties.introduce(KnownParty(title=title, verification=certificate.public_key, agreement=pinned.agreement))
