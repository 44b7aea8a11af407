"""The media that come with the package: each is one file with a ``SCHEME``, named here as others name theirs by entry points.

A file is imported when its scheme is used. The order is that of the examples in messages.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Final

ENTRY_POINT_GROUP: Final = "dlmskit.transports"


def _own(name: str, module: str, attribute: str = "SCHEME") -> EntryPoint:
    return EntryPoint(name, f"dlmskit.transport.{module}:{attribute}", ENTRY_POINT_GROUP)


BUILT_IN: Final = (
    _own("tcp", "tcp"),
    _own("tls", "tls"),
    _own("udp", "udp"),
    _own("hdlc+tcp", "hdlc_tcp"),
    _own("hdlc+serial", "hdlc_serial"),
    _own("mbus+tcp", "mbus_tcp"),
    _own("mbus+serial", "mbus_serial"),
    _own("sms+serial", "sms_serial"),
    _own("memory", "memory"),
    _own("coap", "coap"),
    _own("sfsk+udp", "narrow", "SFSK"),
    _own("prime+udp", "narrow", "PRIME"),
    _own("g3+udp", "narrow", "G3"),
    _own("mesh+udp", "narrow", "MESH"),
    _own("schc+udp", "narrow", "SCHC"),
)
