"""The middle of a client's association: state, invoke-ids, protection, and which of the received APDUs is the answer.

Follows the table "client: robustness" of the application layer. One request is outstanding at a time. The operations in the
files beside this one are written on `Core.exchange`.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from dlmskit.apdu import (
    CONFIRMED,
    HIGH_PRIORITY,
    LONG_CONFIRMED,
    AccessResponse,
    ActionRequestNormal,
    Apdu,
    ConfirmedServiceError,
    DataNotification,
    DataNotificationConfirm,
    EventNotificationRequest,
    ExceptionResponse,
    GeneralBlockTransfer,
    InformationReportRequest,
    SetRequestNormal,
    WriteRequest,
    decode_apdu,
)
from dlmskit.association.authentication import Associated
from dlmskit.association.client.blocks import ClientBlocks
from dlmskit.association.client.exchanging import BLOCK, Late, exchanged, outgoing
from dlmskit.association.client.protecting import Protecting
from dlmskit.association.errors import BlockTransferAborted, ConfirmedServiceErrorReceived, exception_received
from dlmskit.association.inputs import KINDS, TREATMENTS_BY_OCTET, Kind, Treatment
from dlmskit.association.ports import EventCode, EventSink, Exchange, Notification
from dlmskit.association.reporting import Reporter
from dlmskit.association.settings import AssociationSettings
from dlmskit.association.sizes import send_limit
from dlmskit.association.tables import Event, Party, State, StateMachine
from dlmskit.errors import (
    DecodeError,
    DlmsError,
    LocalProtocolError,
    OutcomeUnknown,
    OutcomeUnknownTimeout,
    SecurityError,
    SecurityReason,
    TransportError,
    TransportTimeout,
)
from dlmskit.limits import Limits
from dlmskit.security.envelope import PROTECTED_TAGS
from dlmskit.security.protection import Verified
from dlmskit.types.conformance import Conformance

_NOTIFICATIONS = (DataNotification, EventNotificationRequest, InformationReportRequest)
_CONFIRMED_NOTIFICATION = DataNotification.head[0], LONG_CONFIRMED >> 24
_NOTIFICATIONS_KEPT = 256
_GENERAL_BLOCKS = int(Conformance.GENERAL_BLOCK_TRANSFER)
_EFFECTS = frozenset((SetRequestNormal.head[0], ActionRequestNormal.head[0], WriteRequest.head[0]))
_LONG_ID = 0xFFFFFF


class Core(Protecting):
    """Everything that the operations of one association share."""

    def __init__(self, settings: AssociationSettings, limits: Limits, on_event: EventSink, *, reliable: bool = True) -> None:
        super().__init__(settings)
        self.reliable = reliable
        """Whether the medium neither loses nor doubles nor reorders."""
        self.blocks: ClientBlocks | None = None
        """General block transfer, where it was negotiated."""
        self.report = Reporter(settings, on_event)
        self.limits = limits
        self.machine = StateMachine(Party.CLIENT)
        self._treatments = TREATMENTS_BY_OCTET[self.machine.state]
        self.notifications: deque[Notification] = deque(maxlen=_NOTIFICATIONS_KEPT)
        self._confirmations: list[bytes] = []
        self.associated: Associated | None = None
        self.conformance = 0
        self.room = 0
        """The largest plain APDU that may be sent."""
        self.general_room = 0
        """The same for what has no glo- and ded-form."""
        self.last_verified: Verified | None = None
        """The proof of the last answer that was ciphered; None where it came in clear."""
        self.repetition: SecurityError | None = None
        """What came in place of the answer that is awaited: something with a counter that was used before."""
        self._busy = False
        self._invoke_id = self._long_invoke_id = 0
        self._flags = CONFIRMED
        self._id_mask = 0 if settings.tolerances.any_invoke_id else 0x0F
        self.tolerated: list[str] | None = [] if settings.tolerances.field_deviations else None
        """Liberties of the server taken in the operation that runs, or in the last one; None where none are taken."""

    # --- State ---

    def fire(self, event: Event) -> None:
        """Move the association. Raises LocalProtocolError where the present state does not know the event."""
        self._treatments = TREATMENTS_BY_OCTET[self.machine.fire(event)]

    def begin(self, event: Event) -> None:
        """Start an operation. Raises LocalProtocolError where the state forbids it or another one is not finished."""
        if self._busy:
            raise LocalProtocolError("one request at a time: the one before is not finished")
        self.machine.require(event)
        if self.tolerated:
            self.tolerated = []
        self._busy = True

    def begin_request(self, needed: int) -> int:
        """Start a request that needs these conformance bits; its Invoke-Id-And-Priority. Raises LocalProtocolError."""
        if self._busy or self.machine.state is not State.ASSOCIATED:
            self.begin(Event.SERVICE)
        if needed & ~self.conformance:
            self.demand(needed)
        if self.tolerated:
            self.tolerated = []
        self._busy = True
        self._invoke_id = self._invoke_id % 15 + 1
        return self._invoke_id | self._flags

    def unconfirmed(self, request: Apdu) -> bytes:
        """A request that asks for no answer, as it is sent. Raises LocalProtocolError for one that is too long."""
        plain = request.encode()
        if len(plain) > self.room:
            raise LocalProtocolError(f"an unconfirmed request of {len(plain)} octets; the server takes {self.room}")
        return self.protect(plain)

    def begin_long_request(self, needed: int, *, confirmed: bool) -> int:
        """As `begin_request`, for a service with a Long-Invoke-Id-And-Priority."""
        self.begin_request(needed)
        self._long_invoke_id = self._long_invoke_id % _LONG_ID + 1
        return self._long_invoke_id | (self._flags if confirmed else self._flags & ~CONFIRMED) << 24

    def end(self) -> None:
        """The operation is over, however it ended."""
        self._busy = False

    def demand(self, needed: int) -> None:
        """Raise LocalProtocolError where these conformance bits were not negotiated."""
        missing = needed & ~self.conformance
        if missing:
            raise LocalProtocolError(f"not negotiated: {', '.join(Conformance(missing).labels)}")

    def reset(self, event: Event) -> None:
        """Leave the association: nothing of it is kept."""
        if self.machine.allows(event):
            self.fire(event)
        self.forget()
        self.associated = self.report.peer_title = self.blocks = None
        self.conformance = self.room = self.general_room = 0
        self._confirmations = []

    # --- What was negotiated ---

    def associate(self, associated: Associated) -> None:
        """Take what was negotiated for the requests to come."""
        context = associated.context
        self.associated = associated
        self.conformance = int(context.conformance)
        self.use(self.security, dedicated=context.has_dedicated_key)
        limit = send_limit(self.settings.largest_sent, context.server_max_receive_pdu_size)
        if self.conformance & _GENERAL_BLOCKS:
            self.blocks = ClientBlocks(self.settings, limit, self.limits, reliable=self.reliable)
            limit = self.limits.apdu_octets
        self.room = self.room_under(limit, self.form, self.steps)
        self.general_room = self.room_under(limit, *self.general_form())
        high = self.settings.high_priority and Conformance.PRIORITY_MGMT_SUPPORTED in context.conformance
        self._flags = CONFIRMED | (HIGH_PRIORITY if high else 0)

    # --- Exchanges ---

    def exchange(
        self,
        plain: bytes,
        expected: frozenset[type[Apdu]],
        invoke_id: int | None,
        retries: int = 0,
        *,
        effect: bool = False,
        late: Late | None = None,
    ) -> Exchange[Any]:
        """Send a request and wait for the answer: one of the ``expected`` types, with this invoke-id if it has one. Over a medium
        that brings answers twice those that are ``late`` are dropped.

        A repetition has the same invoke-id and a new invocation counter. What has an ``effect`` (SET, ACTION, WRITE) is
        not repeated but block by block, which the server tells apart. Raises what the answer is where it is an error, and
        `OutcomeUnknown` in place of an error of the transport where there may have been an effect. SecurityError
        (counter-repeated) where nothing but a repetition came.
        """
        effect = effect or (plain[0] in _EFFECTS and self.associated is not None)
        while True:
            try:
                return (yield from exchanged(self, outgoing(self, plain), expected, invoke_id, None if self.reliable else late))
            except SecurityError:
                if self.reliable or effect or not retries or self.blocks is None or not self.blocks.used:
                    raise
                retries -= 1  # blocks of an earlier exchange may have got into this one
            except (TransportError, BlockTransferAborted) as error:
                if effect:
                    kind = OutcomeUnknownTimeout if isinstance(error, TransportTimeout) else OutcomeUnknown
                    raise kind(f"{self._why(error)}: whether the request was executed is not known") from error
                if not retries or not isinstance(error, TransportTimeout | BlockTransferAborted):
                    if self.repetition is None or not self.reliable:  # a medium may well bring old answers twice
                        raise
                    raise SecurityError(SecurityReason.COUNTER_REPEATED, self._why(error)) from self.repetition
                retries -= 1

    def _why(self, error: DlmsError) -> str:
        """The error, and what else was heard."""
        if self.repetition is None:
            return str(error)
        return (
            f"{error}, but for a message with a counter that was used before ({self.repetition}): the meter has lost "
            "its counters, or somebody repeats what it said; associate anew, and change the keys where it was the meter"
        )

    def exchange_as_is(
        self, octets: bytes, expected: frozenset[type[Apdu]], invoke_id: int | None = None, retries: int = 0
    ) -> Exchange[Any]:
        """Send what is protected already, or never is as a whole (AARQ, RLRQ), and wait for the answer. Raises as `exchange`.

        The same octets are repeated: to make them anew would begin something else.
        """
        while True:
            try:
                return (yield from exchanged(self, (octets,), expected, invoke_id))
            except TransportTimeout:
                if not retries:
                    raise
                retries -= 1

    def accept(self, octets: bytes, expected: frozenset[type[Apdu]], invoke_id: int | None) -> Apdu | None:
        """The received APDU, if it is the answer; None when it is not and waiting goes on.

        Raises SecurityError for an answer with too little or wrong protection, DecodeError for one that cannot be read,
        `RequestRefused` where the server refuses.
        """
        treatment = self._treatments[octets[0]] if octets else Treatment.DROP
        if treatment is Treatment.DROP:
            self.report(EventCode.UNEXPECTED_APDU, describe(octets))
            return None
        verified = None
        if octets[0] in PROTECTED_TAGS:
            if self._ciphering is None:
                self._cannot_open(octets, treatment)
                return None
            try:
                verified = self.open(octets, self._ciphering)
            except SecurityError as error:
                self._not_verified(octets, treatment, error)
                return None
            octets = verified.plain
        elif not self.in_clear and KINDS[octets[0]] is Kind.RESPONSE:
            raise SecurityError(SecurityReason.PROTECTION_TOO_WEAK, f"an answer in clear: {describe(octets)}")
        if treatment is Treatment.NOTIFY:
            self._notified(octets, verified)
            return None
        answer = decode_apdu(octets, deviations=self.tolerated, limits=self.limits)
        self.last_verified = verified
        if type(answer) in expected and (invoke_id is None or self._is_of(answer, invoke_id)):
            return answer
        if type(answer) is GeneralBlockTransfer and self.blocks is not None:  # a block that came ciphered by itself
            return answer
        self._other(answer, octets, verified)
        return None

    def _is_of(self, answer: Apdu, invoke_id: int) -> bool:
        """Whether an answer carries the invoke-id of the request, or needs none."""
        if isinstance(answer, AccessResponse):
            return not (answer.long_invoke_id_and_priority ^ invoke_id) & (_LONG_ID if self._id_mask else 0)
        return not (answer.invoke_id_and_priority ^ invoke_id) & self._id_mask  # type: ignore[attr-defined]

    def _cannot_open(self, octets: bytes, treatment: Treatment) -> None:
        """A ciphered APDU in an association without ciphering: a push may be for other keys than ours."""
        if treatment is Treatment.NOTIFY:
            self.notifications.append(Notification(octets))
        else:
            self.report(EventCode.UNEXPECTED_APDU, f"ciphered, in an association without ciphering: {describe(octets)}")

    def _not_verified(self, octets: bytes, treatment: Treatment, error: SecurityError) -> None:
        """A repetition is dropped like any late answer, and so is a push; raises the error for what may be our answer."""
        repeated = error.reason is SecurityReason.COUNTER_REPEATED
        self.report(EventCode.COUNTER_REPEATED if repeated else EventCode.PROTECTION_FAILED, describe(octets), error)
        if repeated:
            self.repetition = error
        if treatment is Treatment.TAKE and not repeated:
            raise error

    def _other(self, answer: Apdu, octets: bytes, verified: Verified | None) -> None:
        if isinstance(answer, _NOTIFICATIONS):
            self._notified(octets, verified)
        elif isinstance(answer, ExceptionResponse):
            raise exception_received(answer)
        elif isinstance(answer, ConfirmedServiceError):
            raise ConfirmedServiceErrorReceived(answer)
        else:
            self.report(EventCode.UNMATCHED_RESPONSE, describe(octets))

    def _notified(self, octets: bytes, verified: Verified | None) -> None:
        """Keep a notification, and have one confirmed that asks for it and is protected as it must be."""
        self.notifications.append(Notification(octets, verified))
        tag, flags = octets[0], octets[1] if len(octets) > 1 else 0
        asks = (tag, flags & _CONFIRMED_NOTIFICATION[1]) == _CONFIRMED_NOTIFICATION
        if not asks or self.associated is None or (verified is None and not self.in_clear):
            return
        try:
            notification = DataNotification.decode(octets, deviations=[], limits=self.limits)
        except DecodeError as error:
            self.report(EventCode.NOT_DECODED, describe(octets), error)
        else:
            confirmation = DataNotificationConfirm(notification.long_invoke_id_and_priority, b"")
            self._confirmations.append(self.protect(confirmation.encode()))

    def to_confirm(self) -> tuple[bytes, ...]:
        """The confirmations to send now."""
        confirmations, self._confirmations = tuple(self._confirmations), []
        return confirmations

    def receive(self, octets: bytes) -> tuple[bytes, ...]:
        """Take an APDU that came while nothing was asked: notifications are kept, the rest is dropped and reported.

        What is returned is to be sent: acknowledgements of blocks, confirmations of notifications.
        """
        send: tuple[bytes, ...] = ()
        if octets and octets[0] == BLOCK and self.blocks is not None:
            reaction = self.blocks.receive(octets)
            octets, send = reaction.apdu or b"", reaction.send
            if not octets:
                return send
        try:
            self.accept(octets, frozenset(), None)
        except DlmsError as error:
            self.report(EventCode.UNEXPECTED_APDU, describe(octets), error)
        return send + self.to_confirm()


def describe(octets: bytes) -> str:
    """An APDU for the log: its kind, tag and length, never its content."""
    return f"{KINDS[octets[0]].value}, tag {octets[0]:02X}, {len(octets)} octets" if octets else "nothing"
