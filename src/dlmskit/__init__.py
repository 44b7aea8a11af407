"""Secure DLMS/COSEM (IEC 62056), end to end: explain telegrams, read meters, be a meter.

    async with dlmskit.connect("tcp://192.0.2.7:4059", keys="meter.keys") as meter:
        print(await meter.register("1.0.1.8.0.255"))

This is the public door: it re-exports, and nothing else. `dlmskit.sync` has the client without asyncio.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dlmskit import sync
    from dlmskit.client.aio import Meter, Profile, connect
    from dlmskit.client.in_order import Call, Read, Write
    from dlmskit.client.objects import aio as objects
    from dlmskit.client.plan import WeakSecurityWarning
    from dlmskit.client.readings import ObjectEntry, Reading
    from dlmskit.codec.data import Data
    from dlmskit.codec.profile import ProfileTable
    from dlmskit.errors import (
        ConfigError,
        DecodeError,
        DlmsError,
        EncodeError,
        LocalProtocolError,
        ProtocolError,
        RemoteProtocolError,
        SecurityError,
        SecurityReason,
        ServiceError,
        TransportError,
        TransportTimeout,
    )
    from dlmskit.limits import Limits
    from dlmskit.security.keys import Key, KeyRole, KeySet, Secret
    from dlmskit.security.vault import KeyVault
    from dlmskit.trace.listening import Push, PushListener, listen
    from dlmskit.types.datetime import CosemDateTime
    from dlmskit.types.obis import Obis
    from dlmskit.types.system_title import SystemTitle

_HOMES = {
    "dlmskit.client.aio": ("Meter", "Profile", "connect"),
    "dlmskit.client.in_order": ("Call", "Read", "Write"),
    "dlmskit.client.plan": ("WeakSecurityWarning",),
    "dlmskit.client.readings": ("ObjectEntry", "Reading"),
    "dlmskit.codec.data": ("Data",),
    "dlmskit.codec.profile": ("ProfileTable",),
    "dlmskit.errors": (
        *("ConfigError", "DecodeError", "DlmsError", "EncodeError", "LocalProtocolError", "ProtocolError"),
        *("RemoteProtocolError", "SecurityError", "SecurityReason", "ServiceError", "TransportError", "TransportTimeout"),
    ),
    "dlmskit.limits": ("Limits",),
    "dlmskit.security.keys": ("Key", "KeyRole", "KeySet", "Secret"),
    "dlmskit.security.vault": ("KeyVault",),
    "dlmskit.trace.listening": ("Push", "PushListener", "listen"),
    "dlmskit.types.datetime": ("CosemDateTime",),
    "dlmskit.types.obis": ("Obis",),
    "dlmskit.types.system_title": ("SystemTitle",),
}
_MODULES = {"objects": "dlmskit.client.objects.aio", "sync": "dlmskit.sync"}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Call",
    "ConfigError",
    "CosemDateTime",
    "Data",
    "DecodeError",
    "DlmsError",
    "EncodeError",
    "Key",
    "KeyRole",
    "KeySet",
    "KeyVault",
    "Limits",
    "LocalProtocolError",
    "Meter",
    "Obis",
    "ObjectEntry",
    "Profile",
    "ProfileTable",
    "ProtocolError",
    "Push",
    "PushListener",
    "Read",
    "Reading",
    "RemoteProtocolError",
    "Secret",
    "SecurityError",
    "SecurityReason",
    "ServiceError",
    "SystemTitle",
    "TransportError",
    "TransportTimeout",
    "WeakSecurityWarning",
    "Write",
    "connect",
    "listen",
    "objects",
    "sync",
]


def __getattr__(name: str) -> Any:
    """Load what is asked for at its first use: a tool that decodes telegrams needs no event loop."""
    if name in _MODULES:
        return import_module(_MODULES[name])
    if name not in _HOME_OF:
        raise AttributeError(f"module 'dlmskit' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_HOME_OF[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
