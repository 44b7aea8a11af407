"""Interface class 28, Auto answer (Blue Book): when a modem answers a call, and whose."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class AutoAnswerV0(InterfaceClass, class_id=28, version=0, name="PSTN auto answer"):
    """Version 0: PSTN."""

    mode = attribute(2, "enum", writable=True)
    listening_window = attribute(
        3, "array<structure{start_time:octet-string(date-time),end_time:octet-string(date-time)}>", writable=True
    )
    status = attribute(4, "enum{0=inactive,1=active,2=locked}", dynamic=True)
    number_of_calls = attribute(5, "unsigned", writable=True)
    number_of_rings = attribute(6, "structure{nr_rings_in_window:unsigned,nr_rings_out_of_window:unsigned}", writable=True)


class AutoAnswer(AutoAnswerV0, version=2, name="Auto answer"):
    """Listening windows, numbers of calls and rings, and callers that are let through."""

    mode = attribute(
        2,
        (
            "enum{0=line_dedicated_to_the_device,1=shared_line_limited_number_of_calls,"
            "2=shared_line_limited_number_of_successful_calls,3=currently_no_modem_connected}"
        ),
        writable=True,
        manufacturer=range(200, 256),
    )
    list_of_allowed_callers = attribute(
        7, "array<structure{caller_id:octet-string,call_type:enum{0=normal_CSD_call,1=wake_up_request}}>", writable=True
    )
