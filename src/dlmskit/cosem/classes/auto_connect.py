"""Interface class 29, Auto connect (Blue Book): when and where a modem calls or connects by itself."""

from __future__ import annotations

from dlmskit.cosem.declaration import absent_method, attribute
from dlmskit.cosem.model import InterfaceClass


class AutoConnectV0(InterfaceClass, class_id=29, version=0, name="PSTN auto dial"):
    """Version 0: PSTN auto dial, with phone numbers."""

    mode = attribute(
        2,
        (
            "enum{0=no_auto_dialling,1=anytime,2=inside_calling_window,3=regular_in_window_alarm_anytime,4=SMS_PLMN,"
            "5=SMS_PSTN,6=e-mail}"
        ),
        writable=True,
        manufacturer=range(200, 256),
    )
    repetitions = attribute(3, "unsigned", writable=True)
    repetition_delay = attribute(4, "long-unsigned", writable=True)
    calling_window = attribute(
        5, "array<structure{start_time:octet-string(date-time),end_time:octet-string(date-time)}>", writable=True
    )
    phone_list = attribute(6, "array<octet-string>", writable=True)


class AutoConnectV1(AutoConnectV0, version=1, name="Auto connect"):
    """Version 1: destinations of any network."""

    mode = attribute(
        2,
        (
            "enum{0=no_auto_connect,1=anytime,2=inside_calling_window,3=regular_in_window_alarm_anytime,4=SMS_PLMN,"
            "5=SMS_PSTN,6=e-mail,101=permanently_connected,102=permanently_connected_in_window,"
            "103=connect_on_method_in_window,104=connect_on_method}"
        ),
        writable=True,
        manufacturer=range(200, 256),
    )
    destination_list = attribute(6, "array<octet-string>", writable=True)


class AutoConnect(AutoConnectV1, version=2):
    """Version 2: modes for packet networks. Connecting needs a modem behind the object."""

    connect = absent_method(1)
