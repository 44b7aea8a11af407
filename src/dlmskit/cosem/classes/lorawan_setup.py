"""Interface class 128, LoRaWAN setup (Blue Book): a LoRaWAN end device."""

from __future__ import annotations

from dlmskit.cosem.declaration import absent_method, attribute
from dlmskit.cosem.model import InterfaceClass


class LoRaWanSetup(InterfaceClass, class_id=128, version=0, name="LoRaWAN setup", methods_at=0x60):
    """Class, region and address. Its methods need a radio behind the object."""

    device_class = attribute(2, "enum", dynamic=True, name="class")
    state = attribute(3, "enum", dynamic=True)
    max_transmit_eirp_setting = attribute(4, "integer", writable=True, name="max_transmit_EIRP_setting")
    adr_mode = attribute(5, "boolean", dynamic=True, name="ADR_mode")
    regional_parameters = attribute(6, "enum", dynamic=True)
    device_operation = attribute(7, "any", dynamic=True)
    modem_versions = attribute(8, "any", writable=True)
    devaddr = attribute(9, "double-long-unsigned", dynamic=True, name="devAddr")
    join_strategy = attribute(10, "enum", dynamic=True)
    multicasts_parameters = attribute(11, "array<any>", dynamic=True)
    disconnect_from_network = absent_method(1, "any")
    change_class = absent_method(2, "any")
    change_region = absent_method(3, "any")
