"""The data link layer of a server: one station with all its links, as a machine without input and output.

Frames of the line and the time go in; events come out (`take_events`), which the layer above answers with `send`; then `output`
is what the station says. It speaks when a client has given it the turn (P=1) and gives the turn back with its last frame (F=1).
Several stations may share one line: each takes every frame, and is silent about those of the others.
"""

from __future__ import annotations

from collections.abc import Collection

from dlmskit.link.hdlc import control
from dlmskit.link.hdlc.addresses import HdlcAddress, client_address
from dlmskit.link.hdlc.chains import UnnumberedChains
from dlmskit.link.hdlc.control import Control, FrameKind
from dlmskit.link.hdlc.events import LinkEvent, LinkSettings
from dlmskit.link.hdlc.frame import HdlcFrame
from dlmskit.link.hdlc.llc import BROADCAST, COMMAND, RESPONSE
from dlmskit.link.hdlc.server_link import LinkKey, ServerLink
from dlmskit.link.hdlc.station import command_fault
from dlmskit.link.hdlc.tables import LinkInput

_COMMANDS = frozenset((FrameKind.SNRM, FrameKind.DISC, FrameKind.I, FrameKind.RR, FrameKind.RNR, FrameKind.UNDEFINED))


class HdlcServer:
    """The secondary station of one physical device."""

    def __init__(
        self, uppers: Collection[int] | None = None, lower: int | None = None, settings: LinkSettings | None = None
    ) -> None:
        """``uppers``: the logical devices, None for any; ``lower``: the physical device, None where the line has but one."""
        self.settings = settings or LinkSettings()
        self.ignored = 0
        """Frames for us that were discarded."""
        self._uppers = None if uppers is None else frozenset(uppers)
        self._lower = lower
        self._links: dict[LinkKey, ServerLink] = {}
        self._chains = UnnumberedChains(self.settings.most_octets, self.settings.times.chain)
        self._events: list[LinkEvent] = []
        self._out = bytearray()

    @property
    def links(self) -> int:
        """Clients that have a link now."""
        return len(self._links)

    @property
    def due(self) -> float | None:
        """When to call `tick`; None: nothing is waited for."""
        seconds = self.settings.times.inactivity
        return min((link.heard + seconds for link in self._links.values()), default=None) if seconds else None

    def is_addressed(self, frame: HdlcFrame) -> bool:
        """Whether a frame of the line is for this station."""
        address = frame.destination
        known = address.lower is None or self._lower is None or address.lower == self._lower
        if not known and not address.lower_is_all_stations:
            return False
        return self._uppers is None or address.is_all_stations or address.upper in self._uppers

    def receive(self, frame: HdlcFrame, now: float) -> None:
        """Take one frame of the line, whoever it is for."""
        if not self.is_addressed(frame):
            return
        if command_fault(frame):
            self.ignored += 1
        elif frame.control.kind is FrameKind.UI and not self._rejecting(frame):
            self._take_unnumbered(frame, now)
        elif frame.control.kind in _COMMANDS or frame.control.kind is FrameKind.UI:
            self._take_command(frame, now)
        else:
            self.ignored += 1  # a response: an echo, or another server's

    def tick(self, now: float) -> None:
        """Forget the links of clients that have been silent for too long."""
        seconds = self.settings.times.inactivity
        for key, link in list(self._links.items()):
            if seconds and now >= link.heard + seconds:  # the sum that `due` tells: a difference may round otherwise
                self._settle(key, link, LinkInput.INACTIVE, f"nothing heard for {seconds:g} s")

    def send(self, client: int, server: int, apdu: bytes) -> bool:
        """Queue an APDU for a client with a link; it goes with the next turn. False: there is no link, or it takes no more."""
        link = self._links.get((client, server))
        return link is not None and link.queue(RESPONSE + apdu)

    def send_unnumbered(self, source: HdlcAddress, destination: HdlcAddress, apdu: bytes, *, final: bool = True) -> bool:
        """Send an APDU at once in one UI frame (push). False when it is too long for the client, or for a frame."""
        lsdu = RESPONSE + apdu
        link = self._links.get((destination.upper, source.upper))
        most = (link.parameters if link is not None else self.settings.parameters).transmit_information
        if len(lsdu) > most:
            return False
        self._put(destination, source, control.unnumbered(FrameKind.UI, poll_final=final), lsdu)
        return True

    def address_for(self, client: int, server: int) -> tuple[HdlcAddress, HdlcAddress] | None:
        """How a client that has a link is addressed, and how it addresses us."""
        link = self._links.get((client, server))
        return None if link is None else (client_address(client), link.own)

    def disconnect(self, client: int, server: int, reason: str) -> None:
        """Drop a link from our side; the client learns it by DM when it next asks."""
        link = self._links.get((client, server))
        if link is not None:
            self._settle((client, server), link, LinkInput.DISCONNECT, reason)

    def lost(self, reason: str) -> None:
        """The line is gone."""
        for key, link in list(self._links.items()):
            self._settle(key, link, LinkInput.LOST, reason)

    def output(self) -> bytes:
        """What must be put on the line now; whoever was given the turn gives it back with this."""
        for link in self._links.values():
            for field, information, segmented in link.turn():
                self._put(link.client, link.own, field, information, segmented=segmented)
        octets = bytes(self._out)
        self._out.clear()
        return octets

    def take_events(self) -> list[LinkEvent]:
        """What has happened since the last call, in order."""
        events, self._events = self._events, []
        return events

    def _rejecting(self, frame: HdlcFrame) -> bool:
        link = self._links.get((frame.source.upper, frame.destination.upper))
        return link is not None and link.rejecting

    def _take_command(self, frame: HdlcFrame, now: float) -> None:
        key = frame.source.upper, frame.destination.upper
        link = self._links.get(key)
        if link is None:
            if not frame.control.poll_final:
                self.ignored += 1  # nobody may answer
                return
            link = ServerLink(key, frame.source, self.settings)
            link.has_room = len(self._links) < self.settings.links
        link.own, link.heard = frame.destination, now
        answers, events = link.receive(frame)
        self._follow(key, link, answers, events)

    def _settle(self, key: LinkKey, link: ServerLink, happened: LinkInput, reason: str) -> None:
        self._follow(key, link, *link.end(happened, reason))

    def _follow(self, key: LinkKey, link: ServerLink, answers: list[tuple[Control, bytes]], events: list[LinkEvent]) -> None:
        for field, information in answers:
            self._put(link.client, link.own, field, information)
        self._events += events
        if link.connected:
            self._links[key] = link
        else:
            self._links.pop(key, None)

    def _take_unnumbered(self, frame: HdlcFrame, now: float) -> None:
        link = self._links.get((frame.source.upper, frame.destination.upper))
        if link is not None:
            link.heard = now
        alone = not (frame.destination.is_all_stations or frame.destination.lower_is_all_stations)
        headers = (COMMAND,) if alone else (COMMAND, BROADCAST)
        received = self._chains.add(frame, now, headers, may_answer=alone and frame.control.poll_final)
        if received is not None:
            self._events.append(received)

    def _put(
        self, destination: HdlcAddress, source: HdlcAddress, field: Control, information: bytes = b"", *, segmented: bool = False
    ) -> None:
        self._out += HdlcFrame(destination, source, field, information, segmented).encode()
