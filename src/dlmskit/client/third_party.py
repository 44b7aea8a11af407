"""A third party: reads, writes and switches at a meter through somebody who carries its data and learns nothing of it.

It makes the parameters of the methods of a data protection object (class 30) and opens what they return. A client of the meter,
its agent, calls them: ``await meter.call("0.0.43.2.0.255", request.method, request.parameters)``. Nothing here does
input or output.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.cosem.classes.data_protection import DataProtection
from dlmskit.errors import DecodeError
from dlmskit.security.context import SecurityContext
from dlmskit.security.control import AUTHENTICATED_ENCRYPTED, Protection
from dlmskit.security.data_protection import (
    ProtectionParameters,
    ProtectionType,
    protect_data,
    unprotect_data,
    wish,
)
from dlmskit.security.layers import KeyChoice
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle

GET, SET, INVOKE = 1, 2, 3
"""Methods of class 30."""
Answer = Data | tuple[object, ...]
"""What the method returned to the agent: as COSEM data, or as `call` gives it."""
_ANSWER = DataProtection.method(GET).result_kind
_NO_RESTRICTION = Data.structure((Data.enum(0), Data.null()))


@dataclass(frozen=True, slots=True)
class CarriedRequest:
    """What the agent is asked to do: call this method of the data protection object with these parameters."""

    method: int
    parameters: Data


class ThirdParty:
    """One third party and one meter.

    ``security`` is our side of it: our title and key pairs, the public keys of the meter in its directory (or keys that we share
    with it), counters that are kept. ``layers`` are applied in their order, both ways, each under a key of the kind ``key``.
    """

    def __init__(
        self,
        security: SecurityContext,
        meter: SystemTitle,
        *,
        layers: Sequence[ProtectionType] = (ProtectionType.AUTHENTICATION_AND_ENCRYPTION,),
        key: KeyChoice = KeyChoice.ONE_PASS,
        required: Protection = AUTHENTICATED_ENCRYPTED,
    ) -> None:
        self._security = security
        self._meter = meter
        self._layers = tuple(layers)
        self._key = key
        self._required = required

    def read(self, *attributes: tuple[int, Obis | str, int]) -> CarriedRequest:
        """Ask for attributes: class_id, logical name, number."""
        wanted = [wish(layer, self._security.own_title, self._key) for layer in self._layers]
        return CarriedRequest(GET, Data.structure((_objects(attributes), _parameters(wanted))))

    def write(self, *attributes: tuple[int, Obis | str, int, Data]) -> CarriedRequest:
        """Write attributes: class_id, logical name, number, value. Raises SecurityError."""
        values = [value for *_, value in attributes]
        octets, used = self._protected(values[0] if len(values) == 1 else Data.structure(values))
        objects = _objects([(class_id, name, number) for class_id, name, number, _ in attributes])
        return CarriedRequest(SET, Data.structure((objects, _parameters(used), Data.octet_string(octets))))

    def call(self, class_id: int, logical_name: Obis | str, method: int, parameter: Data | None = None) -> CarriedRequest:
        """Call a method. Raises SecurityError."""
        octets, used = self._protected(Data.integer(0) if parameter is None else parameter)
        called = Data.structure((Data.long_unsigned(class_id), Data.octet_string(Obis(logical_name)), Data.integer(method)))
        return CarriedRequest(INVOKE, Data.structure((called, _parameters(used), Data.octet_string(octets))))

    def values(self, answer: Answer, count: int = 1) -> list[Data]:
        """The ``count`` values of the attributes that were read. Raises SecurityError, DecodeError."""
        data = self.returned(answer)
        if count == 1:
            return [data]
        if data.tag != Tag.STRUCTURE or len(data.elements()) != count:
            raise DecodeError(f"{count} values are expected")
        return list(data.elements())

    def returned(self, answer: Answer) -> Data:
        """What a method returned, or the one value that was read; it must come from the meter, protected as we require.

        Raises SecurityError, DecodeError.
        """
        if not isinstance(answer, Data):
            answer = _ANSWER.encode(answer)
        if answer.tag != Tag.STRUCTURE or len(answer.elements()) != 2:
            raise DecodeError("protection parameters and octets are expected")
        used, octets = answer.elements()
        parameters = ProtectionParameters.list_from_data(used)
        if octets.tag != Tag.OCTET_STRING:
            raise DecodeError("protected data is an octet-string")
        plain, layers = unprotect_data(bytes(octets.value), self._security, parameters, self._required)
        if {layer.originator for layer in layers} != {self._meter}:
            raise DecodeError(f"the answer is not from {self._meter}")
        return Data.decode(plain)

    def _protected(self, value: Data) -> tuple[bytes, tuple[ProtectionParameters, ...]]:
        return protect_data(value.octets, self._security, [wish(layer, self._meter, self._key) for layer in self._layers])


def _objects(attributes: Sequence[tuple[int, Obis | str, int]]) -> Data:
    return Data.array(
        Data.structure(
            (
                Data.long_unsigned(class_id),
                Data.octet_string(Obis(name)),
                Data.integer(number),
                Data.long_unsigned(0),
                _NO_RESTRICTION,
            )
        )
        for class_id, name, number in attributes
    )


def _parameters(parameters: Sequence[ProtectionParameters]) -> Data:
    return Data.array(one.to_data() for one in parameters)
