"""The client without asyncio: the words of `dlmskit`, without ``async`` and ``await``.

with dlmskit.sync.connect("tcp://192.0.2.7:4059", keys="meter.keys") as meter:
    print(meter.read("1.0.1.8.0.255"))
"""

from __future__ import annotations

from dlmskit.client.blocking import Meter, Profile, connect
from dlmskit.client.objects import blocking as objects
from dlmskit.trace.listening import BlockingPushListener as PushListener
from dlmskit.trace.listening import listen_blocking as listen

__all__ = ["Meter", "Profile", "PushListener", "connect", "listen", "objects"]
