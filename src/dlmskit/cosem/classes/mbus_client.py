"""Interface class 72, M-Bus client (Blue Book): a meter on the M-Bus behind this one (EN 13757-3).

Reaching the slave is the business of the device: it hangs itself behind the object as `MBusPort`. Without one, what needs
the bus answers object-unavailable, and what is only book-keeping works.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from dlmskit.codec.data import Data
from dlmskit.cosem.declaration import attribute, method
from dlmskit.cosem.model import InterfaceClass
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult

CAPTURE_ELEMENT = "structure{data_information_block:octet-string,value_information_block:octet-string}"
DATA_ELEMENT = "structure{data_information_block:octet-string,value_information_block:octet-string,data:any}"

_ENCRYPTION_KEY_STATUS = (
    "enum{0=no_encryption_key,1=encryption_key_set,2=encryption_key_transferred,"
    "3=encryption_key_set_and_transferred,4=encryption_key_in_use}"
)


class MBusPort(Protocol):
    """What the device does for the object, on the bus. Each refuses with ServiceError."""

    def install(self, primary_address: int) -> int:
        """Find a slave and assign it an address; 0: the next free one. Gives the address."""
        ...

    def deinstall(self) -> None:
        """Let the slave go: its keys and its address."""
        ...

    def capture(self, definition: Sequence[Any]) -> None:
        """Read the values of the capture definition into their registers."""
        ...

    def synchronize_clock(self) -> None:
        """Give the slave our time."""
        ...

    def send(self, elements: Sequence[Any]) -> None:
        """Send data elements to the slave."""
        ...

    def set_encryption_key(self, key: bytes) -> None:
        """Use a key with the slave from now on; an empty one: none."""
        ...

    def transfer_key(self, wrapped: bytes) -> None:
        """Hand the slave its new key, wrapped under its default key."""
        ...


class MBusClientV0(InterfaceClass, class_id=72, version=0, name="M-Bus client", methods_at=0x60):
    """Version 0. ``capture_period`` is in s, 0: by method alone."""

    mbus_port_reference = attribute(2, "logical-name")
    capture_definition = attribute(3, f"array<{CAPTURE_ELEMENT}>", writable=True)
    capture_period = attribute(4, "double-long-unsigned", writable=True)
    primary_address = attribute(5, "unsigned", dynamic=True, writable=True)
    identification_number = attribute(6, "double-long-unsigned", dynamic=True, writable=True)
    manufacturer_id = attribute(7, "long-unsigned", dynamic=True, writable=True)
    slave_version = attribute(8, "unsigned", dynamic=True, writable=True, name="version")
    device_type = attribute(9, "unsigned", dynamic=True, writable=True)
    access_number = attribute(10, "unsigned", dynamic=True)
    status = attribute(11, "unsigned", dynamic=True)
    alarm = attribute(12, "unsigned", dynamic=True)
    port: MBusPort | None = None
    """The bus; None: there is none behind the object."""

    @method(1, "unsigned")
    def slave_install(self, primary_address: int) -> None:
        """Take a slave in; other-reason while another one is installed."""
        if self.primary_address:
            raise ServiceError(DataAccessResult.OTHER_REASON, "slave_install", f"slave {self.primary_address} is installed")
        self.primary_address = self._bus("slave_install").install(primary_address)

    @method(2)
    def slave_deinstall(self) -> None:
        """Let the slave go, and forget what it was."""
        self._bus("slave_deinstall").deinstall()
        self.reset_dynamic()

    @method(3)
    def capture(self) -> None:
        """Read the slave now."""
        self._bus("capture").capture(self.capture_definition)

    @method(4)
    def reset_alarm(self) -> None:
        """Clear the alarm word."""
        self.alarm = 0

    @method(5)
    def synchronize_clock(self) -> None:
        """Give the slave our time."""
        self._bus("synchronize_clock").synchronize_clock()

    @method(6, f"array<{DATA_ELEMENT}>")
    def data_send(self, elements: Any) -> None:
        """Send data elements to the slave."""
        self._bus("data_send").send(elements)

    @method(7, "octet-string")
    def set_encryption_key(self, key: bytes) -> None:
        """Use a key with the slave; an empty one ends the encryption."""
        self._bus("set_encryption_key").set_encryption_key(key)
        self._key_known(set_=bool(key))

    @method(8, "octet-string")
    def transfer_key(self, wrapped: bytes) -> None:
        """Hand the slave its new key, wrapped under its default key."""
        self._bus("transfer_key").transfer_key(wrapped)
        self._key_known(transferred=True)

    def _key_known(self, *, set_: bool | None = None, transferred: bool = False) -> None:
        """Version 0 has no attribute for it."""

    def _bus(self, wanted: str) -> MBusPort:
        if self.port is None:
            raise ServiceError(DataAccessResult.OBJECT_UNAVAILABLE, wanted, "no M-Bus is behind this object")
        return self.port


class MBusClient(MBusClientV0, version=1):
    """Version 1: configuration word of the slave, and what became of its key."""

    configuration = attribute(13, "long-unsigned", dynamic=True)
    encryption_key_status = attribute(14, _ENCRYPTION_KEY_STATUS, dynamic=True)

    def _key_known(self, *, set_: bool | None = None, transferred: bool = False) -> None:
        """Bit 0: set here; bit 1: transferred to the slave."""
        status = self.stored(14).value & 3
        if set_ is not None:
            status = (status | 1) if set_ else 0
        self.store(14, Data.enum(status | 2 if transferred else status))
