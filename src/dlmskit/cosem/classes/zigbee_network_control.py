"""Interface class 104, ZigBee network control (Blue Book): the coordinator of a ZigBee network."""

from __future__ import annotations

from dlmskit.cosem.declaration import absent_method, attribute
from dlmskit.cosem.model import InterfaceClass


class ZigbeeNetworkControl(InterfaceClass, class_id=104, version=0, name="ZigBee network control", methods_at=0x20):
    """Joining, and the devices that are there. Its methods need a radio behind the object."""

    enable_disable_joining = attribute(2, "boolean", writable=True)
    join_timeout = attribute(3, "long-unsigned", writable=True)
    active_devices = attribute(
        4,
        (
            "array<structure{mac_address:octet-string,status:bit-string,maxRSSI:integer,averageRSSI:integer,"
            "minRSSI:integer,maxLQI:unsigned,averageLQI:unsigned,minLQI:unsigned,last_communication_date_time:date-time,"
            "number_of_hops:unsigned,transmission_failures:unsigned,transmission_successes:unsigned,"
            "application_version:unsigned,stack_version:unsigned}>"
        ),
        dynamic=True,
    )
    register_device = absent_method(1, "any")
    unregister_device = absent_method(2, "any")
    unregister_all_devices = absent_method(3, "any")
    backup_pan = absent_method(4, "any", name="backup_PAN")
    restore_pan = absent_method(5, "any", name="restore_PAN")
    identify_device = absent_method(6, "any")
    remove_mirror = absent_method(7, "any")
    update_network_key = absent_method(8, "any")
    update_link_key = absent_method(9, "any")
    create_pan = absent_method(10, "any", name="create_PAN")
    remove_pan = absent_method(11, "any", name="remove_PAN")
