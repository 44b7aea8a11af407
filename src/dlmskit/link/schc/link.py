"""SCHC as a link: APDUs through compressed headers and fragments, both ways, for one device and its application."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.link.adaptation import Adaptation, Sdu, check_sap
from dlmskit.link.ipv6 import MTU, decode_packet
from dlmskit.link.schc.compression import Ends, compress, decompress, dlms_rules
from dlmskit.link.schc.fragments import (
    LORAWAN_DOWNLINK,
    LORAWAN_UPLINK,
    FragmentationRule,
    decode_ack,
    decode_fragment,
)
from dlmskit.link.schc.receiving import FragmentReceiver
from dlmskit.link.schc.rules import Rule
from dlmskit.link.schc.sending import FragmentSender
from dlmskit.link.wrapper import decode_datagram

UNCOMPRESSED = 22
"""Rule id of packets as they are (RFC 9011, 5.6.1)."""
MAX_APDU_OCTETS = MTU - 56
"""What a packet of 1280 octets carries behind IPv6, UDP and wrapper."""
_QUEUED_PACKETS = 16


class SchcAdaptation(Adaptation):
    """One end: the ``device`` (a meter) or the application (a head end)."""

    def __init__(
        self,
        ends: Ends,
        *,
        device: bool,
        frame_octets: int = 51,
        rules: Sequence[Rule] | None = None,
        uplink: FragmentationRule = LORAWAN_UPLINK,
        downlink: FragmentationRule = LORAWAN_DOWNLINK,
    ) -> None:
        super().__init__()
        self._ends = ends
        self._device = device
        self._frame_octets = frame_octets
        self._rules = {rule.rule_id: rule for rule in (dlms_rules(ends) if rules is None else rules)}
        self._own, peers = (uplink, downlink) if device else (downlink, uplink)
        self._receiver = FragmentReceiver(peers)
        self._sender: FragmentSender | None = None
        self._queue: deque[bytes] = deque()
        self._ask_at: float | None = None
        self._give_up_at: float | None = None

    @property
    def due(self) -> float | None:
        """The earlier of the retransmission and the inactivity timer."""
        return min((time for time in (self._ask_at, self._give_up_at) if time is not None), default=None)

    def submit(self, sdu: Sdu, now: float) -> None:
        """Compress, and send in one frame or in fragments. Raises EncodeError for what is too long, or too much at once."""
        check_sap(sdu, 0xFFFF)
        if len(sdu.apdu) > MAX_APDU_OCTETS:
            raise EncodeError(f"this link carries APDUs of {MAX_APDU_OCTETS} octets, not {len(sdu.apdu)}")
        packet = self._ends.packet(sdu, from_device=self._device)
        compressed = compress(packet, tuple(self._rules.values()), UNCOMPRESSED, from_device=self._device)
        if len(compressed) <= self._frame_octets:
            self.frames.append(compressed)
            return
        if len(self._queue) >= _QUEUED_PACKETS:
            raise EncodeError(f"{_QUEUED_PACKETS} packets wait to be sent in fragments already")
        self._queue.append(compressed)
        self._next(now)

    def receive(self, frame: bytes, now: float) -> None:
        """Take one frame."""
        if not frame:
            self.discarded += 1
            return
        try:
            if frame[0] == self._own.rule_id:
                self._acknowledged(frame, now)
            elif frame[0] == self._receiver.rule.rule_id:
                self._fragment(frame, now)
            else:
                self._packet(frame)
        except DecodeError:
            self.discarded += 1

    def tick(self, now: float) -> None:
        """Ask for an acknowledgement, or give an unfinished packet up."""
        if self._give_up_at is not None and now >= self._give_up_at:
            self._give_up_at = None
            answer = self._receiver.give_up()
            self.discarded += 1
            if answer is not None:
                self.frames.append(answer)
        if self._ask_at is not None and now >= self._ask_at and self._sender is not None:
            self.frames.extend(self._sender.expired())
            self._settle(now)

    def _packet(self, octets: bytes) -> None:
        if octets[0] == UNCOMPRESSED:
            packet = decode_packet(octets[1:])
        elif octets[0] in self._rules:
            packet = decompress(octets, self._rules[octets[0]], from_device=not self._device)
        else:
            raise DecodeError(f"rule {octets[0]} is not known", 0, "schc")
        pdu = decode_datagram(packet.payload)
        self.arrived.append(Sdu(pdu.source, pdu.destination, pdu.apdu))

    def _fragment(self, frame: bytes, now: float) -> None:
        packet, answer = self._receiver.take(decode_fragment(frame, self._receiver.rule))
        if answer is not None:
            self.frames.append(answer)
        self._give_up_at = now + self._receiver.rule.inactivity_seconds if self._receiver.waiting else None
        if packet:
            self._packet(packet)

    def _acknowledged(self, frame: bytes, now: float) -> None:
        ack = decode_ack(frame, self._own)
        if self._sender is None:
            return
        if ack is None:
            self._sender.aborted()
        else:
            self.frames.extend(self._sender.acknowledged(ack))
        self._settle(now)

    def _next(self, now: float) -> None:
        """Begin the next packet that waits for its turn."""
        while self._sender is None and self._queue:
            self._sender = FragmentSender(self._queue.popleft(), self._own, self._frame_octets)
            self.frames.extend(self._sender.start())
            self._settle(now)

    def _settle(self, now: float) -> None:
        sender = self._sender
        if sender is None:
            return
        if sender.failure:
            self.failures.append(f"SCHC: {sender.failure}")
        if sender.done or sender.failure:
            self._sender = None
            self._ask_at = None
            self._next(now)
        else:
            self._ask_at = now + self._own.retransmission_seconds
