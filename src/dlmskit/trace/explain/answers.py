"""Names the values of answers by the requests that went before: what a listener on the line knows of an association.

It remembers which attribute was asked under which invoke-id, and the scalers and units that were read on the way.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from dlmskit.apdu import (
    AccessRequest,
    AccessRequestGet,
    AccessRequestGetWithSelection,
    AccessResponse,
    Apdu,
    CosemAttributeDescriptor,
    DataNotification,
    EventNotificationRequest,
    GetRequestNormal,
    GetRequestWithList,
    GetResponseNormal,
    GetResponseWithList,
    InformationReportRequest,
    ReadResponse,
    SetRequestNormal,
    SetRequestWithList,
)
from dlmskit.codec.data import Data
from dlmskit.trace.naming import NamedValue, named_values
from dlmskit.trace.naming.value import scaler_unit_in
from dlmskit.types.obis import Obis

_SCALED_CLASSES = (3, 4, 5)
_INVOKE_ID = 0x0F


class Answers:
    """The requests that wait for an answer, and the scalers that are known."""

    def __init__(self) -> None:
        self._asked: dict[int, tuple[CosemAttributeDescriptor, ...]] = {}
        self._access: dict[int, tuple[CosemAttributeDescriptor | None, ...]] = {}
        self._scales: dict[Obis, tuple[int, str]] = {}

    def values(self, apdu: Apdu) -> list[NamedValue]:
        """The values that an APDU carries; requests are remembered."""
        match apdu:
            case DataNotification():
                return named_values(apdu.notification_body)
            case GetRequestNormal():
                self._asked[apdu.invoke_id_and_priority & _INVOKE_ID] = (apdu.cosem_attribute_descriptor,)
            case GetRequestWithList():
                self._asked[apdu.invoke_id_and_priority & _INVOKE_ID] = tuple(
                    one.cosem_attribute_descriptor for one in apdu.attribute_descriptor_list
                )
            case GetResponseNormal():
                return self.answered(apdu.invoke_id_and_priority, (apdu.result,))
            case GetResponseWithList():
                return self.answered(apdu.invoke_id_and_priority, apdu.result)
            case EventNotificationRequest():
                return [self._named(apdu.attribute_value, apdu.cosem_attribute_descriptor, "event")]
            case SetRequestNormal():
                return [self._named(apdu.value, apdu.cosem_attribute_descriptor, "write")]
            case SetRequestWithList():
                pairs = zip(apdu.attribute_descriptor_list, apdu.value_list, strict=False)
                return [self._named(value, one.cosem_attribute_descriptor, "write") for one, value in pairs]
            case AccessRequest() | AccessResponse():
                return self._accessed(apdu)
            case ReadResponse():
                return [NamedValue(result) for result in apdu.results if isinstance(result, Data)]
            case InformationReportRequest():
                return [NamedValue(data) for data in apdu.list_of_data]
        return []

    def answered(self, invoke_id: int, results: Iterable[object]) -> list[NamedValue]:
        """Values of an answer under the attributes that were asked with this invoke-id."""
        results = tuple(results)
        asked: tuple[CosemAttributeDescriptor | None, ...] = self._asked.get(invoke_id & _INVOKE_ID, ())
        if len(asked) != len(results):
            asked = (None,) * len(results)
        return [
            self._named(result, descriptor, "request")
            for result, descriptor in zip(results, asked, strict=True)
            if isinstance(result, Data)
        ]

    def assembled(self, apdu: Apdu, octets: bytes) -> list[NamedValue]:
        """Values of a long GET answer, from its blocks put together: one value, or a list of results."""
        invoke_id: int = getattr(apdu, "invoke_id_and_priority", 0)
        asked = self._asked.get(invoke_id & _INVOKE_ID, ())
        if len(asked) > 1 and octets[:1] and octets[0] == len(asked):
            whole = GetResponseWithList.decode(GetResponseWithList.head + bytes((invoke_id,)) + octets)
            return self.answered(invoke_id, whole.result)
        return self.answered(invoke_id, (Data.decode(octets),))

    def _accessed(self, apdu: AccessRequest | AccessResponse) -> list[NamedValue]:
        number = apdu.long_invoke_id_and_priority & 0xFFFFFF
        if isinstance(apdu, AccessRequest):
            self._access[number] = tuple(
                one.cosem_attribute_descriptor if isinstance(one, AccessRequestGet | AccessRequestGetWithSelection) else None
                for one in apdu.access_request_body.access_request_specification
            )
            return []
        body = apdu.access_response_body
        values = body.access_response_list_of_data
        asked = self._access.get(number, ())
        if len(asked) != len(values):
            asked = (None,) * len(values)
        return [self._named(data, one, "request") for data, one in zip(values, asked, strict=True) if data.octets != b"\0"]

    def with_scale(self, value: NamedValue) -> NamedValue:
        """A value of a register with the scaler and unit that were read before it, or behind it."""
        if value.scaler is not None or value.attribute != 2 or value.class_id not in _SCALED_CLASSES or value.obis is None:
            return value
        scaler, unit = self._scales.get(value.obis, (None, None))
        return msgspec.structs.replace(value, scaler=scaler, unit=unit)

    def _named(self, data: Data, descriptor: CosemAttributeDescriptor | None, source: str) -> NamedValue:
        if descriptor is None:
            return NamedValue(data)
        obis, attribute = Obis(descriptor.instance_id), descriptor.attribute_id
        if descriptor.class_id in _SCALED_CLASSES and (scale := scaler_unit_in(data)):
            self._scales[obis] = scale
        return NamedValue(data, obis, descriptor.class_id, attribute, source=source)
