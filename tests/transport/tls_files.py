"""Certificates of the DLMS profile for TLS, and of hosts, as files that a test can name."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from dlmskit.crypto.certificates import CertificateAuthority, Role, Validity
from dlmskit.crypto.curves import P_256
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.types.system_title import SystemTitle

FROM, UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)
METER, CLIENT = SystemTitle("4D4D4D0000BC614E"), SystemTitle("4D4D4D0000000001")
_serials = count(1)


class Authority:
    """A root, and what it vouches for; every file holds a certificate and its key."""

    def __init__(self, folder: Path, name: str) -> None:
        self._folder = folder
        self._name = name
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._root = CertificateAuthority.root(name, _signing(self._key), next(_serials), Validity(FROM, UNTIL))
        self.path = str(self._written(f"{name}.pem", self._root.certificate.primitive))

    def of_title(self, title: SystemTitle, passphrase: bytes | None = None, until: datetime = UNTIL) -> str:
        """A certificate of the DLMS profile: the common name is a system title."""
        key = ec.generate_private_key(ec.SECP256R1())
        issued = self._root.issue(title, _signing(key).public, Role.TLS, next(_serials), Validity(FROM, until))
        return str(self._written(f"{self._name}-{title}-{next(_serials)}.pem", issued.primitive, key, passphrase))

    def of_host(self, address: str) -> str:
        """A certificate as the web has them."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "meter")])
        builder = x509.CertificateBuilder(self._root.certificate.primitive.subject, name, key.public_key(), next(_serials))
        builder = builder.not_valid_before(FROM).not_valid_after(UNTIL)
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
        issued = builder.add_extension(names, critical=False).sign(self._key, hashes.SHA256())
        return str(self._written(f"{self._name}-host.pem", issued, key))

    def _written(self, name: str, certificate: x509.Certificate, key=None, passphrase: bytes | None = None) -> Path:
        octets = certificate.public_bytes(serialization.Encoding.PEM)
        if key is not None:
            sealed = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
            octets += key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, sealed)
        path = self._folder / name
        path.write_bytes(octets)
        return path


def _signing(key: ec.EllipticCurvePrivateKey) -> SigningKey:
    return SigningKey(P_256, key.private_numbers().private_value.to_bytes(32))
