"""Which frames a server station may take as a command at all (IEC 62056-46, 6.4.2; transport rules for broadcast).

Independent of any link state: what is refused here is discarded in silence, changes nothing and is never answered.
"""

from __future__ import annotations

from dlmskit.link.hdlc.control import FrameKind
from dlmskit.link.hdlc.frame import HdlcFrame


def command_fault(frame: HdlcFrame) -> str:
    """Why a server must discard this frame unseen; empty when it may look at it."""
    if len(frame.source.octets) != 1:
        return "a client address has one octet"
    if frame.source.is_no_station:
        return "the client is no station"
    if frame.destination.is_no_station:
        return "the command is for no station"
    if frame.destination.is_all_stations or frame.destination.lower_is_all_stations:
        if frame.control.kind is not FrameKind.UI:
            return "only UI frames may go to all stations"
        if frame.control.poll_final:
            return "nobody may answer a frame to all stations: its P bit must be 0"
    return ""
