"""Interface class 27, Modem configuration (Blue Book): speed, initialisation and result strings of a modem."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class ModemConfigurationV0(InterfaceClass, class_id=27, version=0, name="PSTN modem configuration"):
    """Version 0: initialisation without delays."""

    comm_speed = attribute(2, "enum{0=300,1=600,2=1200,3=2400,4=4800,5=9600,6=19200,7=38400,8=57600,9=115200}", writable=True)
    initialization_string = attribute(3, "array<structure{request:octet-string,response:octet-string}>", writable=True)
    modem_profile = attribute(4, "array<octet-string>", writable=True)


class ModemConfiguration(ModemConfigurationV0, version=1, name="Modem configuration"):
    """Initialisation strings with the answer that is expected, and a delay in ms."""

    initialization_string = attribute(
        3, "array<structure{request:octet-string,response:octet-string,delay_after_response:long-unsigned}>", writable=True
    )
