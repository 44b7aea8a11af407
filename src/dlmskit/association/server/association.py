"""A server's association: one pair of SAPs in one lower-layer connection. Octets in, answers out; time is asked, not waited for.

Its life is here: what opens, ends and expires it, by the table of `dlmskit.association.tables`. What each state owes is in
`dlmskit.association.inputs`, what an AARE says in `acceptance`, how requests are served in `pipeline`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from math import inf

from dlmskit.association.authentication import Associated, pre_established
from dlmskit.association.context import AssociationContext
from dlmskit.association.credentials import Credentials, CredentialSource
from dlmskit.association.inputs import KINDS, NOT_ALLOWED, SILENCE, Serve, answers_by_octet
from dlmskit.association.ports import Clock, EventCode, EventSink, MessageTally, Random, ServiceHandler, forget
from dlmskit.association.reporting import Reporter
from dlmskit.association.server.blocks import ServerBlocks
from dlmskit.association.server.notifying import Unasked, notification
from dlmskit.association.server.opening import Opened, Opener
from dlmskit.association.server.pipeline import Pipeline
from dlmskit.association.server.releasing import released
from dlmskit.association.server.renewal import ChangedKeys
from dlmskit.association.server.repetitions import Repetitions
from dlmskit.association.server.services import Services
from dlmskit.association.settings import AarqOnOpen, AssociationSettings
from dlmskit.association.tables import Event, Party, State, StateMachine
from dlmskit.errors import DecodeError, LocalProtocolError, SecurityError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.security.context import SecurityContext
from dlmskit.security.hls import RecentChallenges

_SERVED = frozenset((Serve.PLAIN, Serve.CIPHERED, Serve.BLOCKS))


def _always() -> bool:
    return True


class ServerAssociation:
    """One association of a server.

    ``has_room`` says whether another association may be opened now. A medium that is not ``reliable`` loses, doubles or reorders
    messages: requests that come again are answered again and not executed again. Raises ConfigError for settings that lack a
    system title or a password, SecurityError for a mechanism that is not supported and for keys of another suite.
    """

    def __init__(
        self,
        settings: AssociationSettings,
        handler: ServiceHandler,
        credentials: CredentialSource | None = None,
        *,
        random: Random,
        clock: Clock,
        limits: Limits = DEFAULT,
        on_event: EventSink = forget,
        has_room: Callable[[], bool] = _always,
        reliable: bool = True,
        tally: MessageTally | None = None,
    ) -> None:
        self.settings = settings
        self._handler = handler
        self._clock = clock
        self._limits = limits
        self._has_room = has_room
        self._repetitions = None if reliable else Repetitions(clock, limits)
        self._report = Reporter(settings, on_event)
        self._tally = tally or MessageTally()
        self._random = random
        self._source: CredentialSource = credentials or Credentials()
        self._opener = Opener(settings, self._source, random, limits, self._may_open)
        self._credentials = self._source.candidates()[0]
        """What the association was opened under."""
        self._machine = StateMachine(Party.SERVER)
        self._table = answers_by_octet(short_names=settings.short_names)
        self._answers = self._table[self._machine.state]
        self._challenges = RecentChallenges()
        self._context: AssociationContext | None = None
        self._pipeline: Pipeline | None = None
        self._expires = inf
        """When the association or its handshake ends, if nothing is heard."""
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
        return None if self._pipeline is None else self._pipeline.associated

    @property
    def security(self) -> SecurityContext | None:
        """Keys, titles and counters in force; None without ciphering, and without an association."""
        return None if self._pipeline is None else self._pipeline.security

    @property
    def deadline(self) -> float | None:
        """When `expire` has something to do, if nothing else happens before; in seconds of the clock."""
        pipeline = self._pipeline
        moments = [self._expires]
        if pipeline is not None and pipeline.services.transfer is not None:
            moments.append(pipeline.services.transfer.deadline)
        if pipeline is not None and pipeline.blocks is not None:
            moments.append(pipeline.blocks.deadline)
        moment = min(moments)
        return None if moment == inf else moment

    # --- Events ---

    def receive(self, octets: bytes) -> tuple[bytes, ...]:
        """Serve one APDU of the client; the answers, none for silence. Nothing is raised for bad input."""
        now = self._clock()
        pipeline = self._pipeline
        if now > self._expires or (pipeline is not None and pipeline.transferring):
            self._expire(now)
            pipeline = self._pipeline
        if self._repetitions is None or not octets:
            return self._serve(octets, now, pipeline)
        known = self._repetitions.answers(octets)
        if known is None:
            known = self._serve(octets, now, pipeline)
            self._repetitions.answered(octets, known)
        return known

    def _serve(self, octets: bytes, now: float, pipeline: Pipeline | None) -> tuple[bytes, ...]:
        if self._machine.state is State.INACTIVE:
            self._fire(Event.CONNECTED)
            self._establish()
            pipeline = self._pipeline
        if not octets:
            return ()
        act = self._answers[octets[0]]
        if act in _SERVED and pipeline is not None:
            answers = pipeline.serve(octets, act)
            if pipeline.outcome is not None:
                self._authenticated(pipeline)
            if pipeline.associated is not None and self._expires != inf:
                self._expires = now + self._limits.inactivity_seconds
            return answers if self._context is None or self._context.confirmed else ()
        if act is Serve.OPEN:
            answer = self._open(octets)
            return (answer,) if answer else ()
        if act is Serve.RELEASE:
            answer = self._release(octets)
        else:
            answer = act if isinstance(act, bytes) else NOT_ALLOWED
            self._report(EventCode.UNEXPECTED_APDU, f"{KINDS[octets[0]].value}, tag {octets[0]:02X}, {self.state.value}")
        if not answer or (self._context is not None and not self._context.confirmed):
            return ()
        return (answer,)

    def expire(self) -> None:
        """End what has waited too long: the association, a handshake, a block transfer. `deadline` says when to look."""
        self._expire(self._clock())

    def notify(self, apdu: Unasked) -> bytes:
        """An EventNotification, InformationReport or DataNotification in the open association: the APDU to send.

        It is protected as responses are. Raises LocalProtocolError without an association, for a service that was not
        negotiated, and for what is longer than the client takes; SecurityError where it cannot be protected.
        """
        pipeline, context = self._pipeline, self._context
        if pipeline is None or pipeline.associated is None or context is None:
            raise LocalProtocolError("there is no association to notify in")
        return notification(pipeline.services, apdu, dedicated=context.has_dedicated_key)

    @property
    def unconfirmed(self) -> frozenset[int]:
        """Long invoke-ids of the DataNotifications that asked for a confirmation and have none yet."""
        return frozenset() if self._pipeline is None else self._pipeline.services.outstanding.numbers

    def lower_layer_lost(self) -> None:
        """The connection is gone: so is the association, with everything that belongs to it."""
        if self.associated is not None:
            self._report(EventCode.ABORTED, "lower layer lost")
        self._end(Event.LOST)

    def _expire(self, now: float) -> None:
        if now <= self._expires:
            if self._pipeline is not None:
                self._pipeline.expire(now)
        elif self.state is State.HLS_PENDING:
            self._report(EventCode.AUTHENTICATION_FAILED, "passes 3 and 4 did not come in time")
            self._end(Event.NOT_PROVED)
        else:
            self._report(EventCode.ABORTED, "nothing heard for too long")
            self._end(Event.EXPIRED)

    # --- Keys and policy that change ---

    @property
    def answering(self) -> bool:
        """Whether an answer is still under way in blocks."""
        transfer = None if self._pipeline is None else self._pipeline.services.transfer
        return transfer is not None and not transfer.finished

    def renewed(self, settings: AssociationSettings) -> None:
        """Keys or the security policy have changed: from the next APDU on everything is under the new ones.

        A handshake that is not finished ends. See `dlmskit.association.server.renewal`.
        """
        self.settings = settings
        self._opener = Opener(settings, self._source, self._random, self._limits, self._may_open)
        before, context = self._pipeline, self._context
        if before is None or context is None:
            return
        if before.associated is None:
            self._report(EventCode.AUTHENTICATION_FAILED, "keys or policy have changed meanwhile")
            self._end(Event.NOT_PROVED)
            return
        changed = None if before.security is None else ChangedKeys(self._source, before.security)
        pipeline = self._prepare(context, None if changed is None else changed.security)
        pipeline.associated, pipeline.changed_keys, pipeline.blocks = before.associated, changed, before.blocks

    # --- Opening ---

    def _open(self, octets: bytes) -> bytes:
        """Evaluate an AARQ. A ciphered association is not touched by one; another one ends, as it is configured."""
        drops = self.settings.ciphered or self.settings.switches.aarq_on_open is AarqOnOpen.DROP
        if self.state is State.ASSOCIATED and (self.settings.pre_established or drops):
            self._report(EventCode.ANOTHER_AARQ, "dropped")
            return SILENCE
        opened = self._opener.evaluate(octets)
        if not opened.decoded:
            self._report(EventCode.NOT_DECODED, opened.situation, opened.error)
            return SILENCE
        if self.state is not State.IDLE:
            self._report(EventCode.ANOTHER_AARQ, "the association before has ended")
            self._end(Event.REOPENED)
        self._take(opened)
        return opened.answer

    def _take(self, opened: Opened) -> None:
        if opened.context is None:
            self._fire(Event.REFUSED)
            code = EventCode.AUTHENTICATION_FAILED if opened.authentication_failed else EventCode.AARQ_REFUSED
            code = EventCode.RETIRED_KEY if opened.retired else code
            self._report(code, opened.situation, opened.error, opened.title)
            return
        self._credentials = opened.credentials or self._credentials
        pipeline = self._prepare(opened.context, opened.security)
        if opened.handshake is not None:
            if self._challenges.repeated(opened.challenge):
                self._report(EventCode.CHALLENGE_REPEATED)
            pipeline.handshake = opened.handshake
            self._fire(Event.CHALLENGED)
            self._expires = self._clock() + self._limits.message_seconds
        else:
            pipeline.associated = opened.associated
            self._begin(Event.ACCEPTED)

    def _prepare(self, context: AssociationContext, security: SecurityContext | None) -> Pipeline:
        services = Services(
            settings=self.settings,
            conformance=int(context.conformance),
            client_receives=context.client_max_receive_pdu_size,
            handler=self._handler,
            security=security if self.settings.ciphered else None,
            limits=self._limits,
            clock=self._clock,
            report=self._report,
        )
        self._context = context
        self._report.peer_title = context.client_system_title
        self._pipeline = pipeline = Pipeline(
            self.settings,
            context,
            services,
            security,
            self._limits,
            self._report,
            blocks=self._blocks(services),
            repetitions=self._repetitions,
            tally=self._tally,
        )
        return pipeline

    def _blocks(self, services: Services) -> ServerBlocks | None:
        """General block transfer, where it was negotiated."""
        if not services.by_blocks:
            return None
        limit, reliable = services.send_limit, self._repetitions is None
        return ServerBlocks(self.settings, limit, self._limits, self._clock, self._report, reliable=reliable)

    def _begin(self, event: Event) -> None:
        """The association is open."""
        self._fire(event)
        self._source.proved(self._credentials)
        self._expires = inf if self.settings.pre_established else self._clock() + self._limits.inactivity_seconds
        self._report(EventCode.ASSOCIATED)

    def _authenticated(self, pipeline: Pipeline) -> None:
        """Passes 3 and 4 are over, for better or worse."""
        outcome, pipeline.outcome = pipeline.outcome, None
        if outcome is Event.PROVED:
            self._begin(outcome)
        else:
            self._end(Event.NOT_PROVED)

    def _establish(self) -> None:
        """Take the association that is configured and needs no AARQ."""
        if self.settings.pre_established:
            security = self._opener.security_with(self.settings.client_system_title) if self.settings.ciphered else None
            associated = pre_established(self.settings)
            self._prepare(associated.context, security).associated = associated
            self._begin(Event.PRE_ESTABLISHED)

    def _may_open(self) -> bool:
        """An AARQ in place of an association that is there needs no further room."""
        return self.state is not State.IDLE or self._has_room()

    # --- Ending ---

    def _release(self, octets: bytes) -> bytes:
        context = self._context
        if context is None or self.settings.pre_established:
            return SILENCE
        try:
            answer = self._released(octets, context)
        except SecurityError as error:
            self._report(EventCode.RELEASE_NOT_PROTECTED, "dropped", error)
            return SILENCE
        except DecodeError as error:
            self._report(EventCode.NOT_DECODED, "RLRQ", error)
            return NOT_ALLOWED
        self._report(EventCode.RELEASED)
        self._end(Event.RELEASE)
        return answer

    def _released(self, octets: bytes, context: AssociationContext) -> bytes:
        """The RLRE, under the keys of the RLRQ. Raises SecurityError, DecodeError."""
        changed = None if self._pipeline is None else self._pipeline.changed_keys
        for security in () if changed is None else changed.waiting:
            with suppress(SecurityError):
                return released(octets, context, self.settings, security, self._limits)
        return released(octets, context, self.settings, self.security, self._limits)

    def _end(self, event: Event) -> None:
        """Move, and keep nothing of the association."""
        if self._pipeline is not None:
            self._pipeline.drop_transfers("the association has ended")
            if self._pipeline.security is not None:
                self._pipeline.security.drop_dedicated_key()
        if self._repetitions is not None:
            self._repetitions.forget()
        self._context = self._pipeline = self._report.peer_title = None
        self._expires = inf
        self._fire(event)

    def _fire(self, event: Event) -> None:
        self._answers = self._table[self._machine.fire(event)]

    def __repr__(self) -> str:
        return f"ServerAssociation({self.settings.client_sap} to {self.settings.server_sap}, {self.state.value})"
