"""One link of a server station to one client: the state of the table, and what the station owes for each frame."""

from __future__ import annotations

from dlmskit.errors import DecodeError
from dlmskit.link.events import Received
from dlmskit.link.hdlc import control
from dlmskit.link.hdlc.addresses import HdlcAddress
from dlmskit.link.hdlc.control import Control, FrameKind
from dlmskit.link.hdlc.events import Connected, LinkEvent, LinkSettings, ended
from dlmskit.link.hdlc.frame import HdlcFrame
from dlmskit.link.hdlc.llc import COMMAND, split_llc
from dlmskit.link.hdlc.parameters import DEFAULT_PARAMETERS, HdlcParameters, decode_parameters
from dlmskit.link.hdlc.tables import LinkInput, LinkMachine, LinkState, Reaction, Role
from dlmskit.link.hdlc.transfer import Acknowledgement, Order, Transfer

LinkKey = tuple[int, int]
"""Client address and upper part of the server address."""
Answer = tuple[Control, bytes]

_NUMBERED = frozenset((FrameKind.I, FrameKind.RR, FrameKind.RNR))
_UNDEFINED, _FORBIDDEN, _TOO_LONG, _BAD_NUMBER = 1, 2, 4, 8
"""W, X, Y and Z of FRMR: control field undefined, information not permitted, information too long, N(R) invalid."""


class ServerLink:
    """The server's end of a link."""

    def __init__(self, key: LinkKey, client: HdlcAddress, settings: LinkSettings) -> None:
        self.client = self.own = client
        """``own``: the server's address as the client writes it; answers come from there."""
        self.heard = 0.0
        self.has_room = True
        self._key = key
        self._settings = settings
        self._machine = LinkMachine(Role.SECONDARY)
        self._transfer = Transfer(settings.parameters, settings.most_octets)
        self._polled = False
        """The client has given us the turn, and waits for F=1."""
        self._rejection = b""
        """Information field of the FRMR that holds until the link is set up anew."""

    @property
    def connected(self) -> bool:
        """Whether there is a link at all."""
        return self._machine.state is not LinkState.DISCONNECTED

    @property
    def rejecting(self) -> bool:
        """Whether nothing but FRMR is said."""
        return self._machine.state is LinkState.REJECTING

    @property
    def parameters(self) -> HdlcParameters:
        """As agreed, seen from the server."""
        return self._transfer.parameters

    def queue(self, lsdu: bytes) -> bool:
        """Take an LSDU for the client; False when it leaves too much uncollected already."""
        if self._machine.state is not LinkState.CONNECTED or self._transfer.full:
            return False
        self._transfer.queue(lsdu)
        return True

    def receive(self, frame: HdlcFrame) -> tuple[list[Answer], list[LinkEvent]]:
        """Take a frame from this client: what to answer at once, and what to tell the layer above."""
        happened, told, delivered = self._read(frame)
        if happened is None:
            return [], []
        reaction = self._machine.move(happened)
        if reaction is Reaction.EXCHANGE:
            self._polled = self._polled or frame.control.poll_final
            return [], [] if delivered is None else [delivered]
        events: list[LinkEvent] = []
        if reaction in {Reaction.RENEW, Reaction.RELEASE, Reaction.DROP}:
            events.append(ended(*self._key, f"the client sent {happened.value}", happened))
        answers: list[Answer] = []
        if reaction in {Reaction.ACCEPT, Reaction.RENEW} and told is not None:
            answers.append(self._accept(told, said=bool(frame.information)))
            events.append(Connected(*self._key, self._transfer.parameters))
        elif reaction is Reaction.RELEASE:
            answers.append((control.unnumbered(FrameKind.UA, poll_final=True), b""))
        elif reaction in {Reaction.ANSWER_DM, Reaction.DROP} and frame.control.poll_final:
            answers.append((control.unnumbered(FrameKind.DM, poll_final=True), b""))
        elif reaction is Reaction.ANSWER_FRMR:
            self._polled = False
            if frame.control.poll_final:
                answers.append((control.unnumbered(FrameKind.FRMR, poll_final=True), self._rejection))
        return answers, events

    def end(self, happened: LinkInput, reason: str) -> tuple[list[Answer], list[LinkEvent]]:
        """Something else than a frame ends the link; a client that waits for us is told so by DM."""
        polled, self._polled = self._polled, False
        reaction = self._machine.move(happened)
        if reaction is None:
            return [], []
        tells = reaction is Reaction.DROP and polled
        answers = [(control.unnumbered(FrameKind.DM, poll_final=True), b"")] if tells else []
        return answers, [ended(*self._key, reason, happened)]

    def turn(self) -> list[tuple[Control, bytes, bool]]:
        """What is said with the turn, the last frame with F=1: I frames up to the window, or RR. Nothing when it is not ours."""
        if not self._polled or self._machine.state is not LinkState.CONNECTED:
            return []
        self._polled = False
        transfer = self._transfer
        burst = transfer.burst()
        expected = transfer.told()
        if not burst:
            return [(control.supervisory(FrameKind.RR, expected, poll_final=True), b"", False)]
        last = len(burst) - 1
        return [
            (control.information(number, expected, poll_final=index == last), information, segmented)
            for index, (number, (information, segmented)) in enumerate(burst)
        ]

    def _accept(self, told: HdlcParameters, *, said: bool) -> Answer:
        agreed = self._settings.parameters.answered_by(told)
        self._transfer = Transfer(agreed, self._settings.most_octets)
        self._polled, self._rejection = False, b""
        # A client that said nothing reckons with the defaults; it must be told only where we take less.
        information = agreed.encode() if said or agreed != DEFAULT_PARAMETERS else b""
        return control.unnumbered(FrameKind.UA, poll_final=True), information

    def _read(self, frame: HdlcFrame) -> tuple[LinkInput | None, HdlcParameters | None, Received | None]:
        """What a frame is for the table (None: discarded), with the parameters of a SNRM or the APDU that it completes."""
        kind = frame.control.kind
        if kind is FrameKind.SNRM or (kind is FrameKind.DISC and not frame.information):
            return self._read_mode(frame)
        if self._machine.state is not LinkState.CONNECTED:
            return LinkInput[kind.name] if kind in _NUMBERED or kind is FrameKind.UI else LinkInput.INVALID, None, None
        fault = self._fault(frame)
        if fault:
            self._reject(frame, fault)
            return LinkInput.INVALID, None, None
        happened, delivered = self._exchange(frame)
        return happened, None, delivered

    def _read_mode(self, frame: HdlcFrame) -> tuple[LinkInput | None, HdlcParameters | None, None]:
        if not frame.control.poll_final:
            return None, None, None
        if frame.control.kind is FrameKind.DISC:
            return LinkInput.DISC, None, None
        try:
            told = decode_parameters(frame.information)
        except DecodeError:
            return None, None, None
        return LinkInput.SNRM if self.has_room or self.connected else LinkInput.NO_ROOM, told, None

    def _fault(self, frame: HdlcFrame) -> int:
        """The reason bits of FRMR for a frame that may not be; 0 for a good one."""
        kind = frame.control.kind
        if kind is FrameKind.UNDEFINED:
            return _UNDEFINED
        if kind is not FrameKind.I and frame.information:
            return _UNDEFINED | _FORBIDDEN
        if len(frame.information) > self._transfer.parameters.receive_information:
            return _TOO_LONG
        return 0

    def _exchange(self, frame: HdlcFrame) -> tuple[LinkInput | None, Received | None]:
        """I, RR or RNR on a link that is up."""
        transfer, received = self._transfer, frame.control
        order = None if received.send_number is None else transfer.order(received.send_number)
        verdict = transfer.acknowledge(received.receive_number or 0)
        if verdict is Acknowledgement.INVALID and order is not Order.OLD:
            self._reject(frame, _BAD_NUMBER)
            return LinkInput.INVALID, None
        if verdict is not Acknowledgement.VALID:
            return None, None  # doubled or late on its way: whoever sent it has gone on since
        if received.kind is not FrameKind.I:
            transfer.peer_busy = received.kind is FrameKind.RNR
            return LinkInput[received.kind.name], None
        if order is not Order.NEXT:
            return LinkInput.I, None
        try:
            lsdu = transfer.take(frame.information, segmented=frame.segmented)
        except OverflowError:
            return LinkInput.FLOOD, None
        return LinkInput.I, None if lsdu is None else self._unwrapped(lsdu)

    def _unwrapped(self, lsdu: bytes) -> Received | None:
        try:
            header, apdu = split_llc(lsdu)
        except DecodeError:
            return None
        return Received(*self._key, apdu) if header == COMMAND and apdu else None

    def _reject(self, frame: HdlcFrame, reason: int) -> None:
        """Keep what FRMR says: the rejected control field, V(S) and V(R) with the bit of a response, and why."""
        numbers = self._transfer.next_number << 1 | self._transfer.expected << 5
        self._rejection = bytes((frame.control.octet, numbers, reason))
