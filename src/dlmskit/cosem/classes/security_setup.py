"""Interface class 64, Security setup (Blue Book 4.4.7; security concept 5.1): policy, suite, keys and parties of a context.

The object is the door; keys and certificates are kept by a `KeyKeeper` behind it, and no key is ever in an attribute. Without a
keeper the methods answer object-unavailable. Whether a request is protected well enough is decided before: see `floor_of`.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Any, NamedTuple, Protocol

from dlmskit.codec.data import Data
from dlmskit.cosem.access import AccessMode
from dlmskit.cosem.declaration import Request, attribute, method
from dlmskit.cosem.model import InterfaceClass
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult

_THREE_KEYS = "0=global_unicast_encryption_key,1=global_broadcast_encryption_key,2=authentication_key"
_KEY_ID = f"enum{{{_THREE_KEYS},3=master_key}}"
_ENTITY = "enum{0=server,1=client,2=certification_authority,3=other}"
_CERTIFICATE_TYPE = "enum{0=digital_signature,1=key_agreement,2=TLS,3=other}"
_KEY_PAIR = "enum{0=digital_signature,1=key_agreement,2=TLS}"
MOST_KEYS = 4
"""In one list: one for each key id."""

CERTIFICATE_INFO = (
    f"structure{{certificate_entity:{_ENTITY},certificate_type:{_CERTIFICATE_TYPE},serial_number:octet-string,"
    "issuer:octet-string,subject:octet-string,subject_alt_name:octet-string}"
)
CERTIFICATE_IDENTIFICATION = (
    "structure{certificate_identification_type:enum{0=by_entity,1=by_serial_number},certificate_identification_options:"
    f"choice{{structure{{certificate_entity:{_ENTITY},certificate_type:{_CERTIFICATE_TYPE},system_title:octet-string}},"
    "structure{serial_number:octet-string,issuer:octet-string}}}"
)
AGREED_KEYS = f"array<structure{{key_id:{_KEY_ID},key_data:octet-string}}>"


class KeyId(IntEnum):
    """key_id of key_transfer and key_agreement."""

    GLOBAL_UNICAST_ENCRYPTION_KEY = 0
    GLOBAL_BROADCAST_ENCRYPTION_KEY = 1
    AUTHENTICATION_KEY = 2
    MASTER_KEY = 3


class CertificateEntity(IntEnum):
    """certificate_entity."""

    SERVER = 0
    CLIENT = 1
    CERTIFICATION_AUTHORITY = 2
    OTHER = 3


class KeyData(NamedTuple):
    """One element of the lists of key_transfer (key_wrapped) and key_agreement (key_data)."""

    key_id: int
    octets: bytes


class CertificateInfo(NamedTuple):
    """One element of ``certificates``, in the order of its structure. Names and serial number are DER."""

    certificate_entity: int
    certificate_type: int
    serial_number: bytes
    issuer: bytes
    subject: bytes
    subject_alt_name: bytes = b""


class ByEntity(NamedTuple):
    """certificate_identification of type 0."""

    certificate_entity: int
    certificate_type: int
    system_title: bytes


class BySerialNumber(NamedTuple):
    """certificate_identification of type 1."""

    serial_number: bytes
    issuer: bytes


CertificateIdentification = ByEntity | BySerialNumber


class KeyKeeper(Protocol):
    """Who keeps keys, certificates and policy of one security setup. Every method does all that is asked, durably, or nothing.

    Refusals are ServiceError; the reason is for the log alone. New keys and a new policy are in force after the answer.
    """

    def activate(self, present: AccessMode, wanted: AccessMode) -> None:
        """Take a policy that is not weaker than the present one."""
        ...

    def transfer_keys(self, keys: Sequence[KeyData]) -> None:
        """Unwrap keys under the master key and take them."""
        ...

    def agree_keys(self, keys: Sequence[KeyData]) -> list[KeyData]:
        """Agree on keys (ephemeral unified model) and return our part of the agreement."""
        ...

    def generate_key_pair(self, certificate_type: int) -> None:
        """Make a key pair, which is not used before its certificate is there."""
        ...

    def certificate_request(self, certificate_type: int) -> bytes:
        """PKCS#10 for the key pair made last."""
        ...

    def import_certificate(self, certificate: bytes) -> None:
        """Take a certificate that leads to a trust anchor."""
        ...

    def export_certificate(self, identification: CertificateIdentification) -> bytes:
        """A certificate in DER."""
        ...

    def remove_certificate(self, identification: CertificateIdentification) -> None:
        """Forget a certificate."""
        ...

    def certificates(self) -> list[CertificateInfo]:
        """What certificates there are, trust anchors included."""
        ...


class SecuritySetupV0(InterfaceClass, class_id=64, version=0, name="Security setup", methods_at=0x30):
    """Version 0: suite 0 only; the policy is a number from 0 to 3."""

    keeper: KeyKeeper | None = None
    """Set by the device that the object belongs to."""

    security_policy = attribute(
        2,
        "enum{0=nothing,1=all_messages_authenticated,2=all_messages_encrypted,3=all_messages_authenticated_and_encrypted}",
        writable=True,
    )
    security_suite = attribute(3, "enum{0=AES-GCM-128_and_AES-128_key_wrap}")
    client_system_title = attribute(4, "octet-string", dynamic=True, writable=True)
    server_system_title = attribute(5, "octet-string")

    @property
    def policy(self) -> AccessMode:
        """The policy as the protection bits that it demands."""
        return AccessMode.from_policy(self.stored(2).value, self.version)

    @security_policy.writer
    def _write_policy(self, value: Data, request: Request) -> None:
        """A client may add protection, never take it away."""
        wanted = AccessMode.from_policy(value.value, self.version)
        if self.version and value.value & 0x03:
            raise ServiceError(DataAccessResult.OTHER_REASON, "security_policy", "bits 0 and 1 are unused")
        if self.keeper is not None and request.caller is not None:
            self.keeper.activate(self.policy, wanted)
        if request.caller is not None and self.policy & ~wanted:
            raise ServiceError(DataAccessResult.OTHER_REASON, "security_policy", "a policy may only become stronger")
        self.store(2, value)

    @method(1, "enum")
    def security_activate(self, policy: int, request: Request) -> None:
        """Strengthen the policy: the same act as writing it."""
        self.set(2, Data.enum(policy), request)

    @method(2, f"array<structure{{key_id:enum{{{_THREE_KEYS}}},key_wrapped:octet-string}}>")
    def global_key_transfer(self, keys: list[Any]) -> None:
        """Take keys wrapped under the master key: all of them or none."""
        listed = _key_list(keys)
        self._kept().transfer_keys(listed)

    def _kept(self) -> KeyKeeper:
        if self.keeper is None:
            raise ServiceError(DataAccessResult.OBJECT_UNAVAILABLE, "Security setup", "nobody keeps its keys")
        return self.keeper


class SecuritySetup(SecuritySetupV0, version=1):
    """Version 1: suites 0 to 2; the policy is a bit map, see `AccessMode`."""

    security_policy = SecuritySetupV0.security_policy.retyped("enum")
    security_suite = attribute(3, "enum{0=suite_0,1=suite_1,2=suite_2}")
    certificates = attribute(6, f"array<{CERTIFICATE_INFO}>", dynamic=True)

    @certificates.reader
    def _read_certificates(self, request: Request) -> Data:
        return self.attribute(6).kind.encode([] if self.keeper is None else [tuple(one) for one in self.keeper.certificates()])

    @method(2, f"array<structure{{key_id:{_KEY_ID},key_wrapped:octet-string}}>")
    def key_transfer(self, keys: list[Any]) -> None:
        """Take keys wrapped under the master key: all of them or none."""
        listed = _key_list(keys)
        self._kept().transfer_keys(listed)

    @method(3, AGREED_KEYS, AGREED_KEYS)
    def key_agreement(self, keys: list[Any]) -> list[tuple[int, bytes]]:
        """Agree on keys with fresh key pairs on both sides: all of them or none."""
        listed = _key_list(keys)
        return [(one.key_id, one.octets) for one in self._kept().agree_keys(listed)]

    @method(4, _KEY_PAIR)
    def generate_key_pair(self, certificate_type: int) -> None:
        """Make a key pair of the device."""
        self._kept().generate_key_pair(certificate_type)

    @method(5, _KEY_PAIR, "octet-string")
    def generate_certificate_request(self, certificate_type: int) -> bytes:
        """PKCS#10 in DER for the key pair generated last."""
        return self._kept().certificate_request(certificate_type)

    @method(6, "octet-string")
    def import_certificate(self, certificate: bytes) -> None:
        """Take a certificate in DER; that of the device itself puts its key pair into use."""
        self._kept().import_certificate(certificate)

    @method(7, CERTIFICATE_IDENTIFICATION, "octet-string")
    def export_certificate(self, identification: Any) -> bytes:
        """Give a certificate in DER."""
        return self._kept().export_certificate(_identification(identification))

    @method(8, CERTIFICATE_IDENTIFICATION)
    def remove_certificate(self, identification: Any) -> None:
        """Forget a certificate."""
        self._kept().remove_certificate(_identification(identification))


def _key_list(keys: list[Any]) -> list[KeyData]:
    """The list as it was sent; ServiceError other-reason for repeated key ids, and for an empty list."""
    named = [KeyData(int(key_id), bytes(octets)) for key_id, octets in keys]
    if not 0 < len(named) <= MOST_KEYS or len({one.key_id for one in named}) != len(named):
        raise ServiceError(DataAccessResult.OTHER_REASON, "keys", "each key once, and at least one")
    return named


def _identification(identification: Any) -> CertificateIdentification:
    kind, options = identification
    if kind not in {0, 1} or len(options) != (2 if kind else 3):
        raise ServiceError(DataAccessResult.TYPE_UNMATCHED, "certificate_identification", f"type {kind}, {len(options)} elements")
    return BySerialNumber(*options) if kind else ByEntity(*options)
