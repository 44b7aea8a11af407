"""Sends what the Push setup objects of a device push: one push of an object at a time, several objects side by side.

A trigger makes the body and queues it. The queue of an object is bounded and a trigger that finds it full is refused: an alarm
that rattles costs neither memory nor other pushes (robustness R-072). Time, randomness and transports are passed in.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from dlmskit.apdu.xml import is_xml, octets_from_xml, octets_to_xml
from dlmskit.association.block_transfer import unconfirmed_blocks
from dlmskit.association.errors import BlockTransferAborted
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.push_setup import PushSetupV0, PushSetupV2
from dlmskit.cosem.timebound import local_time_of
from dlmskit.errors import ConfigError, DecodeError, DlmsError, ServiceError, TransportError
from dlmskit.security import SecurityContext
from dlmskit.server.logical_device import LogicalDevice
from dlmskit.server.push.confirming import Confirms, block_options, confirmed, confirmed_in_blocks
from dlmskit.server.push.delivery import Delivery, Method, Schedule
from dlmskit.server.push.destination import Destination, Dial
from dlmskit.server.push.line import LineTransport
from dlmskit.server.push.message import LONG_INVOKE_IDS, PushMessage
from dlmskit.server.push.outlets import Outlets
from dlmskit.server.push.party import PushParty, pin_sender
from dlmskit.server.storage.failure import StoreFailed
from dlmskit.transport.base import Saps, Transport, TransportProfile
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis

if TYPE_CHECKING:
    from dlmskit.server.device import Device

_LOG = logging.getLogger("dlmskit.server")
MOST_WAITING = 16
"""Pushes of one object that may wait, the one under way included."""
_LONGEST_SLEEP = 20.0


class PushOutcome(StrEnum):
    """What became of a push."""

    DELIVERED = "delivered"
    """Sent; where the operation method wants it, confirmed."""
    REPEATED = "repeated"
    """An attempt failed, another one is due."""
    GIVEN_UP = "given-up"


@dataclass(frozen=True, slots=True)
class PushEvent:
    """The end of an attempt, for the log and for tests."""

    setup: Obis
    outcome: PushOutcome
    attempt: int
    detail: str = ""


@dataclass(slots=True)
class _Pending:
    message: PushMessage
    delivery: Delivery
    destination: Destination
    client_sap: int


def log_push(event: PushEvent) -> None:
    """What is done where nobody wants to know: one line of the log."""
    level = logging.INFO if event.outcome is PushOutcome.DELIVERED else logging.WARNING
    _LOG.log(level, "push %s: %s at attempt %d %s", event.setup, event.outcome.value, event.attempt, event.detail)


class PushSender:
    """Takes the pushes of every Push setup that the device has when it is made; make it when the device is ready."""

    def __init__(self, device: Device, *, dial: Dial | None = None, on_event: Callable[[PushEvent], None] = log_push) -> None:
        self._device = device
        self._dial = dial or Outlets().dial
        self._on_event = on_event
        self._long_invoke_id = int.from_bytes(device.random(3))
        self._changed = asyncio.Event()
        self._queues = [
            _Queue(self, logical_device, setup) for logical_device in device for setup in logical_device.tree.of(PushSetupV0)
        ]

    @property
    def waiting(self) -> int:
        """Pushes that are not delivered yet."""
        return sum(len(queue.pending) for queue in self._queues)

    @property
    def due(self) -> datetime | None:
        """When the next attempt is to be made; None: nothing waits, or all of it is under way."""
        due = min((queue.due for queue in self._queues if not queue.busy), default=_NEVER)
        return None if due is _NEVER else due

    async def run(self) -> None:
        """Make every attempt when it is due, until cancelled; one that takes long holds up no other object."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                self._changed.clear()
                for queue in self._ready():
                    tasks.create_task(queue.attempt())
                due = self.due
                wait = _LONGEST_SLEEP if due is None else (due - self._device.clock.utc_now()).total_seconds()
                try:
                    async with asyncio.timeout(min(max(wait, 0.0), _LONGEST_SLEEP)):
                        await self._changed.wait()
                except TimeoutError:
                    continue

    async def attempt_due(self) -> int:
        """Make the attempts that are due now, side by side; returns how many there were."""
        ready = self._ready()
        await asyncio.gather(*(queue.attempt() for queue in ready))
        return len(ready)

    def _ready(self) -> list[_Queue]:
        """The queues whose first push is due; they are busy from now on."""
        now = self._device.clock.utc_now()
        ready = [queue for queue in self._queues if not queue.busy and queue.due <= now]
        for queue in ready:
            queue.busy = True
        return ready

    def next_long_invoke_id(self) -> int:
        """Never 0, which real meters send where they number nothing."""
        self._long_invoke_id = self._long_invoke_id % (LONG_INVOKE_IDS - 1) + 1
        return self._long_invoke_id

    def report(self, event: PushEvent) -> None:
        """Tell who listens."""
        self._on_event(event)

    def wake(self) -> None:
        """Something has changed in a queue."""
        self._changed.set()

    def transport(self, destination: Destination, server_sap: int, client_sap: int) -> Transport:
        """The transport of one attempt, not opened."""
        if destination.line is not None:
            connections = self._device.lines.get(destination.line, ())
            return LineTransport(connections, str(destination.line), Saps(server_sap, client_sap))
        return self._dial(destination, Saps(server_sap, client_sap), self._device.limits)


_MAY_WORK_AGAIN = (TransportError, BlockTransferAborted, StoreFailed)
"""What another attempt may mend; a store that fails gives no counters."""
_NEVER = datetime.max.replace(tzinfo=UTC)


class _Queue:
    """The pushes of one object, oldest first."""

    def __init__(self, sender: PushSender, logical_device: LogicalDevice, setup: PushSetupV0) -> None:
        self.pending: deque[_Pending] = deque()
        self._sender = sender
        self._device = sender._device  # noqa: SLF001 - a part of the sender
        self._sap = logical_device.sap
        self._setup = setup
        self._party = PushParty(self._device, logical_device, setup)
        self.busy = False
        """An attempt is under way."""
        setup.receiver = self._party
        setup.on_push = self._triggered
        if isinstance(setup, PushSetupV2):
            setup.on_reset = self._reset

    def _triggered(self, body: Data) -> None:
        """Queue a push. Raises ServiceError: temporary-failure where too many wait, other-reason where it cannot be sent."""
        if len(self.pending) >= MOST_WAITING:
            raise ServiceError(DataAccessResult.TEMPORARY_FAILURE, "push", f"{MOST_WAITING} pushes wait to be sent")
        setup = self._setup
        try:
            destination = Destination.of(setup.stored(3))
            _ = self._party.client, self._party.steps
            if destination.needs_outlet:
                self._sender.transport(destination, self._sap, self._party.client_sap)
        except ConfigError as error:
            raise ServiceError(DataAccessResult.OTHER_REASON, "push", str(error)) from error
        schedule = Schedule.of(setup, local_time_of(setup.tree))
        if not destination.answers and schedule.method is Method.CONFIRMED:
            raise ServiceError(DataAccessResult.OTHER_REASON, "push", "on a line, by e-mail or as a file nothing is confirmed")
        number, time = self._sender.next_long_invoke_id(), setup.now()
        message = PushMessage(number, None if time.is_unset else time, body, confirmed=schedule.method is Method.CONFIRMED)
        delivery = Delivery(schedule, self._device.random)
        delivery.trigger(self._device.clock.utc_now())
        if delivery.due is None:
            raise ServiceError(DataAccessResult.OTHER_REASON, "push", "no communication window opens any more")
        self.pending.append(_Pending(message, delivery, destination, self._party.client_sap))
        self._sender.wake()

    def _reset(self) -> None:
        self.pending.clear()
        self._sender.wake()

    @property
    def due(self) -> datetime:
        return (self.pending[0].delivery.due or _NEVER) if self.pending else _NEVER

    async def attempt(self) -> None:
        pending = self.pending[0]
        try:
            failure = await self._sent(pending)
        except Exception as error:  # noqa: BLE001 - nothing that another attempt would mend, and other objects go on
            if not isinstance(error, DlmsError):
                _LOG.error("push %s failed", self._setup.obis, exc_info=error)
            self._finished(pending, PushOutcome.GIVEN_UP, pending.delivery.attempts + 1, str(error))
        else:
            self._tell(pending, failure)
        finally:
            self.busy = False
            self._sender.wake()

    def _tell(self, pending: _Pending, failure: str) -> None:
        delivery = pending.delivery
        if not failure:
            delivery.sent()
            self._finished(pending, PushOutcome.DELIVERED, delivery.attempts)
            return
        attempt = delivery.attempts + 1
        delivery.failed(self._device.clock.utc_now())
        if delivery.due is not None:
            self._sender.report(PushEvent(self._setup.obis, PushOutcome.REPEATED, attempt, failure))
        else:
            self._finished(pending, PushOutcome.GIVEN_UP, attempt, failure)

    def _finished(self, pending: _Pending, outcome: PushOutcome, attempt: int, detail: str = "") -> None:
        if self.pending and self.pending[0] is pending:  # else it was reset meanwhile
            self.pending.popleft()
        self._sender.report(PushEvent(self._setup.obis, outcome, attempt, detail))

    async def _sent(self, pending: _Pending) -> str:
        """One attempt; why it failed, empty where it did not. Raises DlmsError for what another attempt would not mend."""
        method = pending.delivery.schedule.method
        try:
            async with self._sender.transport(pending.destination, self._sap, pending.client_sap) as transport:
                with self._device.turn():
                    context = self._party.context()
                    octets = pending.message.protected(context, self._party.steps)
                if pending.destination.xml:
                    octets = octets_to_xml(octets)
                if method is Method.CONFIRMED:
                    await self._confirmed(transport, octets, lambda answer: self._confirms(pending, answer, context))
                else:
                    for apdu in self._carried(octets, transport.profile):
                        await transport.send(apdu)
        except _MAY_WORK_AGAIN as error:
            return str(error) or "the medium failed"
        return "nothing confirms it" if method is Method.LOWER_CONFIRMED and not pending.destination.confirms else ""

    def _carried(self, octets: bytes, profile: TransportProfile) -> tuple[bytes, ...]:
        """An unconfirmed push as it is sent: in blocks where it is too long for the medium, and the client has them."""
        return unconfirmed_blocks(octets, _most(profile)) if self._in_blocks(octets, profile) else (octets,)

    async def _confirmed(self, transport: Transport, octets: bytes, confirms: Confirms) -> None:
        """Send a confirmed push, in confirmed blocks where it is too long for the medium, and the client has them."""
        profile = transport.profile
        seconds = self._device.limits.response_seconds + profile.round_trip_seconds
        if self._in_blocks(octets, profile):
            options = block_options(self._party.client.settings, _most(profile), reliable=profile.reliable)
            await confirmed_in_blocks(transport, octets, options, seconds, confirms)
        else:
            await confirmed(transport, octets, seconds, confirms)
        with self._device.turn():
            self._setup.store(13, Data.date_time(self._setup.now()))

    def _in_blocks(self, octets: bytes, profile: TransportProfile) -> bool:
        return not is_xml(octets) and len(octets) > _most(profile) and self._party.client.settings.block_window > 0

    def _confirms(self, pending: _Pending, answer: bytes, context: SecurityContext | None) -> bool:
        if pending.destination.xml:
            try:
                answer = octets_from_xml(answer, limits=self._device.limits)
            except DecodeError:
                return False
        with self._device.turn():
            pin_sender(context, answer)
            return pending.message.is_confirmed_by(answer, context)


def _most(profile: TransportProfile) -> int:
    """The largest APDU that is sent whole: what gets lost at once, where messages get lost."""
    most = profile.max_apdu_send
    return most if profile.reliable else min(most, profile.frame_octets or most)
