"""Interface class 64, Security setup (Blue Book 4.4.7; security concept 5.1): policy, suite and parties of a context.

Attributes only: security_activate, key transfer and agreement, key pairs and certificates are not implemented, and their
methods answer object-unavailable. No key is ever kept in an attribute.
"""

from __future__ import annotations

from dlmskit.codec.data import Data
from dlmskit.cosem.access import AccessMode
from dlmskit.cosem.declaration import Request, absent_method, attribute
from dlmskit.cosem.model import InterfaceClass
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult

_THREE_KEYS = "0=global_unicast_encryption_key,1=global_broadcast_encryption_key,2=authentication_key"
_KEY_ID = f"enum{{{_THREE_KEYS},3=master_key}}"
_ENTITY = "enum{0=server,1=client,2=certification_authority,3=other}"
_CERTIFICATE_TYPE = "enum{0=digital_signature,1=key_agreement,2=TLS,3=other}"
_KEY_PAIR = "enum{0=digital_signature,1=key_agreement,2=TLS}"

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


class SecuritySetupV0(InterfaceClass, class_id=64, version=0, name="Security setup"):
    """Version 0: suite 0 only; the policy is a number from 0 to 3."""

    security_policy = attribute(
        2,
        "enum{0=nothing,1=all_messages_authenticated,2=all_messages_encrypted,3=all_messages_authenticated_and_encrypted}",
        writable=True,
    )
    security_suite = attribute(3, "enum{0=AES-GCM-128_and_AES-128_key_wrap}")
    client_system_title = attribute(4, "octet-string", dynamic=True, writable=True)
    server_system_title = attribute(5, "octet-string")

    security_activate = absent_method(1, "enum")
    global_key_transfer = absent_method(2, f"array<structure{{key_id:enum{{{_THREE_KEYS}}},key_wrapped:octet-string}}>")

    @property
    def policy(self) -> AccessMode:
        """The policy as the protection bits that it demands."""
        return AccessMode.from_policy(self.stored(2).value, self.version)

    @security_policy.writer
    def _write_policy(self, value: Data, request: Request) -> None:
        """A client may add protection, never take it away."""
        wanted = AccessMode.from_policy(value.value, self.version)
        if request.caller is not None and self.policy & ~wanted:
            raise ServiceError(DataAccessResult.OTHER_REASON, "security_policy", "a policy may only become stronger")
        if self.version and value.value & 0x03:
            raise ServiceError(DataAccessResult.OTHER_REASON, "security_policy", "bits 0 and 1 are unused")
        self.store(2, value)


class SecuritySetup(SecuritySetupV0, version=1):
    """Version 1: suites 0 to 2; the policy is a bit map, see `AccessMode`."""

    security_policy = SecuritySetupV0.security_policy.retyped("enum")
    security_suite = attribute(3, "enum{0=suite_0,1=suite_1,2=suite_2}")
    certificates = attribute(6, f"array<{CERTIFICATE_INFO}>", dynamic=True)

    key_transfer = absent_method(2, f"array<structure{{key_id:{_KEY_ID},key_wrapped:octet-string}}>")
    key_agreement = absent_method(3, AGREED_KEYS, AGREED_KEYS)
    generate_key_pair = absent_method(4, _KEY_PAIR)
    generate_certificate_request = absent_method(5, _KEY_PAIR, "octet-string")
    import_certificate = absent_method(6, "octet-string")
    export_certificate = absent_method(7, CERTIFICATE_IDENTIFICATION, "octet-string")
    remove_certificate = absent_method(8, CERTIFICATE_IDENTIFICATION)
