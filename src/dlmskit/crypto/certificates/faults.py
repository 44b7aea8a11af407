"""Why a certificate, a request or a revocation list is refused: one code per fault, for the log and the user."""

from __future__ import annotations

from enum import StrEnum

from dlmskit.errors import SecurityError, SecurityReason


class CertificateFault(StrEnum):
    """What is wrong."""

    MALFORMED = "malformed"
    """Not DER, not version 3, or not what the standard allows at that place."""
    PUBLIC_KEY = "public-key"
    """The public key is no point on P-256 or P-384 in its canonical, uncompressed form."""
    CURVE = "curve"
    """The curve is not one that the security suite uses at that place."""
    SIGNATURE_ALGORITHM = "signature-algorithm"
    """Not the ECDSA and hash of the signer's curve: SHA-1, MD5, RSA, or the hash of the other curve."""
    SIGNATURE = "signature"
    """The issuer is the right one, its signature is not: something was changed."""
    WRONG_ISSUER = "wrong-issuer"
    """A certificate with the issuer's name is there, but another key signed."""
    ISSUER_UNKNOWN = "issuer-unknown"
    """No certificate of the issuer is there: an intermediate is missing, or the root is not trusted."""
    NOT_A_CA = "not-a-ca"
    """An issuer has no CA flag, or a CA stands where an end entity should."""
    PATH_LENGTH = "path-length"
    """More certification authorities than one of them, or our own limit, allows."""
    KEY_USAGE = "key-usage"
    """The key may not be used for this."""
    CRITICAL_EXTENSION = "critical-extension"
    """A critical extension that is not known here."""
    NOT_YET_VALID = "not-yet-valid"
    EXPIRED = "expired"
    SYSTEM_TITLE = "system-title"
    """The common name of an end entity is not a system title in 16 hexadecimal digits."""
    TITLE_MISMATCH = "title-mismatch"
    """It is the system title of somebody else."""
    KEY_MISMATCH = "key-mismatch"
    """The certificate is for another key than the private one at hand."""
    REVOKED = "revoked"
    REVOCATION_LIST = "revocation-list"
    """A revocation list was not signed by the issuer it names."""
    REVOCATION_UNKNOWN = "revocation-unknown"
    """A current revocation list is asked for, and none is there."""
    PROOF_OF_POSSESSION = "proof-of-possession"
    """A request was not signed by the key that it is for."""
    PATH = "path"
    """The path validation of `cryptography` refused what our own checks let pass."""


class CertificateError(SecurityError):
    """A certificate, request or revocation list is refused."""

    def __init__(self, fault: CertificateFault, message: str) -> None:
        super().__init__(SecurityReason.CERTIFICATE_REFUSED, f"{fault.value}: {message}")
        self.fault = fault
