"""Interface class 51, S-FSK Active initiator (Blue Book): the client that a server of an S-FSK network is registered with."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.model import InterfaceClass
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult

NO_BODY = 0
"""MAC address of nobody (NO-BODY)."""


class SfskActiveInitiator(InterfaceClass, class_id=51, version=0, name="S-FSK Active initiator"):
    """System title, MAC address and L-SAP of the initiator; MAC address 0 while the server is in the NEW state."""

    active_initiator = attribute(
        2, "structure{system_title:octet-string,MAC_address:long-unsigned,L_SAP_selector:unsigned}", dynamic=True
    )

    @method(1, "long-unsigned", name="reset_NEW_not_synchronized")
    def reset_new_not_synchronized(self, mac_address: int) -> None:
        """Leave the initiator of that MAC address; other-reason where the server is registered with another one."""
        if self.active_initiator[1] not in {mac_address, NO_BODY}:
            raise ServiceError(DataAccessResult.OTHER_REASON, self.name, f"not registered with {mac_address}")
        self.reset_dynamic()
