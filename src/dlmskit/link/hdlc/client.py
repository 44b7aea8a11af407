"""The data link layer of a client: one link to one server station, as a machine without input and output.

Frames and the time go in; octets to send (`output`) and events (`take_events`) come out. Call `tick` when `due` is reached. The
client alone gives the turn away (P=1) and gets it back (F=1); between the two it waits, asks again, and gives up in the end.
"""

from __future__ import annotations

from dlmskit.errors import DecodeError, LocalProtocolError
from dlmskit.link.events import Received
from dlmskit.link.hdlc import control
from dlmskit.link.hdlc.addresses import HdlcAddress
from dlmskit.link.hdlc.chains import UnnumberedChains
from dlmskit.link.hdlc.control import Control, FrameKind
from dlmskit.link.hdlc.events import Connected, LinkEvent, LinkSettings, ended
from dlmskit.link.hdlc.frame import HdlcFrame
from dlmskit.link.hdlc.llc import COMMAND, RESPONSE, split_llc
from dlmskit.link.hdlc.parameters import DEFAULT_PARAMETERS, decode_parameters
from dlmskit.link.hdlc.receiver import HdlcReceiver
from dlmskit.link.hdlc.tables import LinkInput, LinkMachine, LinkState, Reaction, Role
from dlmskit.link.hdlc.transfer import Acknowledgement, Order, Transfer

_INPUTS = {
    kind: LinkInput[kind.name]
    for kind in (FrameKind.UA, FrameKind.DM, FrameKind.FRMR, FrameKind.I, FrameKind.RR, FrameKind.RNR, FrameKind.UI)
}
"""What a server may say; anything else (an echo of our own commands, noise) is no input at all."""


_NUMBERED = frozenset((LinkInput.I, LinkInput.RR, LinkInput.RNR))
_REASONS = {
    LinkInput.DISCONNECT: "the link was taken down",
    LinkInput.DM: "the server has no link for us (DM)",
    LinkInput.FRMR: "the server rejects what we sent (FRMR)",
    LinkInput.INVALID: "the server breaks the rules of the link",
    LinkInput.FLOOD: "the server sends segments without end",
    LinkInput.EXHAUSTED: "no answer from the server, however often it was asked",
}


class HdlcClient:
    """The primary station. All times are seconds of one clock that the caller passes in."""

    def __init__(self, client: HdlcAddress, server: HdlcAddress, settings: LinkSettings | None = None) -> None:
        self.settings = settings = settings or LinkSettings()
        self.ignored = 0
        """Frames that were not for us, or meant nothing in their state."""
        self.repetitions = 0
        """What was asked or sent again."""
        self._own, self._peer = client, server
        self._machine = LinkMachine(Role.PRIMARY)
        self._transfer = Transfer(settings.parameters, settings.most_octets)
        self._chains = UnnumberedChains(settings.most_octets, settings.times.chain)
        self._out = bytearray()
        self._events: list[LinkEvent] = []
        self._receiver = HdlcReceiver(settings.times.inter_octet)
        self._echoes: list[HdlcFrame] = []
        """I frames of the last burst, which some adapters let us hear back."""
        self._waiting_since: float | None = None
        """A frame with P=1 went out then, and F=1 has not come back."""
        self._attempts = 0
        self._returns = 0
        """How often the same frames went out again since the peer last took one."""
        self._next_poll: float | None = None
        self._busy_polls = 0
        self._expecting = False
        self._invited = False
        """The peer was asked since its last APDU, and had nothing to say."""
        self._reported = False
        self._burst = 0
        """I frames that went out with the turn; 0: it was given by RR."""
        self._missing: tuple[int, int] | None = None
        """V(A) and V(R) for which the peer has told a gap."""

    # --- what the layer above does

    @property
    def state(self) -> LinkState:
        """Where the link is."""
        return self._machine.state

    @property
    def sending(self) -> bool:
        """Whether segments wait that have not gone out even once."""
        return self._transfer.queued and self.state is LinkState.CONNECTED

    @property
    def receiving(self) -> bool:
        """Whether an APDU has begun to arrive."""
        return self._transfer.joining or self._receiver.unfinished

    @property
    def due(self) -> float | None:
        """When to call `tick`; None: nothing is waited for."""
        dues = [due for due in (self._link_due, self._receiver.due) if due is not None]
        return min(dues, default=None)

    @property
    def _link_due(self) -> float | None:
        if self._waiting_since is not None:
            return self._waiting_since + self.settings.times.response
        return self._next_poll if self.state is LinkState.CONNECTED else None

    def connect(self, now: float) -> None:
        """Ask the server for a link. Raises LocalProtocolError when there is one."""
        reaction = self._machine.request(LinkInput.CONNECT)
        self._attempts, self._reported = 0, False
        self._react(reaction, now, LinkInput.CONNECT)

    def disconnect(self, now: float) -> None:
        """Take the link down. Raises LocalProtocolError when there is none."""
        reaction = self._machine.request(LinkInput.DISCONNECT)
        self._attempts = 0
        self._react(reaction, now, LinkInput.DISCONNECT)

    def send(self, apdu: bytes, now: float) -> None:
        """Hand over one APDU; it goes out when the turn is ours. Raises LocalProtocolError without a link."""
        if self.state is not LinkState.CONNECTED:
            raise LocalProtocolError(f"nothing can be sent on a link that is {self.state.value}")
        self._transfer.queue(COMMAND + apdu)
        self._invited = False
        self._go_on(now)

    def expect(self, now: float, *, wanted: bool = True) -> None:
        """Say whether an APDU is waited for: only then is a server that has said all it had to say asked for more."""
        self._expecting = wanted
        if wanted:
            self._go_on(now)
        elif not self._transfer.to_send:
            self._next_poll = None

    def _go_on(self, now: float) -> None:
        failed = self._proceed(now)
        if failed is not None:
            self._happen(failed, now)

    def lost(self, reason: str) -> None:
        """The line is gone."""
        if self._machine.move(LinkInput.LOST) is not None:
            self._end(LinkInput.LOST, reason)

    def output(self) -> bytes:
        """What must be put on the line now."""
        octets = bytes(self._out)
        self._out.clear()
        return octets

    def take_events(self) -> list[LinkEvent]:
        """What has happened since the last call, in order."""
        events, self._events = self._events, []
        return events

    # --- what the line does

    def feed(self, octets: bytes, now: float) -> None:
        """Take octets of the line, in whatever pieces they come."""
        for frame in self._receiver.feed(octets, now):
            self.receive(frame, now)
        if self._waiting_since is not None and self._receiver.unfinished:
            self._waiting_since = max(now, self._waiting_since)  # somebody is speaking

    def receive(self, frame: HdlcFrame, now: float) -> None:
        """Take one frame of the line, whoever it is for."""
        if frame.destination.octets != self._own.octets or frame.source.octets != self._peer.octets or frame in self._echoes:
            self.ignored += 1
            return
        happened = _INPUTS.get(frame.control.kind)
        if happened in _NUMBERED and self.state is LinkState.CONNECTED:
            happened = self._exchange(frame, now)
        elif happened is LinkInput.UA and self.state is LinkState.CONNECTING and not self._understood(frame):
            happened = LinkInput.INVALID
        elif happened is LinkInput.UI:
            self._deliver(frame, now)
        if happened is not None:
            self._happen(happened, now)
        elif frame.control.kind not in _INPUTS:
            self.ignored += 1

    def tick(self, now: float) -> None:
        """Notice that time has passed."""
        for frame in self._receiver.tick(now):
            self.receive(frame, now)
        due = self._link_due
        if due is None or now < due:
            return
        if self._waiting_since is None:
            self._poll(now)
            return
        self._attempts += 1
        exhausted = self._attempts > self.settings.times.repetitions
        self.repetitions += not exhausted
        self._happen(LinkInput.EXHAUSTED if exhausted else LinkInput.TIMEOUT, now)

    # --- reactions of the table

    def _happen(self, happened: LinkInput, now: float) -> None:
        """Let the table say what follows; what has no row is ignored."""
        reaction = self._machine.move(happened)
        if reaction is None:
            self.ignored += 1
        else:
            self._react(reaction, now, happened)

    def _react(self, reaction: Reaction, now: float, happened: LinkInput) -> None:
        if reaction is Reaction.SEND_SNRM:
            self._send_snrm(now)
        elif reaction is Reaction.SEND_DISC:
            self._send_disc(now)
        elif reaction is Reaction.RESET:
            self._end(happened)
            self._send_disc(now)
        elif reaction is Reaction.POLL:
            self._poll(now)
        elif reaction is Reaction.ESTABLISH:
            self._rest()
            self._events.append(Connected(self._own.upper, self._peer.upper, self._transfer.parameters))
        elif reaction is Reaction.FINISH:
            self._end(LinkInput.DISCONNECT)
        elif reaction in {Reaction.REFUSED, Reaction.REPORT}:
            self._end(happened)

    def _send_disc(self, now: float) -> None:
        self._put(control.unnumbered(FrameKind.DISC, poll_final=True))
        self._wait(now)

    def _send_snrm(self, now: float) -> None:
        parameters = self.settings.parameters
        told = b"" if parameters == DEFAULT_PARAMETERS else parameters.encode()
        self._put(control.unnumbered(FrameKind.SNRM, poll_final=True), told)
        self._wait(now)

    def _understood(self, frame: HdlcFrame) -> bool:
        """Take over what a UA says; False when that cannot be read."""
        try:
            told = decode_parameters(frame.information)
        except DecodeError:
            return False
        self._transfer = Transfer(self.settings.parameters.answered_by(told), self.settings.most_octets)
        self._returns = self._busy_polls = self._burst = 0
        self._missing = None
        self._expecting = self._invited = self._reported = False
        return True

    def _end(self, cause: LinkInput, reason: str = "") -> None:
        """Tell once that the link is gone."""
        if not self._reported:
            self._events.append(ended(self._own.upper, self._peer.upper, reason or _REASONS[cause], cause))
        self._reported = True
        self._rest()
        self._transfer = Transfer(self.settings.parameters, self.settings.most_octets)

    def _wait(self, now: float) -> None:
        """The turn is the peer's, once the last octet is on the line."""
        self._waiting_since, self._next_poll = now + len(self._out) * self.settings.times.octet, None

    def _rest(self) -> None:
        self._waiting_since = self._next_poll = None
        self._attempts = 0

    # --- information transfer

    def _exchange(self, frame: HdlcFrame, now: float) -> LinkInput | None:
        """I, RR or RNR on a link that is up; what it was for the table, None where it was nothing new."""
        transfer, received, before = self._transfer, frame.control, self._transfer.acknowledged
        order = None if received.send_number is None else transfer.order(received.send_number)
        verdict = transfer.acknowledge(received.receive_number or 0)
        if order is Order.OLD or verdict is Acknowledgement.STALE:
            self.ignored += 1  # doubled or late: what it says is known, and the turn that it gives back was given back before
            return None
        if verdict is Acknowledgement.INVALID:
            return LinkInput.INVALID
        if before != transfer.acknowledged or order is Order.NEXT:
            self._returns, self._missing = 0, None
        transfer.peer_busy = received.kind is FrameKind.RNR
        if order is Order.NEXT:
            try:
                self._pass_up(transfer.take(frame.information, segmented=frame.segmented))
            except OverflowError:
                return LinkInput.FLOOD
        if received.poll_final:
            if received.kind is not FrameKind.RNR and self._is_repeated(order, before):
                self.ignored += 1
                return None
            self._waiting_since, self._attempts = None, 0
            self._invited = order is None
            if order is Order.GAP or transfer.joining:
                self._poll(now)
            else:
                return self._proceed(now) or _INPUTS[received.kind]
        elif self._waiting_since is not None:
            self._waiting_since = max(now, self._waiting_since)  # the peer is still speaking
        return _INPUTS[received.kind]

    def _is_repeated(self, order: Order | None, before: int) -> bool:
        """Whether F=1 may be a double of one that gave the turn back already; taken for an answer, doubles would breed.

        Who hears nothing of our last burst says nothing. So a frame that neither brings nor acknowledges anything new answers
        only a poll by RR, or a burst whose last frame came without its first one; once for each place where a frame is missing.
        """
        transfer = self._transfer
        if order is Order.NEXT or before != transfer.acknowledged or self._waiting_since is None:
            return False
        if self._burst == 1 and order is None:
            return True
        if not self._burst and order is None:
            return False
        missing = transfer.acknowledged, transfer.expected
        known, self._missing = self._missing == missing, missing
        return known

    def _pass_up(self, lsdu: bytes | None) -> None:
        if lsdu is None:
            return
        try:
            header, apdu = split_llc(lsdu)
        except DecodeError:
            header, apdu = b"", b""
        if header == RESPONSE and apdu:
            self._expecting = False
            self._events.append(Received(self._own.upper, self._peer.upper, apdu))
        else:
            self.ignored += 1

    def _deliver(self, frame: HdlcFrame, now: float) -> None:
        pushed = self._chains.add(frame, now, (RESPONSE,), may_answer=False)
        if pushed is not None:
            self._events.append(pushed)

    def _proceed(self, now: float) -> LinkInput | None:
        """Send, or ask, or rest, if the turn is ours. ``EXHAUSTED`` when there is no use in going on."""
        if self.state is not LinkState.CONNECTED or self._waiting_since is not None:
            return None
        times, transfer = self.settings.times, self._transfer
        if transfer.peer_busy and (transfer.to_send or self._expecting):
            if self._next_poll is None:
                self._busy_polls += 1
                self._next_poll = now + times.busy
            return LinkInput.EXHAUSTED if self._busy_polls > times.busy_polls else None
        self._busy_polls = 0
        if transfer.to_send:
            return self._send_burst(now)
        if self._expecting and not self._invited:
            self._poll(now)
        elif self._expecting and self._next_poll is None:
            self._next_poll = now + times.poll
        return None

    def _send_burst(self, now: float) -> LinkInput | None:
        if self._transfer.in_flight:
            self._returns += 1
            self.repetitions += 1
            if self._returns > 4 * (self.settings.times.repetitions + 1):
                return LinkInput.EXHAUSTED
        burst = self._transfer.burst()
        self._echoes.clear()
        for index, (number, (information, segmented)) in enumerate(burst, 1):
            field = control.information(number, self._transfer.told(), poll_final=index == len(burst))
            self._put(field, information, segmented=segmented)
        self._burst = len(burst)
        self._wait(now)
        return None

    def _poll(self, now: float) -> None:
        self._put(control.supervisory(FrameKind.RR, self._transfer.told(), poll_final=True))
        self._burst = 0
        self._wait(now)

    def _put(self, field: Control, information: bytes = b"", *, segmented: bool = False) -> None:
        frame = HdlcFrame(self._peer, self._own, field, information, segmented)
        if field.kind is FrameKind.I and self._own.octets == self._peer.octets:
            self._echoes.append(frame)  # where the addresses differ, they tell an echo
        self._out += frame.encode()
