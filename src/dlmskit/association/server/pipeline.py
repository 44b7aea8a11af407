"""The receiver pipeline of one opened association: size, protection, policy, decoding, service, protection of the answer.

In this order and no other (application layer, 7.5; security concept, 1.5). As long as the client has not proved itself nothing
passes but reply_to_HLS_authentication, on which there is one attempt.
"""

from __future__ import annotations

from math import inf

from dlmskit.apdu import (
    CONFIRMED,
    AccessRequest,
    Apdu,
    ExceptionResponse,
    decode_apdu,
)
from dlmskit.association.authentication import Associated, Handshake
from dlmskit.association.context import AssociationContext
from dlmskit.association.inputs import (
    KINDS,
    NO_SHORT_NAMES,
    NOT_ALLOWED,
    NOT_DECIPHERED,
    NOT_PROTECTED,
    SILENCE,
    Kind,
    Serve,
    answers_by_octet,
)
from dlmskit.association.ports import EventCode, MessageTally, Request
from dlmskit.association.reporting import Reporter
from dlmskit.association.server.acceptance import counter_refused
from dlmskit.association.server.blocks import ServerBlocks
from dlmskit.association.server.dispatch import OF_SERVICE_BLOCKS, answer_to_malformed, invoke_id_of, serve, too_long
from dlmskit.association.server.passes import pass_3, pass_4
from dlmskit.association.server.renewal import ChangedKeys
from dlmskit.association.server.repetitions import Repetitions
from dlmskit.association.server.services import Services, Turn, Wrapped
from dlmskit.association.settings import AssociationSettings
from dlmskit.association.tables import Event, State
from dlmskit.errors import DecodeError, SecurityError, SecurityReason
from dlmskit.limits import Limits
from dlmskit.security.context import SecurityContext
from dlmskit.security.envelope import FORM_OF_TAG, Form
from dlmskit.security.protection import Verified, unprotect

_EXCEPTION = ExceptionResponse.head[0]
_FORM_OF_ANSWER_TO_CLEAR = {AccessRequest.head[0]: Form.GENERAL_GLO}
"""Where a right demands a protected answer to a request in clear: ACCESS-response has no glo-form, all others have one."""
_NEVER_ANSWERED = frozenset((Kind.SHORT_NAME_UNCONFIRMED, Kind.NOTIFICATION_CONFIRM))


class Pipeline:
    """Takes requests of one association from their octets to the octets of the answer."""

    def __init__(
        self,
        settings: AssociationSettings,
        context: AssociationContext,
        services: Services,
        security: SecurityContext | None,
        limits: Limits,
        report: Reporter,
        blocks: ServerBlocks | None,
        repetitions: Repetitions | None,
        tally: MessageTally,
    ) -> None:
        self.services = services
        self.blocks = blocks
        """General block transfer, where it was negotiated."""
        self._repetitions = repetitions
        """Requests that are known again, over a medium that loses messages."""
        self._block = b""
        """A block that came ciphered by itself."""
        self.security = security
        """None where neither ciphering nor a mechanism with challenges needs one."""
        self.associated: Associated | None = None
        """The proof, once there is one."""
        self.handshake: Handshake | None = None
        """Passes 3 and 4 to come."""
        self.changed_keys: ChangedKeys | None = None
        """What else the client may come with, where keys have changed since it was opened."""
        self.outcome: Event | None = None
        """How passes 3 and 4 ended."""
        self._context = context
        self._limits = limits
        self._report = report
        self._tally = tally
        self._ciphering = security if settings.ciphered else None
        table = answers_by_octet(short_names=settings.short_names)
        self._pending, self._open = table[State.HLS_PENDING], table[State.ASSOCIATED]
        self._without_association = NO_SHORT_NAMES if settings.short_names else NOT_ALLOWED
        self._most = settings.max_pdu_size
        self._broadcast = settings.broadcast
        self._proved = settings.mechanism.is_high_level
        """The client's counter was right when the association was opened."""
        self._silent = settings.switches.silent_on_deciphering_error
        self._always_confirmed = CONFIRMED if settings.switches.answer_unconfirmed else 0
        self._request_policy = int(settings.policy.request)
        self._response_policy = int(settings.policy.response)

    def serve(self, octets: bytes, act: Serve) -> tuple[bytes, ...]:
        """The answers to an APDU that the state allows; none for silence."""
        if self._most and len(octets) > self._most:
            self._report(EventCode.NOT_DECODED, f"{len(octets)} octets, at most {self._most} are taken")
            return (too_long(octets),)
        blocks = None if self.associated is None else self.blocks
        if blocks is None:
            answer = self._unexpected(octets, NOT_ALLOWED) if act is Serve.BLOCKS else self._answer(octets, act)
            return (answer,) if answer else ()
        if act is Serve.BLOCKS:
            return self._take_block(blocks, octets)
        again = blocks.again(octets)
        if again is not None:
            return again
        answer = self._answer(octets, act)
        return self._inner_block(blocks) if self._block else blocks.reply(octets, answer)

    @property
    def transferring(self) -> bool:
        """Whether a transfer is kept that may have taken too long."""
        return self.services.transfer is not None or (self.blocks is not None and self.blocks.deadline != inf)

    def expire(self, now: float) -> None:
        """Drop transfers that took too long."""
        self.services.expire(now)
        if self.blocks is not None:
            self.blocks.expire(now)

    def drop_transfers(self, why: str) -> None:
        """Drop every transfer that is going on."""
        self.services.drop_transfer(why)
        if self.blocks is not None:
            self.blocks.drop(why)

    def _take_block(self, blocks: ServerBlocks, octets: bytes) -> tuple[bytes, ...]:
        """A block of general block transfer; what it completes is served like any APDU, and judged on its own protection."""
        reaction = blocks.receive(octets)
        if reaction.apdu is None:
            return reaction.send
        act = self._open[reaction.apdu[0]]
        if act is Serve.PLAIN or act is Serve.CIPHERED:
            answer = self._answer(reaction.apdu, act, in_blocks=True)
        else:
            answer = self._unexpected(reaction.apdu, act if isinstance(act, bytes) else NOT_ALLOWED)
        self._block = b""
        return reaction.send + blocks.answer(answer) if reaction.confirmed else ()

    def _inner_block(self, blocks: ServerBlocks) -> tuple[bytes, ...]:
        """A block that came ciphered by itself. It gives its content no protection: blocks could be put together anew."""
        octets, self._block = self._block, b""
        return self._take_block(blocks, octets)

    def _answer(self, octets: bytes, act: Serve, *, in_blocks: bool = False) -> bytes:
        """The answer to one whole APDU; empty for silence."""
        if act is Serve.PLAIN:
            if self._request_policy:
                self._report(EventCode.PROTECTION_TOO_WEAK, f"in clear: {KINDS[octets[0]].value}")
                return SILENCE if KINDS[octets[0]] in _NEVER_ANSWERED else NOT_PROTECTED
            return self._serve_plain(octets, None, in_blocks=in_blocks)
        if self._ciphering is None:
            return self._unexpected(octets, NOT_ALLOWED)
        try:
            verified = unprotect(octets, self._ciphering)
        except (SecurityError, DecodeError) as error:
            other = None if self.changed_keys is None else self._under_other_keys(octets, self.changed_keys)
            if other is None:
                self._tally.refused += 1
                return self._not_verified(octets, error)
            verified = other
        self._tally.verified += 1
        if self.changed_keys is not None:
            self.changed_keys.used(verified)
        if verified.gap and self.associated is not None:
            self._report(EventCode.COUNTER_GAP, f"{verified.gap} left out")
        return self._serve_plain(verified.plain, verified, in_blocks=in_blocks)

    def _under_other_keys(self, octets: bytes, changed: ChangedKeys) -> Verified | None:
        verified, retired = changed.tried(octets)
        if retired:
            self._report(EventCode.RETIRED_KEY, KINDS[octets[0]].value)
        self.security = self._ciphering = changed.security
        self.services.use(changed.security)
        return verified

    def _serve_plain(self, plain: bytes, verified: Verified | None, *, in_blocks: bool) -> bytes:
        act = (self._pending if self.associated is None else self._open)[plain[0]]
        if act is not Serve.PLAIN:  # what came out of general-glo or general-ded may be any APDU
            if act is Serve.BLOCKS and self.blocks is not None and not in_blocks:
                self._block = plain
                return SILENCE
            return self._unexpected(plain, act if isinstance(act, bytes) else NOT_ALLOWED)
        invoke_id = invoke_id_of(plain)
        confirmed = (invoke_id | self._always_confirmed) & CONFIRMED
        if confirmed and self._broadcast:
            return self._unexpected(plain, SILENCE)
        if verified is None:
            form, found = _FORM_OF_ANSWER_TO_CLEAR.get(plain[0]), 0
        else:
            form = verified.channel.form
            found = int(verified.protection) if verified.nested else verified.channel.control >> 4 & 3
        known = None if self._repetitions is None or self.associated is None else self._repetitions.outcome(plain, found)
        if known is not None:
            answer, required = known
            return self._protect(Wrapped(invoke_id, form, found, required, verified), answer)
        try:
            request = decode_apdu(plain, limits=self._limits)
        except DecodeError as error:
            self._report(EventCode.NOT_DECODED, KINDS[plain[0]].value, error)
            wrapped = Wrapped(invoke_id, form, found, self._response_policy, verified)
            answer = self._without_association if self.associated is None else answer_to_malformed(plain, error)
        else:
            if self.associated is None:
                return self._reply_to_hls(request, Wrapped(invoke_id, form, found, self._response_policy, verified), verified)
            if in_blocks and type(request) in OF_SERVICE_BLOCKS:
                return self._unexpected(plain, NOT_ALLOWED)
            asked = Request(self.associated, verified, invoke_id)
            wrapped = turn = Turn(invoke_id, form, found, self._response_policy, verified, asked)
            answer = serve(self.services, turn, request)
            if confirmed and self._repetitions is not None:
                self._repetitions.executed(plain, found, answer, turn.required)
        return self._protect(wrapped, answer) if confirmed else SILENCE

    def _protect(self, wrapped: Wrapped, answer: bytes) -> bytes:
        """The answer as it is sent. An exception-response is never protected."""
        if answer[0] == _EXCEPTION:
            return answer
        try:
            return self.services.protect(wrapped, answer)
        except SecurityError as error:
            self._report(EventCode.PROTECTION_FAILED, "the answer cannot be protected", error)
            return SILENCE

    # --- Passes 3 and 4 ---

    def _reply_to_hls(self, request: Apdu, wrapped: Wrapped, carrier: Verified | None) -> bytes:
        """Pass 3, and pass 4 as its answer. One attempt: whatever is wrong with it ends the association."""
        handshake, given = self.handshake, pass_3(request)
        if handshake is None or given is None:
            return self._without_association
        answer: bytes | None = None
        try:
            associated = handshake.finish(self._context, given, carrier)
            answer = handshake.answer()
        except SecurityError as error:
            self._report(EventCode.AUTHENTICATION_FAILED, "passes 3 and 4", error)
            self.outcome = Event.NOT_PROVED
        else:
            self.associated = associated
            self.outcome = Event.PROVED
        self.handshake = None
        return self._protect(wrapped, pass_4(request, wrapped.invoke_id, answer))

    # --- Refusals ---

    def _not_verified(self, octets: bytes, error: SecurityError | DecodeError) -> bytes:
        """One answer for every failure of protection, but for a counter that was used before."""
        kind = KINDS[octets[0]].value
        if isinstance(error, DecodeError):
            self._report(EventCode.NOT_DECODED, kind, error)
            return NOT_ALLOWED
        if error.reason is SecurityReason.COUNTER_REPEATED:
            self._report(EventCode.COUNTER_REPEATED, kind, error)
            if self._repetitions is not None and self._proved:
                return SILENCE  # the medium has delayed it: an answer would pass for that to the next request
            return counter_refused(self._ciphering, FORM_OF_TAG.get(octets[0], Form.GLO))
        weak = error.reason is SecurityReason.PROTECTION_TOO_WEAK
        self._report(EventCode.PROTECTION_TOO_WEAK if weak else EventCode.PROTECTION_FAILED, kind, error)
        return SILENCE if self._silent else NOT_DECIPHERED

    def _unexpected(self, octets: bytes, answer: bytes) -> bytes:
        self._report(EventCode.UNEXPECTED_APDU, f"{KINDS[octets[0]].value}, tag {octets[0]:02X}")
        return answer
