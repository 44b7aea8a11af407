"""What a server sends on its own: EventNotification, DataNotification and its confirmation (Green Book, ASN.1)."""

from __future__ import annotations

from typing import Annotated

from dlmskit.apdu.common import CosemAttributeDescriptor, LongInvokeId
from dlmskit.apdu.registry import apdu
from dlmskit.codec.schema import Apdu
from dlmskit.codec.wire import DataValue, DateTimeString, EventTime, Name


@apdu(0xC2)
class EventNotificationRequest(Apdu, frozen=True, gc=False):
    """One attribute, sent because something happened."""

    time: Annotated[bytes | None, EventTime()]
    cosem_attribute_descriptor: Annotated[CosemAttributeDescriptor, Name("AttributeDescriptor")]
    attribute_value: DataValue


@apdu(0x0F)
class DataNotification(Apdu, frozen=True, gc=False):
    """Push: normally a structure in the order of the push object list."""

    long_invoke_id_and_priority: LongInvokeId
    date_time: DateTimeString
    notification_body: Annotated[DataValue, Name("NotificationBody/DataValue", "notification-body/data-value")]


@apdu(0x10)
class DataNotificationConfirm(Apdu, frozen=True, gc=False):
    """The receiver of a confirmed push has got it (newest editions only)."""

    long_invoke_id_and_priority: LongInvokeId
    date_time: DateTimeString
