"""A server's association: one pair of SAPs in one lower-layer connection. Octets in, answers out; time is asked, not waited for.

The receiver pipeline in its order: state, size, protection, policy, decoding, service (application layer, 7.5; security
concept, 1.5). What each state owes is in `dlmskit.association.inputs`, what an AARE says in `acceptance`.
"""

from __future__ import annotations

from collections.abc import Callable

from dlmskit.apdu import (
    CONFIRMED,
    ActionRequestNormal,
    ActionResponseNormal,
    ActionResponseWithOptionalData,
    Apdu,
    CosemMethodDescriptor,
    ExceptionResponse,
    decode_apdu,
)
from dlmskit.association.authentication import Associated, Handshake, pre_established
from dlmskit.association.context import AssociationContext
from dlmskit.association.credentials import Credentials
from dlmskit.association.inputs import (
    ANSWERS_BY_OCTET,
    KINDS,
    NOT_ALLOWED,
    NOT_DECIPHERED,
    NOT_PROTECTED,
    SILENCE,
    TOO_LONG,
    Kind,
    Serve,
)
from dlmskit.association.ports import (
    AssociationEvent,
    Clock,
    EventCode,
    EventSink,
    Random,
    Request,
    ServiceHandler,
    forget,
)
from dlmskit.association.server.acceptance import counter_refused
from dlmskit.association.server.dispatch import answer_to_malformed, serve
from dlmskit.association.server.opening import Opened, Opener
from dlmskit.association.server.releasing import released
from dlmskit.association.server.services import Services, Turn, Wrapped
from dlmskit.association.settings import AarqOnOpen, AssociationSettings
from dlmskit.association.tables import Event, Party, State, StateMachine
from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.errors import DecodeError, SecurityError, SecurityReason
from dlmskit.limits import DEFAULT, Limits
from dlmskit.security.context import SecurityContext
from dlmskit.security.envelope import FORM_OF_TAG
from dlmskit.security.hls import RecentChallenges
from dlmskit.security.protection import Verified, unprotect
from dlmskit.types.enums import ActionResult
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle

_REPLY_TO_HLS = CosemMethodDescriptor(15, Obis("0.0.40.0.0.255").octets, 1)
"""reply_to_HLS_authentication of the current association."""
_EXCEPTION = ExceptionResponse.head[0]


def _always() -> bool:
    return True


class ServerAssociation:
    """One association of a server.

    ``has_room`` says whether another association may be opened now. Raises ConfigError for settings that lack a system title
    or a password, SecurityError for a mechanism that is not supported and for keys of another suite.
    """

    def __init__(
        self,
        settings: AssociationSettings,
        handler: ServiceHandler,
        credentials: Credentials | None = None,
        *,
        random: Random,
        clock: Clock,
        limits: Limits = DEFAULT,
        on_event: EventSink = forget,
        has_room: Callable[[], bool] = _always,
    ) -> None:
        self.settings = settings
        self._handler = handler
        self._clock = clock
        self._limits = limits
        self._on_event = on_event
        self._has_room = has_room
        self._opener = Opener(settings, credentials or Credentials(), random, limits, self._may_open)
        self._machine = StateMachine(Party.SERVER)
        self._acts = ANSWERS_BY_OCTET[self._machine.state]
        self._challenges = RecentChallenges()
        self._must_be_protected = bool(settings.policy.request)
        self._response_policy = int(settings.policy.response)
        self._context: AssociationContext | None = None
        self._associated: Associated | None = None
        self._handshake: Handshake | None = None
        self._security: SecurityContext | None = None
        self._services: Services | None = None
        self._last_heard = self._opened_at = clock()
        self._establish()

    # --- What it is ---

    @property
    def state(self) -> State:
        """Where the association is."""
        return self._machine.state

    @property
    def context(self) -> AssociationContext | None:
        """What was negotiated; None without an association. It proves nothing while the state is HLS pending."""
        return self._context

    @property
    def associated(self) -> Associated | None:
        """The proof that the association is open."""
        return self._associated

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do, if nothing else happens before; in seconds of the clock."""
        if self._machine.state is State.HLS_PENDING:
            return self._opened_at + self._limits.message_seconds
        if self._machine.state is State.ASSOCIATED and not self.settings.pre_established:
            return self._last_heard + self._limits.inactivity_seconds
        return None

    # --- Events ---

    def receive(self, octets: bytes) -> tuple[bytes, ...]:
        """Serve one APDU of the client; the answers, none for silence. Nothing is raised for bad input."""
        now = self._clock()
        if self._services is not None:
            self._expire(now)
        self._last_heard = now
        if self._machine.state is State.INACTIVE:
            self._fire(Event.CONNECTED)
            self._establish()
        if not octets:
            return ()
        act = self._acts[octets[0]]
        if act is Serve.PLAIN or act is Serve.CIPHERED:
            answer = self._serve(octets, ciphered=act is Serve.CIPHERED)
        elif act is Serve.OPEN:
            return _some(self._open(octets))
        elif act is Serve.RELEASE:
            answer = self._release(octets)
        else:
            answer = self._unexpected(octets, act)
        if not answer or self.settings.broadcast or (self._context is not None and not self._context.confirmed):
            return ()
        return (answer,)

    def expire(self) -> None:
        """End what has waited too long: the association, a handshake, a block transfer. `deadline` says when to look."""
        self._expire(self._clock())

    def lower_layer_lost(self) -> None:
        """The connection is gone: so is the association, with everything that belongs to it."""
        if self._associated is not None:
            self._report(EventCode.ABORTED, "lower layer lost")
        self._fire(Event.LOST)
        self._forget()

    def _fire(self, event: Event) -> None:
        self._acts = ANSWERS_BY_OCTET[self._machine.fire(event)]

    def _expire(self, now: float) -> None:
        state = self._machine.state
        if state is State.HLS_PENDING and now - self._opened_at > self._limits.message_seconds:
            self._report(EventCode.AUTHENTICATION_FAILED, "passes 3 and 4 did not come in time")
            self._fire(Event.NOT_PROVED)
            self._forget()
        elif (
            state is State.ASSOCIATED
            and now - self._last_heard > self._limits.inactivity_seconds
            and not self.settings.pre_established
        ):
            self._report(EventCode.ABORTED, "nothing heard for too long")
            self._fire(Event.EXPIRED)
            self._forget()
        elif self._services is not None and self._services.transfer is not None:
            self._services.expire(now)

    # --- Opening and closing ---

    def _open(self, octets: bytes) -> bytes:
        """Evaluate an AARQ. A ciphered association is not touched by one; another one ends, as it is configured."""
        associated = self._machine.state is State.ASSOCIATED
        drops = self.settings.ciphered or self.settings.switches.aarq_on_open is AarqOnOpen.DROP
        if associated and (self.settings.pre_established or drops):
            self._report(EventCode.ANOTHER_AARQ, "dropped")
            return SILENCE
        opened = self._opener.evaluate(octets)
        if not opened.decoded:
            self._report(EventCode.NOT_DECODED, opened.situation, opened.error)
            return SILENCE
        if self._machine.state is not State.IDLE:
            self._report(EventCode.ANOTHER_AARQ, "the association before has ended")
            self._fire(Event.REOPENED)
            self._forget()
        self._take(opened)
        return opened.answer

    def _take(self, opened: Opened) -> None:
        if opened.context is None:
            self._fire(Event.REFUSED)
            code = EventCode.AUTHENTICATION_FAILED if opened.authentication_failed else EventCode.AARQ_REFUSED
            self._report(code, opened.situation, opened.error, opened.title)
            return
        self._context, self._security = opened.context, opened.security
        self._services = self._services_of(opened.context)
        self._opened_at = self._clock()
        if opened.handshake is not None:
            self._handshake = opened.handshake
            if self._challenges.repeated(opened.challenge):
                self._report(EventCode.CHALLENGE_REPEATED)
            self._fire(Event.CHALLENGED)
        elif opened.associated is not None:
            self._begin(opened.associated, Event.ACCEPTED)

    def _begin(self, associated: Associated, event: Event) -> None:
        self._fire(event)
        self._associated = associated
        self._handshake = None
        self._report(EventCode.ASSOCIATED)

    def _services_of(self, context: AssociationContext) -> Services:
        return Services(
            settings=self.settings,
            conformance=int(context.conformance),
            client_receives=context.client_max_receive_pdu_size,
            handler=self._handler,
            security=self._security if self.settings.ciphered else None,
            limits=self._limits,
            clock=self._clock,
            report=self._report,
        )

    def _establish(self) -> None:
        """Take the association that is configured and needs no AARQ."""
        if self.settings.pre_established:
            if self.settings.ciphered:
                self._security = self._opener.security_with(self.settings.client_system_title)
            associated = pre_established(self.settings)
            self._context = associated.context
            self._services = self._services_of(associated.context)
            self._begin(associated, Event.PRE_ESTABLISHED)

    def _release(self, octets: bytes) -> bytes:
        context = self._context
        if context is None or self.settings.pre_established:
            return SILENCE
        try:
            answer = released(octets, context, self.settings, self._security, self._limits)
        except SecurityError as error:
            self._report(EventCode.RELEASE_NOT_PROTECTED, "dropped", error)
            return SILENCE
        except DecodeError as error:
            self._report(EventCode.NOT_DECODED, "RLRQ", error)
            return NOT_ALLOWED
        self._report(EventCode.RELEASED)
        self._fire(Event.RELEASE)
        self._forget()
        return answer

    def _may_open(self) -> bool:
        """An AARQ in place of an association that is there needs no further room."""
        return self._machine.state is not State.IDLE or self._has_room()

    def _forget(self) -> None:
        if self._services is not None:
            self._services.drop_transfer("the association has ended")
        if self._security is not None:
            self._security.drop_dedicated_key()
        self._context = self._associated = self._handshake = self._security = self._services = None

    # --- Services ---

    def _serve(self, octets: bytes, *, ciphered: bool) -> bytes:
        services = self._services
        if services is None:
            return NOT_ALLOWED
        largest = self.settings.max_pdu_size
        if largest and len(octets) > largest:
            self._report(EventCode.NOT_DECODED, f"{len(octets)} octets, at most {largest} are taken")
            return TOO_LONG
        if not ciphered:
            if self._must_be_protected:
                self._report(EventCode.PROTECTION_TOO_WEAK, f"in clear: {KINDS[octets[0]].value}")
                return NOT_PROTECTED
            return self._serve_plain(services, octets, None)
        if self._security is None or not self.settings.ciphered:
            return self._unexpected(octets, NOT_ALLOWED)
        try:
            verified = unprotect(octets, self._security)
        except (SecurityError, DecodeError) as error:
            return self._not_verified(octets, error)
        if verified.gap and self._associated is not None:
            self._report(EventCode.COUNTER_GAP, f"{verified.gap} left out")
        return self._serve_plain(services, verified.plain, verified)

    def _serve_plain(self, services: Services, plain: bytes, verified: Verified | None) -> bytes:
        kind = KINDS[plain[0]]
        if kind is not Kind.ACTION and (kind is not Kind.GET_SET or self._associated is None):
            return self._unexpected(plain, NOT_ALLOWED)
        form, found = (None, 0) if verified is None else (verified.channel.form, verified.channel.control >> 4 & 3)
        invoke_id = plain[2] if len(plain) > 2 else CONFIRMED
        unconfirmed = not invoke_id & CONFIRMED and not self.settings.switches.answer_unconfirmed
        if self.settings.broadcast and not unconfirmed:
            return self._unexpected(plain, SILENCE)
        try:
            request = decode_apdu(plain, limits=self._limits)
        except DecodeError as error:
            self._report(EventCode.NOT_DECODED, kind.value, error)
            wrapped = Wrapped(invoke_id, form, found, self._response_policy)
            answer = NOT_ALLOWED if self._associated is None else answer_to_malformed(plain, error)
        else:
            if self._associated is None:
                wrapped = Wrapped(invoke_id, form, found, self._response_policy)
                return self._reply_to_hls(services, request, wrapped, verified)
            turn = Turn(invoke_id, form, found, self._response_policy, Request(self._associated, verified, invoke_id))
            wrapped, answer = turn, serve(services, turn, request)
        if unconfirmed:
            return SILENCE
        return self._protect(services, wrapped, answer)

    def _protect(self, services: Services, wrapped: Wrapped, answer: bytes) -> bytes:
        """The answer as it is sent. An exception-response is never protected."""
        if answer[0] == _EXCEPTION:
            return answer
        try:
            return services.protect(wrapped, answer)
        except SecurityError as error:
            self._report(EventCode.PROTECTION_FAILED, "the answer cannot be protected", error)
            return SILENCE

    def _reply_to_hls(self, services: Services, request: Apdu, wrapped: Wrapped, carrier: Verified | None) -> bytes:
        """Pass 3, and pass 4 as its answer. One attempt: whatever is wrong with it ends the association."""
        handshake, context = self._handshake, self._context
        if not isinstance(request, ActionRequestNormal) or request.cosem_method_descriptor != _REPLY_TO_HLS:
            return NOT_ALLOWED
        if handshake is None or context is None:
            return NOT_ALLOWED
        given = request.method_invocation_parameters
        value = given.value if given is not None and given.tag == Tag.OCTET_STRING else b""
        try:
            associated = handshake.finish(context, value, carrier)
            response = ActionResponseWithOptionalData(int(ActionResult.SUCCESS), Data.octet_string(handshake.answer()))
        except SecurityError as error:
            self._report(EventCode.AUTHENTICATION_FAILED, "passes 3 and 4", error)
            response = ActionResponseWithOptionalData(int(ActionResult.OTHER_REASON))
            answer = self._protect(services, wrapped, ActionResponseNormal(wrapped.invoke_id, response).encode())
            self._fire(Event.NOT_PROVED)
            self._forget()
            return answer
        self._begin(associated, Event.PROVED)
        return self._protect(services, wrapped, ActionResponseNormal(wrapped.invoke_id, response).encode())

    # --- Refusals ---

    def _not_verified(self, octets: bytes, error: SecurityError | DecodeError) -> bytes:
        """One answer for every failure of protection, but for a counter that was used before."""
        if isinstance(error, DecodeError):
            self._report(EventCode.NOT_DECODED, KINDS[octets[0]].value, error)
            return NOT_ALLOWED
        if error.reason is SecurityReason.COUNTER_REPEATED:
            self._report(EventCode.COUNTER_REPEATED, KINDS[octets[0]].value, error)
            return counter_refused(self._security, FORM_OF_TAG[octets[0]])
        weak = error.reason is SecurityReason.PROTECTION_TOO_WEAK
        self._report(EventCode.PROTECTION_TOO_WEAK if weak else EventCode.PROTECTION_FAILED, KINDS[octets[0]].value, error)
        return SILENCE if self.settings.switches.silent_on_deciphering_error else NOT_DECIPHERED

    def _unexpected(self, octets: bytes, answer: bytes) -> bytes:
        self._report(EventCode.UNEXPECTED_APDU, f"{KINDS[octets[0]].value}, tag {octets[0]:02X}, {self._machine.state.value}")
        return answer

    def _report(
        self, code: EventCode, detail: str = "", error: BaseException | None = None, title: SystemTitle | None = None
    ) -> None:
        if title is None and self._context is not None:
            title = self._context.client_system_title
        settings = self.settings
        self._on_event(
            AssociationEvent(
                code=code,
                client_sap=settings.client_sap,
                server_sap=settings.server_sap,
                peer_title=title,
                detail=detail,
                error=error,
            )
        )

    def __repr__(self) -> str:
        return f"ServerAssociation({self.settings.client_sap} to {self.settings.server_sap}, {self.state.value})"


def _some(answer: bytes) -> tuple[bytes, ...]:
    return (answer,) if answer else ()
