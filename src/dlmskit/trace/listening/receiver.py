"""The receiving side of one connection, without I/O: APDUs in, pushes out.

Blocks of general block transfer are put together first; then the whole is verified, and explained from the verified octets
alone. What does not verify is explained as well as the keys allow, and marked: it never becomes a trusted push.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from dlmskit.apdu import (
    DataNotification,
    DataNotificationConfirm,
    GatewayRequest,
    GatewayResponse,
    GeneralBlockTransfer,
    decode_apdu,
)
from dlmskit.apdu.xml import is_xml, octets_from_xml, octets_to_xml
from dlmskit.errors import DecodeError, DlmsError, SecurityError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.security import SecurityContext, Verified, protect_answer
from dlmskit.security.control import Protection
from dlmskit.security.envelope import PROTECTED_TAGS
from dlmskit.trace.explain.engine import Engine
from dlmskit.trace.explain.keyring import KeyRing
from dlmskit.trace.explain.model import ApduExplanation, Verdict, weakest
from dlmskit.trace.listening.admission import ListenCounts, Rates
from dlmskit.trace.listening.blocks import PushBlocks
from dlmskit.trace.listening.meters import Meters, claimed_title
from dlmskit.trace.listening.pushed import CONFIRMED, Push
from dlmskit.trace.listening.recent import HandedUp, Recent
from dlmskit.transport.gateway import DeviceAddress
from dlmskit.types.system_title import SystemTitle

_AROUND = frozenset(kind.head[0] for kind in (GeneralBlockTransfer, GatewayRequest, GatewayResponse))
"""What stands around the APDU itself. A gateway names the device that pushes, by the prefix of a request or of a response
(UNCONFIRMED which)."""
Send = Callable[[bytes], None]
_MOST_STREAMS = 2


@dataclass(frozen=True, slots=True)
class Desk:
    """What all connections of a listener share."""

    meters: Meters
    rates: Rates
    recent: Recent
    recent_plain: Recent
    """What nobody has proved: who sends much of it makes no verified push forgotten."""
    counts: ListenCounts
    confirm_plain: bool = False
    """Confirm pushes without any protection too; they stay marked."""
    limits: Limits = DEFAULT
    block_limits: Limits = DEFAULT
    """Of pushes that come in blocks."""
    block_window: int = 16


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where and when an APDU came."""

    url: str
    peer: str
    host: str
    client_sap: int
    server_sap: int
    received: datetime
    seconds: float
    send: Send | None
    """Answers the sender; None where nobody can."""
    reliable: bool = True
    """Whether what it sends is neither lost nor doubled."""
    round_trip_seconds: float = 0.0
    """Of its medium."""
    rated: bool = True
    """Whether its sender may be told to be slower, by dropping what is too much."""


class _Whole(NamedTuple):
    """An APDU without gateway prefix and blocks."""

    octets: bytes
    send: Send | None
    """Answers it, with prefix and blocks as it came."""


class Receiver:
    """One connection, or one peer of datagrams."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._blocks: OrderedDict[Hashable, PushBlocks] = OrderedDict()
        self._last: tuple[Recent, HandedUp] | None = None
        self.verified = False
        """Whether a meter has proved itself here."""

    def receive(self, octets: bytes, arrival: Arrival) -> Push | None:
        """The push that this APDU is, or completes; None where there is nothing to show. Never raises for what it holds."""
        self._last = None
        whole = self._whole(octets, arrival)
        if whole is None:
            return None
        octets, counts = whole.octets, self._desk.counts
        counts.received += 1
        title = claimed_title(octets)
        sender = (arrival.host, title if self._desk.meters.knows(title) else None)
        if arrival.rated and not self._desk.rates.admits(sender, arrival.seconds):
            counts.over_rate += 1
            return None
        if octets[:1] and octets[0] in PROTECTED_TAGS:
            return self._protected(whole, title, arrival)
        return self._plain(whole, arrival)

    def not_taken(self) -> None:
        """There was no room for the push that was returned last: when it is sent again it is new."""
        if self._last is not None:
            recent, handed_up = self._last
            recent.forget(handed_up)
            self._last = None

    def _whole(self, octets: bytes, arrival: Arrival) -> _Whole | None:
        """The APDU without XML, gateway prefix and blocks; None while blocks are missing."""
        whole, behind = _Whole(octets, arrival.send), b""
        for _ in range(self._desk.limits.apdu_nesting):
            octets = whole.octets
            if is_xml(octets):
                whole = _out_of_xml(whole, self._desk.block_limits)
                continue
            if not octets or octets[0] not in _AROUND:
                break
            try:
                apdu = decode_apdu(octets, deviations=[], limits=self._desk.limits)
            except DecodeError:
                break
            if isinstance(apdu, GatewayRequest | GatewayResponse):
                device = DeviceAddress(apdu.network_id, apdu.physical_device_address)
                whole, behind = _Whole(apdu.user_apdu, _through(device, whole.send)), octets[: -len(apdu.user_apdu) or None]
            elif isinstance(apdu, GeneralBlockTransfer):
                joined = self._joined(octets, apdu, arrival, whole.send, (arrival.client_sap, arrival.server_sap, behind))
                if joined is None:
                    return None
                whole = joined
        return whole

    def _joined(
        self, octets: bytes, block: GeneralBlockTransfer, arrival: Arrival, send: Send | None, between: Hashable
    ) -> _Whole | None:
        """The APDU that a block completes; what acknowledges the block is sent. Only few ends may be in the middle of a push."""
        blocks = self._blocks.pop(between, None) or PushBlocks(
            self._desk.block_limits,
            self._desk.block_window,
            answers=send is not None,
            reliable=arrival.reliable,
            round_trip_seconds=arrival.round_trip_seconds,
        )
        self._blocks[between] = blocks
        if len(self._blocks) > _MOST_STREAMS:
            self._blocks.popitem(last=False)
        reaction, exchange = blocks.receive(octets, block, arrival.seconds), blocks.exchange
        if send is None or not reaction.confirmed or exchange is None:
            return None if reaction.apdu is None else _Whole(reaction.apdu, send)
        _send_all(send, reaction.send)
        if reaction.apdu is None:
            return None
        return _Whole(reaction.apdu, lambda answer: _send_all(send, blocks.answer(exchange, answer)))

    def _plain(self, whole: _Whole, arrival: Arrival) -> Push | None:
        """What nothing protects. One that wants to be confirmed comes again, from the same ends, and is shown once."""
        desk, answer = self._desk, None
        if desk.confirm_plain:
            answer = self._confirmation(whole.octets, None, whole.send)
        handed_up = None
        if _wants_confirmation(whole.octets):
            sender = (arrival.host, arrival.client_sap, arrival.server_sap)
            handed_up = self._new(desk.recent_plain, sender, whole.octets, answer)
            if handed_up is None:
                return None
        desk.counts.marked += 1
        explanation = Engine(KeyRing(), desk.limits).explain(whole.octets)
        done = None if handed_up is None or answer is None else handed_up.done
        return _push(arrival, None, Verdict.UNPROTECTED, explanation, asks_confirmation=done)

    def _new(self, recent: Recent, sender: Hashable, plain: bytes, answer: Callable[[], None] | None) -> HandedUp | None:
        """A push that was not handed up before; None for a repetition, which is confirmed as the first one is."""
        known = recent.find(sender, plain)
        handed_up = known or recent.add(sender, plain)
        if answer is not None:
            handed_up.ask(answer)
        self._last = None if known else (recent, handed_up)
        if known is not None:
            self._desk.counts.repeated += 1
            return None
        return handed_up

    def _protected(self, whole: _Whole, title: SystemTitle | None, arrival: Arrival) -> Push | None:
        desk = self._desk
        try:
            verified, context = desk.meters.verify(whole.octets)
        except DlmsError as error:
            reason = error.reason.value if isinstance(error, SecurityError) else "malformed"
            return self._marked(whole.octets, title, reason, arrival)
        self.verified = True
        desk.counts.verified += 1
        answer = self._confirmation(verified.plain, (verified, context), whole.send)
        handed_up = None
        if verified.plain[0] == DataNotification.head[0]:
            handed_up = self._new(desk.recent, title, verified.plain, answer)
            if handed_up is None:
                return None
        explanation = Engine(KeyRing(), desk.limits).explain(verified.plain)
        return _push(
            arrival,
            title,
            Verdict.VERIFIED,
            explanation,
            protection=_words(verified.protection),
            invocation_counter=verified.invocation_counter if verified.layers[0].header or len(verified.layers) > 1 else None,
            missed=verified.gap,
            asks_confirmation=None if handed_up is None or answer is None else handed_up.done,
        )

    def _marked(self, octets: bytes, title: SystemTitle | None, reason: str, arrival: Arrival) -> Push:
        """What is not verified, as far as it can be read."""
        desk = self._desk
        desk.counts.marked += 1
        ring = KeyRing(desk.meters.keys_of(title), () if title is None else (title,))
        explanation = Engine(ring, desk.limits).explain(octets)
        layer = weakest(explanation.security)
        verdict = Verdict.UNVERIFIED if layer.verdict in {Verdict.VERIFIED, Verdict.UNPROTECTED} else layer.verdict
        return _push(
            arrival, title, verdict, explanation, reason=reason, invocation_counter=layer.invocation_counter, missed=None
        )

    def _confirmation(
        self, plain: bytes, proof: tuple[Verified, SecurityContext] | None, send: Send | None
    ) -> Callable[[], None] | None:
        """What confirms this push, once; None where nothing is to be confirmed, or nobody can."""
        if send is None or not _wants_confirmation(plain):
            return None
        waiting = [DataNotificationConfirm(int.from_bytes(plain[1:5]), b"").encode()]

        def confirm() -> None:
            if waiting:
                answer = waiting.pop()
                send(answer if proof is None else protect_answer(answer, *proof))
                self._desk.counts.confirmed += 1

        return confirm


def _wants_confirmation(plain: bytes) -> bool:
    return plain[:1] == DataNotification.head and len(plain) > 5 and bool(int.from_bytes(plain[1:5]) & CONFIRMED)


def _through(device: DeviceAddress, send: Send | None) -> Send | None:
    """Answers a device behind a gateway; nobody can where the prefix names none."""
    return None if send is None or not device.octets else lambda answer: send(device.request(answer))


def _out_of_xml(whole: _Whole, limits: Limits) -> _Whole:
    """An APDU that came as XML, and is answered in XML; what cannot be read stays what it is."""
    send = whole.send
    try:
        octets = octets_from_xml(whole.octets, limits=limits)
    except DecodeError:
        return whole
    return _Whole(octets, None if send is None else lambda answer: send(octets_to_xml(answer)))


def _send_all(send: Send, apdus: Iterable[bytes]) -> None:
    for apdu in apdus:
        send(apdu)


def _push(arrival: Arrival, title: SystemTitle | None, verdict: Verdict, apdu: ApduExplanation, **words: object) -> Push:
    return Push(
        received=arrival.received,
        url=arrival.url,
        peer=arrival.peer,
        client_sap=arrival.client_sap,
        server_sap=arrival.server_sap,
        system_title=title,
        verdict=verdict,
        apdu=apdu,
        **words,  # type: ignore[arg-type]
    )


def _words(protection: Protection) -> tuple[str, ...]:
    named = (Protection.AUTHENTICATED, Protection.ENCRYPTED, Protection.SIGNED)
    return tuple(str(one.name).lower() for one in named if one in protection)
