"""CoAP as a link: every APDU is a POST to the peer, or the answer to one of its (RFC 7252, 4 and 5).

A request is answered in its acknowledgement where the answer is there at once, in a message of its own where it takes longer, and
with an empty 2.04 where a service has no answer. What a server says unasked (push) is a POST to the client.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

import msgspec

from dlmskit.errors import DecodeError, EncodeError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.link.adaptation import Adaptation, Sdu, check_sap
from dlmskit.link.coap.asking import Asking
from dlmskit.link.coap.message import Code, Message, Type, decode_message
from dlmskit.link.coap.serving import Reply, Serving
from dlmskit.link.coap.uri import decode_uri, encode_uri

PORT = 5683
MAX_APDU_OCTETS = 0xFFFF
ACK_SECONDS = 2.0
"""ACK_TIMEOUT, times 1 to 1.5 (ACK_RANDOM_FACTOR), doubled with each of MAX_RETRANSMIT repetitions."""
MAX_RETRANSMIT = 4
EXCHANGE_SECONDS = 247.0
"""EXCHANGE_LIFETIME: as long messages are known again, and answers waited for."""
PATIENCE_SECONDS = 1.0
"""An answer that takes longer comes in a message of its own; until then nothing is acknowledged."""
_REMEMBERED = 64
_QUEUED = 16


class _Asked(msgspec.Struct):
    """A request of the peer that has no answer yet."""

    request: Message
    sdu: Sdu
    acknowledge_at: float | None
    until: float


class _Open(msgspec.Struct):
    """A request of ours that is not answered yet."""

    asking: Asking
    sdu: Sdu
    until: float
    message_id: int


class _Unacknowledged(msgspec.Struct):
    """A confirmable message on its way."""

    octets: bytes
    again: float
    wait: float
    times: int


class CoapAdaptation(Adaptation):
    """One endpoint's conversation with another. ``random`` gives numbers 0 to 1, for identifiers and for times."""

    def __init__(
        self,
        random: Callable[[], float],
        *,
        server: bool,
        path: str = "",
        confirmable: bool = True,
        size_exponent: int = 6,
        limits: Limits = DEFAULT,
    ) -> None:
        super().__init__()
        self._random = random
        self._server = server
        self._path = path
        self._kind = Type.CON if confirmable else Type.NON
        self._size_exponent = size_exponent
        self._most = min(MAX_APDU_OCTETS, limits.frame_octets)
        self._serving = Serving(size_exponent, self._most)
        self._message_id = int(random() * 0xFFFF)
        self._token = int(random() * 0xFFFFFFFF)
        self._forget_at = 0.0
        """When blocks that nobody asks on for are let go."""
        self._queue: deque[Sdu] = deque()
        self._open: dict[bytes, _Open] = {}
        """By token. One of them at a time is not acknowledged (NSTART); the others wait for an answer that takes longer."""
        self._unacknowledged: dict[int, _Unacknowledged] = {}
        self._asked: deque[_Asked] = deque()
        self._replies: dict[int, tuple[float, bytes]] = {}
        """What messages of the peer were answered with, by their id; nothing, as long as there is no answer."""

    @property
    def due(self) -> float | None:
        """The next repetition, acknowledgement or end of patience."""
        times = [one.again for one in self._unacknowledged.values()]
        times += [asked.until if asked.acknowledge_at is None else asked.acknowledge_at for asked in self._asked]
        times += [one.until for one in self._open.values()]
        if self._serving.unfinished:
            times.append(self._forget_at)
        return min(times, default=None)

    def submit(self, sdu: Sdu, now: float) -> None:
        """Answer what was asked, else post. Raises EncodeError."""
        check_sap(sdu, 0xFFFF)
        if len(sdu.apdu) > MAX_APDU_OCTETS:
            raise EncodeError(f"CoAP carries APDUs of {MAX_APDU_OCTETS} octets here, not {len(sdu.apdu)}")
        answered = (sdu.destination, sdu.source)
        # The newest: a handler answers at once, or never.
        asked = next((one for one in reversed(self._asked) if (one.sdu.source, one.sdu.destination) == answered), None)
        if asked is not None:
            self._asked.remove(asked)
            self._answer(asked, self._serving.answer(sdu.apdu, asked.request), now)
            return
        if len(self._queue) >= _QUEUED:
            raise EncodeError(f"{_QUEUED} APDUs wait to be posted already")
        self._queue.append(sdu)
        self._next(now)

    def receive(self, frame: bytes, now: float) -> None:
        """Take one message."""
        try:
            message = decode_message(frame)
        except DecodeError:
            self.discarded += 1
            return
        self._forget(now)
        if message.type in {Type.ACK, Type.RST}:
            self._acknowledged(message, now)
        elif message.message_id in self._replies:
            reply = self._replies[message.message_id][1]
            if reply and message.type is Type.CON:
                self.frames.append(reply)
        elif message.is_request:
            self._replies[message.message_id] = now + EXCHANGE_SECONDS, b""
            self._request(message, now)
        elif message.is_response:
            self._separate_response(message, now)
        else:
            self._reply(message, Message(Type.RST, Code.EMPTY, message.message_id), now)  # a ping

    def tick(self, now: float) -> None:
        """Repeat, acknowledge, give up."""
        self._forget(now)
        for message_id, one in list(self._unacknowledged.items()):
            if one.again > now:
                continue
            if one.times > MAX_RETRANSMIT:
                del self._unacknowledged[message_id]
                self._give_up(message_id, f"CoAP: not acknowledged, sent {one.times} times")
            else:
                self.frames.append(one.octets)
                one.wait *= 2
                one.again = now + one.wait
                one.times += 1
        for asked in list(self._asked):
            if asked.until <= now:
                self._asked.remove(asked)
                self._answer(asked, self._serving.answer(b"", asked.request), now)
            elif asked.acknowledge_at is not None and asked.acknowledge_at <= now:
                asked.acknowledge_at = None
                self._reply(asked.request, Message(Type.ACK, Code.EMPTY, asked.request.message_id), now)
        if self._serving.unfinished and self._forget_at <= now:
            self._serving.forget()
        for open_one in [one for one in self._open.values() if one.until <= now]:
            self._give_up(open_one.message_id, f"CoAP: no answer within {EXCHANGE_SECONDS:g} s")
        self._next(now)

    # --- What we ask ---

    def _next(self, now: float) -> None:
        """Begin the next exchange, where none waits for its acknowledgement."""
        while self._queue and not any(one.message_id in self._unacknowledged for one in self._open.values()):
            if len(self._open) >= _QUEUED:
                oldest = next(iter(self._open.values()))
                self._give_up(oldest.message_id, "CoAP: too many requests without answer")
            sdu = self._queue.popleft()
            self._token = (self._token + 1) & 0xFFFFFFFF
            uri = encode_uri(sdu, self._path, server=self._server)
            asking = Asking(uri, sdu.apdu, self._token.to_bytes(4), self._size_exponent, self._most)
            one = self._open[asking.token] = _Open(asking, sdu, 0.0, 0)
            self._ask(one, now)

    def _ask(self, one: _Open, now: float) -> None:
        one.until = now + EXCHANGE_SECONDS
        one.message_id = self._new_id()
        self._send(one.asking.request(self._kind, one.message_id), now)

    def _respond(self, one: _Open, message: Message, now: float) -> None:
        asking, sdu = one.asking, one.sdu
        asking.respond(message)
        if not asking.finished:
            self._ask(one, now)
            return
        del self._open[asking.token]
        if asking.failure:
            self.failures.append(asking.failure)
        elif asking.answer:
            self.arrived.append(Sdu(sdu.destination, sdu.source, asking.answer))

    def _acknowledged(self, message: Message, now: float) -> None:
        known = self._unacknowledged.pop(message.message_id, None)
        if known is None:
            self.discarded += 1
        elif message.type is Type.RST:
            self._give_up(message.message_id, "CoAP: the peer knows nothing of it (reset)")
        elif message.is_response and message.token in self._open:
            self._respond(self._open[message.token], message, now)
        self._next(now)

    def _separate_response(self, message: Message, now: float) -> None:
        one = self._open.get(message.token)
        if one is None:
            self.discarded += 1
            if message.type is Type.CON:
                self._reply(message, Message(Type.RST, Code.EMPTY, message.message_id), now)
            return
        # The answer says that the request arrived, whether its acknowledgement did or not.
        self._unacknowledged.pop(one.message_id, None)
        if message.type is Type.CON:
            self._reply(message, Message(Type.ACK, Code.EMPTY, message.message_id), now)
        else:
            self._replies[message.message_id] = now + EXCHANGE_SECONDS, b""
        self._respond(one, message, now)
        self._next(now)

    def _give_up(self, message_id: int, reason: str) -> None:
        """One of our messages came to nothing."""
        self.failures.append(reason)
        self._unacknowledged.pop(message_id, None)
        for token in [token for token, one in self._open.items() if one.message_id == message_id]:
            del self._open[token]

    # --- What we are asked ---

    def _request(self, message: Message, now: float) -> None:
        if message.unknown_critical:
            self._respond_to(message, (Code.BAD_OPTION, (), b""), now)
            return
        if message.code != Code.POST:
            self._respond_to(message, (Code.METHOD_NOT_ALLOWED, (), b""), now)
            return
        saps = decode_uri(message, self._path, server=self._server)
        if saps is None:
            self._respond_to(message, (Code.NOT_FOUND, (), b""), now)
            return
        self._forget_at = now + EXCHANGE_SECONDS
        taken = self._serving.take(message)
        if isinstance(taken, tuple):
            self._respond_to(message, taken, now)
            return
        if len(self._asked) >= _QUEUED:
            self.discarded += 1  # the peer repeats it, or gives up
            return
        sdu = Sdu(*saps, taken)
        acknowledge_at = now + PATIENCE_SECONDS if message.type is Type.CON else None
        self._asked.append(_Asked(message, sdu, acknowledge_at, now + EXCHANGE_SECONDS / 4))
        self.arrived.append(sdu)

    def _answer(self, asked: _Asked, reply: Reply, now: float) -> None:
        if asked.request.type is Type.CON and asked.acknowledge_at is None:
            code, options, payload = reply
            self._send(Message(Type.CON, code, self._new_id(), asked.request.token, options, payload), now)
        else:
            self._respond_to(asked.request, reply, now)

    def _respond_to(self, request: Message, reply: Reply, now: float) -> None:
        code, options, payload = reply
        if request.type is Type.CON:
            self._reply(request, Message(Type.ACK, code, request.message_id, request.token, options, payload), now)
        else:
            self.frames.append(Message(Type.NON, code, self._new_id(), request.token, options, payload).encode())

    def _reply(self, message: Message, reply: Message, now: float) -> None:
        octets = reply.encode()
        self._replies[message.message_id] = now + EXCHANGE_SECONDS, octets
        self.frames.append(octets)

    # --- Messages ---

    def _send(self, message: Message, now: float) -> None:
        octets = message.encode()
        self.frames.append(octets)
        if message.type is Type.CON:
            wait = ACK_SECONDS * (1 + self._random() / 2)
            self._unacknowledged[message.message_id] = _Unacknowledged(octets, now + wait, wait, 1)

    def _new_id(self) -> int:
        self._message_id = (self._message_id + 1) & 0xFFFF
        return self._message_id

    def _forget(self, now: float) -> None:
        while self._replies:
            oldest = next(iter(self._replies))
            if len(self._replies) <= _REMEMBERED and self._replies[oldest][0] > now:
                return
            del self._replies[oldest]
