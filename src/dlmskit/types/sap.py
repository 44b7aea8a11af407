"""Service access points: the numbers that address clients and logical devices (Green Book, 7.2 and 10.3; Blue Book, 4.1.8).

Client SAPs fit one HDLC address octet (7 bits); server SAPs fit the upper HDLC address of one or two octets (7 or 14 bits)
and the 16 bits of the wrapper. Numbers that companion specifications give to client roles are not held here.
"""

from __future__ import annotations

from typing import Final

NO_STATION: Final = 0
"""Addresses nobody, on either side."""

CLIENT_MANAGEMENT_PROCESS: Final = 1
"""Client: the management process."""
PUBLIC_CLIENT: Final = 16
"""Client: reads without authentication; every server has an association for it."""
LARGEST_HDLC_CLIENT: Final = 0x7F
"""Largest client SAP that an HDLC address holds."""

MANAGEMENT_LOGICAL_DEVICE: Final = 1
"""Server: the logical device that every physical device has."""
FIRST_FREE_SERVER: Final = 16
"""Server: the smallest SAP free for further logical devices; 2 to 15 are reserved."""
ALL_STATION: Final = 0x7F
"""Server: broadcast in a one-octet HDLC upper address, and in the wrapper."""
ALL_STATION_TWO_OCTETS: Final = 0x3FFF
"""Server: broadcast in a two-octet HDLC upper address."""
LARGEST_WRAPPER_SAP: Final = 0xFFFF
"""Largest SAP of either side in a wrapper header."""

_CLIENTS = {NO_STATION: "no station", CLIENT_MANAGEMENT_PROCESS: "client management process", PUBLIC_CLIENT: "public client"}
_SERVERS = {
    NO_STATION: "no station",
    MANAGEMENT_LOGICAL_DEVICE: "management logical device",
    ALL_STATION: "all-station (broadcast)",
    ALL_STATION_TWO_OCTETS: "all-station (broadcast)",
}


def describe_client(sap: int) -> str:
    """What a client SAP stands for: ``public client``, ``client 32``, ``client 5 (reserved)``."""
    return _CLIENTS.get(sap) or (f"client {sap} (reserved)" if 2 <= sap <= 15 else f"client {sap}")


def describe_server(sap: int) -> str:
    """What a server SAP stands for: ``management logical device``, ``logical device 17``, ``logical device 5 (reserved)``."""
    return _SERVERS.get(sap) or (f"logical device {sap} (reserved)" if 2 <= sap <= 15 else f"logical device {sap}")


def is_broadcast(server_sap: int) -> bool:
    """Whether a server SAP addresses every logical device; nothing is answered then."""
    return server_sap in {ALL_STATION, ALL_STATION_TWO_OCTETS}
