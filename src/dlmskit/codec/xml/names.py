"""Finds declarations by the names of their elements, and knows the names that only other translators write.

Those are accepted on reading and never written: names of the Gurux translator that are not the ASN.1 names, and both
spellings of names that differ between editions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from dlmskit.codec.schema import Apdu

Services = dict[str, dict[str, type[Apdu]]]
"""Service element -> alternative element (empty where there is none) -> declaration."""


@dataclass(frozen=True, slots=True)
class Registry:
    """The declared APDUs as XML needs them, and the decoder for an APDU that stands inside another."""

    apdus: tuple[type[Apdu], ...]
    decode: Callable[..., Apdu]
    simple: Services = field(default_factory=dict)
    standard: Services = field(default_factory=dict)

    @classmethod
    def of(cls, apdus: Iterable[type[Apdu]], decode: Callable[..., Apdu]) -> Registry:
        """The registry of these declarations."""
        registry = cls(tuple(apdus), decode)
        for declared in registry.apdus:
            registry.simple.setdefault(declared.simple_names[0], {})[declared.simple_names[1]] = declared
            registry.standard.setdefault(declared.service_name, {})[declared.alternative_name] = declared
        return registry

    def alternatives(self, style: str, service: str) -> dict[str, type[Apdu]] | None:
        """What may stand in a service element; None where no service has this name."""
        services = self.simple if style == "simple" else self.standard
        for name in accepted(service):
            if name in services:
                return services[name]
        return None


_ALIASES: dict[str, str | tuple[str, ...]] = {
    # Alternatives of the services in the standard style
    "get-response-with-data-block": "get-response-with-datablock",
    "set-request-first-data-block": "set-request-with-first-datablock",
    "set-request-with-data-block": "set-request-with-datablock",
    "set-response-data-block": "set-response-datablock",
    "set-response-with-last-data-block": "set-response-last-datablock",
    "ActionRequestForNextDataBlock": "action-request-next-pblock",
    # Results
    "DataAccessResult": "DataAccessError",
    "data-access-result": ("data-access-error", "Data-Access-Result"),
    # ACTION inside ACCESS is described like an attribute
    "AttributeDescriptor": "MethodDescriptor",
    "AttributeId": "MethodId",
    "cosem-attribute-descriptor": "cosem-method-descriptor",
    "attribute-id": "method-id",
    # Short names
    "BlockNumberAccess": "block-number-access",
    "ReadDataBlockAccess": "read-data-block-access",
    "WriteDataBlockAccess": "write-data-block-access",
    "DataBlockResult": "data-block-result",
    # ACSE
    "CallingAPTitle": "calling-AP-title",
    "CalledAPTitle": "called-AP-title",
    "RespondingAPTitle": "responding-AP-title",
    "calling-Ae-qualifier": "calling-AE-qualifier",
    "CallingApInvocationId": "CallingAPInvocationId",
    # Protected services
    **{
        f"{prefix}-{kebab}": f"{prefix}-{asn1}"
        for prefix in ("glo", "ded")
        for kebab, asn1 in (
            ("initiate-request", "initiateRequest"),
            ("initiate-response", "initiateResponse"),
            ("read-request", "readRequest"),
            ("read-response", "readResponse"),
            ("write-request", "writeRequest"),
            ("write-response", "writeResponse"),
            ("confirmed-service-error", "confirmedServiceError"),
        )
    },
    "glo_GloConfirmedServiceError": "glo_ConfirmedServiceError",
    "ded_GloConfirmedServiceError": "ded_ConfirmedServiceError",
}


def accepted(name: str) -> tuple[str, ...]:
    """The name itself, and those that it may stand for."""
    others = _ALIASES.get(name, ())
    return (name, others) if isinstance(others, str) else (name, *others)
