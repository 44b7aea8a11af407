"""Opening an association as a server: from the AARQ to the AARE (application layer, 3.1 to 3.4).

What to say is decided in `acceptance`; here the pieces are put together. The result is a value; nothing of the association
that asks is touched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dlmskit.apdu import Aare, Aarq, application_context_name, mechanism_name
from dlmskit.apdu.acse import AUTHENTICATION, VERSION_1
from dlmskit.association.authentication import Associated, Handshake, with_password, without_authentication
from dlmskit.association.context import AssociationContext
from dlmskit.association.credentials import Credentials, CredentialSource
from dlmskit.association.layering import protect_in_family
from dlmskit.association.negotiation import grant, response
from dlmskit.association.ports import Random
from dlmskit.association.server.aarq import DuplicateComponentError, read_aarq
from dlmskit.association.server.acceptance import Refusal, Row, counter_refused, refusing_row
from dlmskit.association.server.proposal import Proposal
from dlmskit.association.settings import AssociationSettings
from dlmskit.association.tables import Party
from dlmskit.codec.ber import AuthenticationValue, Diagnostic
from dlmskit.errors import ConfigError, DlmsError, SecurityError
from dlmskit.limits import Limits
from dlmskit.security.context import SecurityContext
from dlmskit.security.envelope import Form
from dlmskit.security.hls import HlsMechanism, hls_mechanism, make_challenge
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import AcseServiceUser, AssociationResult, Mechanism
from dlmskit.types.system_title import SystemTitle


@dataclass(slots=True, kw_only=True)
class Opened:
    """What became of an AARQ."""

    answer: bytes
    """The AARE, or what stands in its place; empty for silence."""
    context: AssociationContext | None = None
    """What was negotiated; None where it was refused."""
    associated: Associated | None = None
    """The proof, where nothing more is needed."""
    handshake: Handshake | None = None
    """Passes 3 and 4 to come."""
    security: SecurityContext | None = None
    title: SystemTitle | None = None
    decoded: bool = True
    situation: str = ""
    """Why it was refused."""
    authentication_failed: bool = False
    error: DlmsError | None = None
    challenge: bytes = b""
    """CtoS, to notice one that comes again."""
    credentials: Credentials | None = None
    """Which of the candidates it is under."""
    retired: bool = False
    """Refused, because it came under something that was replaced."""


class Opener:
    """Evaluates AARQs for one pair of SAPs.

    Raises ConfigError without a system title or password where one is needed, SecurityError for a mechanism that is not
    supported and for keys of another suite: at the start, not at the first AARQ.
    """

    def __init__(
        self,
        settings: AssociationSettings,
        credentials: CredentialSource,
        random: Random,
        limits: Limits,
        has_room: Callable[[], bool],
    ) -> None:
        self._settings = settings
        self._source = credentials
        self._random = random
        self._limits = limits
        self._has_room = has_room
        self._hls: HlsMechanism | None = hls_mechanism(settings.mechanism) if settings.mechanism.is_high_level else None
        if settings.needs_security:
            self.security_with(settings.client_system_title if settings.needs_titles else None)
        if settings.mechanism is Mechanism.LLS and credentials.candidates()[0].keys.lls_password is None:
            raise ConfigError("the server needs a password for LLS")

    def security_with(self, title: SystemTitle | None, credentials: Credentials | None = None) -> SecurityContext:
        """A fresh security context with this client. Raises SecurityError, ConfigError."""
        return (credentials or self._source.candidates()[0]).security(Party.SERVER, self._settings, title, self._limits)

    def evaluate(self, octets: bytes) -> Opened:
        """Decide about an AARQ. One that fails to authenticate is tried under every other of the candidates."""
        candidates = self._source.candidates()
        first = self._evaluate(octets, candidates[0])
        for credentials in candidates[1:]:
            if not first.authentication_failed:
                break
            other = self._evaluate(octets, credentials)
            if other.context is None:
                continue
            if not credentials.retired:
                return other
            first.retired = True
        return first

    def _evaluate(self, octets: bytes, credentials: Credentials) -> Opened:
        try:
            aarq = read_aarq(octets, self._limits)
        except DuplicateComponentError as error:
            refusal = Refusal(diagnostic=Diagnostic(int(AcseServiceUser.NO_REASON_GIVEN)))
            return Opened(answer=self._refuse(None, refusal), situation="component stands twice", error=error)
        except DlmsError as error:
            return Opened(answer=b"", decoded=False, situation="AARQ not decodable", error=error)
        proposal = Proposal(
            aarq=aarq,
            settings=self._settings,
            password=credentials.keys.lls_password,
            hls=self._hls,
            challenge=b"" if self._hls is None else make_challenge(self._random, self._hls, self._settings.challenge_octets),
            security_with=lambda title: self.security_with(title, credentials),
            introduce=credentials.introduce,
            has_room=self._has_room,
        )
        row = refusing_row(proposal)
        try:
            opened = self._accept(proposal, credentials.certificate) if row is None else self._refused(proposal, row)
        except SecurityError as error:  # a key is missing or used up: we cannot answer as we must
            opened = Opened(answer=b"", title=proposal.title, situation="the AARE cannot be protected", error=error)
        opened.credentials = credentials
        if not proposal.initiate.response_allowed:
            opened.answer = b""
        return opened

    def _refused(self, proposal: Proposal, row: Row) -> Opened:
        refusal = row.refusal
        answer = counter_refused(proposal.security, Form.GLO) if refusal is None else self._refuse(proposal.aarq, refusal)
        failed = refusal is None or refusal.diagnostic.value >= AcseServiceUser.AUTHENTICATION_MECHANISM_NAME_NOT_RECOGNISED
        return Opened(
            answer=answer,
            title=proposal.title,
            situation=row.situation,
            authentication_failed=failed,
            error=proposal.error,
        )

    def _refuse(self, aarq: Aarq | None, refusal: Refusal) -> bytes:
        return Aare(
            protocol_version=_echo(aarq),
            application_context_name=application_context_name(self._settings.application_context),
            result=int(refusal.result),
            result_source_diagnostic=refusal.diagnostic,
            user_information=refusal.user_information,
        ).encode()

    def _accept(self, proposal: Proposal, certificate: bytes | None) -> Opened:
        settings, aarq = self._settings, proposal.aarq
        context = self._context(proposal)
        opened = Opened(answer=b"", context=context, security=proposal.security, title=proposal.title)
        value = aarq.calling_authentication_value
        if settings.mechanism is Mechanism.LOWEST:
            opened.associated = without_authentication(context)
        elif settings.mechanism is Mechanism.LLS and proposal.password is not None and value is not None:
            opened.associated = with_password(context, proposal.password, value.octets)
        elif value is not None:
            opened.handshake = proposal.handshake
            opened.challenge = value.octets
        high_level = opened.handshake is not None
        title = settings.server_system_title
        diagnostic = AcseServiceUser.AUTHENTICATION_REQUIRED if high_level else AcseServiceUser.NULL
        opened.answer = Aare(
            protocol_version=_echo(aarq),
            application_context_name=application_context_name(settings.application_context),
            result=int(AssociationResult.ACCEPTED),
            result_source_diagnostic=Diagnostic(int(diagnostic)),
            responding_ap_title=title.octets if title is not None and settings.needs_titles else None,
            responding_ae_qualifier=certificate if settings.needs_signatures else None,
            responder_acse_requirements=AUTHENTICATION if high_level else None,
            mechanism_name=mechanism_name(settings.mechanism) if high_level else None,
            responding_authentication_value=AuthenticationValue(proposal.challenge) if high_level else None,
            user_information=self._initiate_response(proposal),
        ).encode()
        return opened

    def _initiate_response(self, proposal: Proposal) -> bytes:
        """The InitiateResponse: in the family of the request, with its protection and what the policy demands of responses."""
        plain = response(self._settings, proposal.initiate).encode()
        security, verified = proposal.security, proposal.verified
        if security is None or not self._settings.ciphered:
            return plain
        return protect_in_family(plain, verified, security, self._settings.policy.response)

    def _context(self, proposal: Proposal) -> AssociationContext:
        settings, initiate = self._settings, proposal.initiate
        return AssociationContext(
            client_sap=settings.client_sap,
            server_sap=settings.server_sap,
            application_context=settings.application_context,
            mechanism=settings.mechanism,
            conformance=Conformance(grant(settings, initiate.proposed_conformance)),
            client_max_receive_pdu_size=initiate.client_max_receive_pdu_size,
            server_max_receive_pdu_size=settings.max_pdu_size,
            client_system_title=proposal.title,
            server_system_title=settings.server_system_title,
            user_id=proposal.aarq.calling_ae_invocation_id,
            ciphered=proposal.verified is not None,
            has_dedicated_key=initiate.dedicated_key is not None,
            confirmed=initiate.response_allowed,
        )


def _echo(aarq: Aarq | None) -> bytes | None:
    """protocol-version, where the AARQ has one: the official test wants it back."""
    return None if aarq is None or aarq.protocol_version is None else VERSION_1
