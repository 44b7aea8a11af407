"""Be a meter: logical devices with objects, associations with rights, state that survives, served over any transport."""

from dlmskit.server.clients import AdmittedClient, ClientConfig
from dlmskit.server.device import Device, WallClock
from dlmskit.server.events import LogEntry, SecurityLog
from dlmskit.server.logical_device import LogicalDevice
from dlmskit.server.rights import Grants
from dlmskit.server.storage import Database, StoredRows

__all__ = [
    "AdmittedClient",
    "ClientConfig",
    "Database",
    "Device",
    "Grants",
    "LogEntry",
    "LogicalDevice",
    "SecurityLog",
    "StoredRows",
    "WallClock",
]
