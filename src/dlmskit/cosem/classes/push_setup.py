"""Interface class 40, Push setup (Blue Book 4.4.8): what a device sends by itself, whereto and when.

`push` makes the body and hands it to ``on_push``; windows, delays, retries and confirmation are the business of the
sender (`dlmskit.server.push`).
"""

from __future__ import annotations

from collections.abc import Callable

from dlmskit.codec.data import Data
from dlmskit.cosem.declaration import Caller, Request, attribute, method
from dlmskit.cosem.kinds import CAPTURE_OBJECT, DATE_TIME, PROTECTION, RESTRICTION
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.push_list import PushEntry, element, taken
from dlmskit.cosem.selective import CaptureObject
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis

DESTINATION = (
    "structure{transport_service:enum{0=TCP,1=UDP,2=FTP,3=SMTP,4=SMS,5=HDLC,6=M-Bus,7=ZigBee,8=DLMS_gateway,"
    "9=reliable_CoAP,10=unreliable_CoAP},destination:octet-string,"
    "message:enum{0=A-XDR_encoded_xDLMS_APDU,1=XML_encoded_xDLMS_APDU}}"
)
_COLUMN = CAPTURE_OBJECT.removesuffix("}")
OPERATION_METHODS = (
    "enum{0=unconfirmed_retry_on_supporting_layer_failure,1=unconfirmed_retry_on_missing_supporting_layer_confirmation,"
    "2=confirmed_retry_on_missing_confirmation}"
)


class PushSetupV0(InterfaceClass, class_id=40, version=0, name="Push setup", methods_at=0x38):
    """Version 0: the list of what is pushed, and one destination.

    ``on_push`` takes the body of a DataNotification; without it the method push answers object-unavailable.
    ``receiver`` stands for the rights of the push client: what it may not read is sent as null-data.
    """

    push_object_list = attribute(2, f"array<{CAPTURE_OBJECT}>", writable=True)
    send_destination_and_method = attribute(
        3, DESTINATION, writable=True, manufacturer={"transport_service": range(200, 256), "message": range(128, 256)}
    )
    communication_window = attribute(4, f"array<structure{{start_time:{DATE_TIME},end_time:{DATE_TIME}}}>", writable=True)
    randomisation_start_interval = attribute(5, "long-unsigned", writable=True)
    number_of_retries = attribute(6, "unsigned", writable=True)
    repetition_delay = attribute(7, "long-unsigned", writable=True)

    def __init__(self, logical_name: Obis | str = "0.0.25.9.0.255", /, **values: object) -> None:
        super().__init__(logical_name, **values)
        self.on_push: Callable[[Data], None] | None = None
        self.receiver: Caller | None = None

    @method(1, mandatory=True)
    def push(self) -> None:
        """Send the values of push_object_list, once, now."""
        if self.on_push is None:
            raise ServiceError(DataAccessResult.OBJECT_UNAVAILABLE, "push", "nothing to send with")
        self.on_push(self.body())

    def body(self) -> Data:
        """The values in the order of push_object_list; what cannot or may not be read is null-data.

        Raises ServiceError (other-reason) for a selection that cannot be made.
        """
        return Data.structure([self._value(PushEntry.from_data(entry)) for entry in self.stored(2).elements()])

    def _value(self, entry: PushEntry) -> Data:
        entry.check()
        wanted = entry.wanted
        if not entry.may_be_read_by(self.receiver):
            return Data.null()
        if wanted.attribute_index == 0:
            return element(self._public_attributes(wanted), wanted.data_index)
        return taken(entry, self.tree)

    def _public_attributes(self, wanted: CaptureObject) -> Data:
        """Attribute 0: every attribute that the receiver may read; null-data in place of the others."""
        parts = self._parts(wanted)
        return Data.structure([self._value(part) for part in parts]) if parts else Data.null()

    @push_object_list.writer
    def _write_push_object_list(self, value: Data, request: Request) -> None:
        """Nobody has sent what he may not read himself (R-041)."""
        for data in value.elements():
            entry = PushEntry.from_data(data)
            entry.check()
            parts = [entry] if entry.wanted.attribute_index else self._parts(entry.wanted)
            if not all(part.may_be_read_by(request.caller) for part in parts):
                raise ServiceError(DataAccessResult.READ_WRITE_DENIED, "push_object_list", str(entry.wanted.logical_name))
        self.store(2, value)

    def _parts(self, wanted: CaptureObject) -> list[PushEntry]:
        """The attributes of an object, one by one; none where there is no such object."""
        key = wanted.class_id, wanted.logical_name
        numbers = self.tree.get(*key).attributes if key in self.tree else ()
        return [PushEntry(CaptureObject(*key, number)) for number in numbers if number > 0]


class PushSetupV1(PushSetupV0, version=1):
    """Version 1: restrictions, the port, the client, and protection of the body."""

    push_object_list = PushSetupV0.push_object_list.retyped(f"array<{_COLUMN},{RESTRICTION}}}>")
    port_reference = attribute(8, "logical-name", writable=True)
    push_client_sap = attribute(9, "integer", writable=True, name="push_client_SAP")
    push_protection_parameters = attribute(10, f"array<{PROTECTION}>", writable=True)


class PushSetupV2(PushSetupV1, version=2):
    """Version 2: columns of profiles, growing delays, confirmed push."""

    push_object_list = PushSetupV0.push_object_list.retyped(f"array<{_COLUMN},{RESTRICTION},columns:array<{CAPTURE_OBJECT}>}}>")
    repetition_delay = attribute(
        7,
        "structure{repetition_delay_min:long-unsigned,repetition_delay_exponent:long-unsigned,"
        "repetition_delay_max:long-unsigned}",
        writable=True,
    )
    push_operation_method = attribute(11, OPERATION_METHODS, writable=True)
    confirmation_parameters = attribute(
        12,
        "structure{confirmation_start_date:date-time,confirmation_interval:double-long-unsigned}",
        writable=True,
    )
    last_confirmation_date_time = attribute(13, "date-time", dynamic=True)

    @method(2)
    def reset(self) -> None:
        """Stop a push in progress and its retries."""
        if self.on_reset is not None:
            self.on_reset()

    on_reset: Callable[[], None] | None = None


class PushSetup(PushSetupV2, version=3):
    """Version 3: as version 2, as far as is known."""
