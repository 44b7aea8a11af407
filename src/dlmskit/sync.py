"""The client without asyncio: the words of `dlmskit`, without ``async`` and ``await``.

with dlmskit.sync.connect("tcp://192.0.2.7:4059", keys="meter.keys") as meter:
    print(meter.read("1.0.1.8.0.255"))
"""

from __future__ import annotations

from dlmskit.client.blocking import Meter, Profile, connect

__all__ = ["Meter", "Profile", "connect"]
