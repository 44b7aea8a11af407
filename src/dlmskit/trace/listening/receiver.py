"""The receiving side of one connection, without I/O: APDUs in, pushes out.

Blocks of general block transfer are put together first; then the whole is verified, and explained from the verified octets
alone. What does not verify is explained as well as the keys allow, and marked: it never becomes a trusted push.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from dlmskit.apdu import DataNotification, DataNotificationConfirm, GatewayResponse, GeneralBlockTransfer, decode_apdu
from dlmskit.association.block_transfer import UnconfirmedStream
from dlmskit.errors import DecodeError, DlmsError, SecurityError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.security import SecurityContext, Verified, protect_answer
from dlmskit.security.control import Protection
from dlmskit.security.envelope import PROTECTED_TAGS
from dlmskit.trace.explain.engine import Engine
from dlmskit.trace.explain.keyring import KeyRing
from dlmskit.trace.explain.model import ApduExplanation, Verdict, weakest
from dlmskit.trace.listening.admission import ListenCounts, Rates
from dlmskit.trace.listening.meters import Meters, claimed_title
from dlmskit.trace.listening.pushed import CONFIRMED, LONG_INVOKE_ID, Push
from dlmskit.types.system_title import SystemTitle

_GENERAL_BLOCK, _GATEWAY = 0xE0, 0xE7
_REMEMBERED = 16
"""Pushes of a meter that are compared with the next one, to know a repetition."""
_METERS_REMEMBERED = 4096
_MOST_STREAMS, _EARLY_BLOCKS = 2, 8


class Recent:
    """The last pushes of each meter: a confirmation that was lost makes a meter send the same again, under a new counter."""

    def __init__(self) -> None:
        self._of: OrderedDict[SystemTitle, deque[bytes]] = OrderedDict()

    def is_repeated(self, title: SystemTitle, plain: bytes) -> bool:
        """Whether this very push was received before; one without a number never counts as repeated."""
        known = self._of.pop(title, None) or deque(maxlen=_REMEMBERED)
        self._of[title] = known
        if len(self._of) > _METERS_REMEMBERED:
            self._of.popitem(last=False)
        repeated = plain in known and int.from_bytes(plain[1:5]) & LONG_INVOKE_ID != 0
        if not repeated:
            known.append(plain)
        return repeated


@dataclass(frozen=True, slots=True)
class Desk:
    """What all connections of a listener share."""

    meters: Meters
    rates: Rates
    recent: Recent
    counts: ListenCounts
    confirm_plain: bool = False
    """Confirm pushes without any protection too; they stay marked."""
    limits: Limits = DEFAULT
    block_limits: Limits = DEFAULT
    """Of pushes that come in blocks."""


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
    send: Callable[[bytes], None]
    """Answers the sender."""


class Receiver:
    """One connection, or one peer of datagrams."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._streams: OrderedDict[tuple[int, int], UnconfirmedStream] = OrderedDict()
        self.verified = False
        """Whether a meter has proved itself here."""

    def receive(self, octets: bytes, arrival: Arrival) -> Push | None:
        """The push that this APDU is, or completes; None where there is nothing to show. Never raises for what it holds."""
        whole = self._whole(octets, (arrival.client_sap, arrival.server_sap))
        if whole is None:
            return None
        counts = self._desk.counts
        counts.received += 1
        title = claimed_title(whole)
        if not self._desk.rates.admits((arrival.host, title if self._desk.meters.knows(title) else None), arrival.seconds):
            counts.over_rate += 1
            return None
        if whole[:1] and whole[0] in PROTECTED_TAGS:
            return self._protected(whole, title, arrival)
        counts.marked += 1
        explanation = Engine(KeyRing(), self._desk.limits).explain(whole)
        answer = self._confirmation(whole, None, arrival) if self._desk.confirm_plain else None
        return _push(arrival, None, Verdict.UNPROTECTED, explanation, asks_confirmation=answer)

    def _whole(self, octets: bytes, saps: tuple[int, int]) -> bytes | None:
        """The APDU without gateway prefix and blocks; None while blocks are missing."""
        for _ in range(self._desk.limits.apdu_nesting):
            tag = octets[0] if octets else None
            if tag not in {_GENERAL_BLOCK, _GATEWAY}:
                break
            try:
                apdu = decode_apdu(octets, deviations=[], limits=self._desk.limits)
            except DecodeError:
                break
            if isinstance(apdu, GatewayResponse):
                octets = apdu.user_apdu
            elif isinstance(apdu, GeneralBlockTransfer):
                whole = self._stream(saps).receive(apdu)
                if whole is None:
                    return None
                octets = whole
        return octets

    def _stream(self, saps: tuple[int, int]) -> UnconfirmedStream:
        """The blocks between these SAPs; only few pairs of a connection may be in the middle of a push."""
        stream = self._streams.pop(saps, None) or UnconfirmedStream(self._desk.block_limits, _EARLY_BLOCKS)
        self._streams[saps] = stream
        if len(self._streams) > _MOST_STREAMS:
            self._streams.popitem(last=False)
        return stream

    def _protected(self, octets: bytes, title: SystemTitle | None, arrival: Arrival) -> Push | None:
        desk = self._desk
        try:
            verified, context = desk.meters.verify(octets)
        except DlmsError as error:
            reason = error.reason.value if isinstance(error, SecurityError) else "malformed"
            return self._marked(octets, title, reason, arrival)
        self.verified = True
        desk.counts.verified += 1
        answer = self._confirmation(verified.plain, (verified, context), arrival)
        if title is not None and verified.plain[0] == DataNotification.head[0] and desk.recent.is_repeated(title, verified.plain):
            desk.counts.repeated += 1
            if answer is not None:
                answer()
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
            asks_confirmation=answer,
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
        self, plain: bytes, proof: tuple[Verified, SecurityContext] | None, arrival: Arrival
    ) -> Callable[[], None] | None:
        """What confirms this push, once; None where nothing is to be confirmed."""
        number = int.from_bytes(plain[1:5]) if plain[:1] == DataNotification.head and len(plain) > 5 else 0
        if not number & CONFIRMED:
            return None
        waiting = [DataNotificationConfirm(number, b"").encode()]

        def confirm() -> None:
            if waiting:
                answer = waiting.pop()
                arrival.send(answer if proof is None else protect_answer(answer, *proof))
                self._desk.counts.confirmed += 1

        return confirm


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
