"""A server that sends by itself: Push setup objects (class 40) drive deliveries over transports.

`delivery` decides when an attempt is due, `message` makes and protects the APDU, `sender` connects and waits for confirmations.
"""

from __future__ import annotations

from dlmskit.server.push.delivery import Delivery, Schedule
from dlmskit.server.push.destination import Destination, Dial
from dlmskit.server.push.message import PushMessage
from dlmskit.server.push.outlets import Outlets
from dlmskit.server.push.sender import PushEvent, PushOutcome, PushSender

__all__ = ["Delivery", "Destination", "Dial", "Outlets", "PushEvent", "PushMessage", "PushOutcome", "PushSender", "Schedule"]
