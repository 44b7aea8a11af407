"""Opening an association as a client: AARQ, AARE, and passes 3 and 4 of HLS (application layer, 3, 7.3 and 7.4)."""

from __future__ import annotations

from dlmskit.apdu import (
    CONFIRMED,
    Aare,
    Aarq,
    ActionRequestNormal,
    ActionResponseNormal,
    ConfirmedServiceError,
    CosemMethodDescriptor,
    InitiateResponse,
    ParameterizedAccess,
    ReadRequest,
    ReadResponse,
    application_context_name,
    decode_apdu,
    mechanism_name,
)
from dlmskit.apdu.acse import AUTHENTICATION
from dlmskit.association.authentication import Associated, Handshake, password_taken, without_authentication
from dlmskit.association.client.checks import AFTER_OPENING, BEFORE_OPENING, Reply, deviations, passes
from dlmskit.association.client.core import Core
from dlmskit.association.context import AssociationContext
from dlmskit.association.credentials import Credentials
from dlmskit.association.errors import AssociationRefused
from dlmskit.association.negotiation import proposal
from dlmskit.association.ports import EventCode, Exchange, Random
from dlmskit.association.settings import AssociationSettings
from dlmskit.association.tables import Event, Party, State
from dlmskit.codec.ber import AuthenticationValue
from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.codec.schema import Apdu
from dlmskit.errors import ConfigError, DecodeError, DlmsError, RemoteProtocolError, SecurityError, SecurityReason
from dlmskit.security.envelope import has_layers
from dlmskit.security.hls import HlsMechanism, hls_mechanism, make_challenge
from dlmskit.security.keys import Key, KeyRole
from dlmskit.types.conformance import Conformance
from dlmskit.types.enums import ActionResult, AssociationResult, Mechanism
from dlmskit.types.obis import Obis
from dlmskit.types.system_title import SystemTitle

REPLY_TO_HLS = CosemMethodDescriptor(15, Obis("0.0.40.0.0.255").octets, 1)
"""reply_to_HLS_authentication of the current association."""

_AARE: frozenset[type[Apdu]] = frozenset((Aare,))
REPLY_TO_HLS_NAME = 0xFA58 - 0x10000
"""The same by its short name, as the signed number that it is on the wire."""
_PASS_4_SHORT: frozenset[type[Apdu]] = frozenset((ReadResponse,))
_PASS_4: frozenset[type[Apdu]] = frozenset((ActionResponseNormal,))


def associate(core: Core, credentials: Credentials, random: Random) -> Exchange[AssociationContext]:
    """Open the association and authenticate both ways as far as the mechanism does.

    Raises `AssociationRefused`, `RequestRefused`, SecurityError for a server that does not pass the checks or does not
    prove itself, RemoteProtocolError for one that grants what cannot be used, TransportTimeout.
    """
    opening = Opening(core, credentials, random)
    core.begin(Event.OPEN)
    try:
        aarq = opening.aarq()
        core.fire(Event.OPEN)
        aare = yield from core.exchange_as_is(aarq, _AARE, retries=_repetitions(core))
        context = opening.take(aare)
        if opening.handshake is None:
            associated = password_taken(context) if context.mechanism is Mechanism.LLS else without_authentication(context)
            core.fire(Event.ACCEPTED)
        else:
            core.fire(Event.CHALLENGED)
            associated = yield from opening.passes_3_and_4(context)
            core.fire(Event.PROVED)
        core.associate(associated)
    except BaseException as error:
        opening.give_up(error)
        raise
    else:
        core.report(EventCode.ASSOCIATED)
        return context
    finally:
        core.end()


class Opening:
    """One attempt to associate: what is sent, and what is made of the answer."""

    def __init__(self, core: Core, credentials: Credentials, random: Random) -> None:
        settings = core.settings
        self.handshake: Handshake | None = None
        self._core = core
        self._credentials = credentials
        self._keys = credentials.keys
        self._random = random
        self._hls: HlsMechanism | None = hls_mechanism(settings.mechanism) if settings.mechanism.is_high_level else None
        self._challenge = b""
        self._dedicated_key: Key | None = None
        self._ciphered = False
        security = None
        if settings.needs_security:
            security = credentials.security(Party.CLIENT, settings, settings.server_system_title, core.limits)
        core.use(security)

    def aarq(self) -> bytes:
        """The AARQ, its InitiateRequest ciphered where the policy demands it."""
        core, settings = self._core, self._core.settings
        if settings.dedicated_key:
            octets = self._random(16 if settings.security_suite < 2 else 32)
            self._dedicated_key = Key(octets, KeyRole.DEDICATED)
        initiate = proposal(settings, None if self._dedicated_key is None else self._dedicated_key.reveal()).encode()
        self._ciphered = core.form is not None
        hidden = self._dedicated_key is not None
        if hidden and not core.ciphers:
            raise ConfigError("a dedicated key is agreed on under encryption: the security policy has no request ciphered")
        value = self._authentication_value()
        return Aarq(
            application_context_name=application_context_name(settings.application_context),
            calling_ap_title=self._title(settings),
            calling_ae_qualifier=self._credentials.certificate if settings.needs_signatures else None,
            calling_ae_invocation_id=settings.user_id,
            sender_acse_requirements=None if value is None else AUTHENTICATION,
            mechanism_name=None if value is None else mechanism_name(settings.mechanism),
            calling_authentication_value=value,
            user_information=core.protect_encrypted(initiate) if hidden else core.protect(initiate),
        ).encode()

    def _title(self, settings: AssociationSettings) -> bytes | None:
        title = settings.client_system_title
        return title.octets if title is not None and settings.needs_titles else None

    def _authentication_value(self) -> AuthenticationValue | None:
        mechanism = self._core.settings.mechanism
        if mechanism is Mechanism.LOWEST:
            return None
        if self._hls is not None:
            self._challenge = make_challenge(self._random, self._hls, self._core.settings.challenge_octets)
            return AuthenticationValue(self._challenge)
        if self._keys.lls_password is None:
            raise SecurityError(SecurityReason.MISSING_KEY, "there is no password for LLS")
        return AuthenticationValue(self._keys.lls_password.reveal())

    # --- Pass 2 ---

    def take(self, aare: Aare) -> AssociationContext:
        """Check the AARE and make the context of it. Raises what the checks say, or `AssociationRefused`."""
        core, settings = self._core, self._core.settings
        if aare.result != AssociationResult.ACCEPTED:
            raise AssociationRefused(aare, _reason(aare))
        passes(BEFORE_OPENING, Reply(settings, aare))
        title = aare.responding_ap_title
        if core.security is not None and title is not None and settings.needs_titles:
            core.report.peer_title = SystemTitle(title)
            core.security.pin_peer(core.report.peer_title)
            if settings.needs_signatures:
                self._credentials.introduce(core.security, aare.responding_ae_qualifier)
        if self._hls is not None and core.security is not None and aare.responding_authentication_value is not None:
            stoc = aare.responding_authentication_value.octets
            self.handshake = Handshake(self._hls, core.security, self._challenge, stoc)
        initiate = self._open(aare.user_information or b"")
        passes(AFTER_OPENING, Reply(settings, aare, initiate))
        if core.security is not None and self._dedicated_key is not None:
            core.security.use_dedicated_key(self._dedicated_key)
        return self._context(aare, initiate)

    def _open(self, octets: bytes) -> InitiateResponse:
        core = self._core
        if has_layers(octets):
            if core.security is None:
                raise RemoteProtocolError("a ciphered InitiateResponse, in an association without ciphering")
            octets = core.open(octets, core.security).plain
        elif self._ciphered or not core.in_clear:
            raise SecurityError(SecurityReason.PROTECTION_TOO_WEAK, "the InitiateResponse came in clear")
        initiate = decode_apdu(octets, deviations=core.tolerated, limits=core.limits)
        if isinstance(initiate, ConfirmedServiceError):
            raise RemoteProtocolError("the AARE accepts, and its user-information is an error")
        if not isinstance(initiate, InitiateResponse):
            raise RemoteProtocolError(f"{type(initiate).__name__} in place of the InitiateResponse")
        return initiate

    def _context(self, aare: Aare, initiate: InitiateResponse) -> AssociationContext:
        settings = self._core.settings
        proposed = settings.proposed_conformance
        title = aare.responding_ap_title
        return AssociationContext(
            client_sap=settings.client_sap,
            server_sap=settings.server_sap,
            application_context=settings.application_context,
            mechanism=settings.mechanism,
            conformance=Conformance(initiate.negotiated_conformance & proposed),
            client_max_receive_pdu_size=settings.max_pdu_size,
            server_max_receive_pdu_size=initiate.server_max_receive_pdu_size,
            client_system_title=settings.client_system_title,
            server_system_title=SystemTitle(title) if title is not None and len(title) == 8 else None,
            user_id=settings.user_id,
            ciphered=self._ciphered,
            has_dedicated_key=self._dedicated_key is not None,
            dlms_version=initiate.negotiated_dlms_version_number,
            deviations=(*(self._core.tolerated or ()), *deviations(initiate, settings)),
        )

    # --- Passes 3 and 4 ---

    def passes_3_and_4(self, context: AssociationContext) -> Exchange[Associated]:
        """Answer the server's challenge, and verify its answer to ours."""
        core, handshake = self._core, self.handshake
        if handshake is None:
            raise SecurityError(SecurityReason.CHALLENGE_INVALID, "there is no challenge to answer")
        given = Data.octet_string(handshake.answer())
        if core.settings.short_names:
            request = ReadRequest((ParameterizedAccess(REPLY_TO_HLS_NAME, 0, given),))
            answer = yield from core.exchange_as_is(core.protect(request.encode()), _PASS_4_SHORT, retries=_repetitions(core))
            value = answer.results[0] if len(answer.results) == 1 else None
        else:
            invoke_id = CONFIRMED | 1
            action = ActionRequestNormal(invoke_id, REPLY_TO_HLS, given)
            answer = yield from core.exchange_as_is(core.protect(action.encode()), _PASS_4, invoke_id, _repetitions(core))
            response = answer.single_response
            value = response.result if response.result != ActionResult.SUCCESS else response.return_parameters
        if not isinstance(value, Data) or value.tag != Tag.OCTET_STRING:
            raise SecurityError(SecurityReason.AUTHENTICATION_FAILED, f"the server did not take our answer: {value}")
        return handshake.finish(context, value.value, core.last_verified)

    def give_up(self, error: BaseException) -> None:
        """Back to idle; the reason goes to the log."""
        core = self._core
        if isinstance(error, DlmsError):
            failed = isinstance(error, SecurityError) or (isinstance(error, AssociationRefused) and error.authentication_failed)
            core.report(EventCode.AUTHENTICATION_FAILED if failed else EventCode.AARQ_REFUSED, error=error)
        core.reset(Event.NOT_PROVED if core.machine.state is State.HLS_PENDING else Event.REFUSED)


def _repetitions(core: Core) -> int:
    """How often a message is repeated: only over a medium that loses them, where the server knows it again."""
    return 0 if core.reliable else core.settings.retries


def _reason(aare: Aare) -> ConfirmedServiceError | None:
    """What the server says about the InitiateRequest, where it says it in clear."""
    try:
        reason = decode_apdu(aare.user_information or b"", deviations=[])
    except DecodeError:
        return None
    return reason if isinstance(reason, ConfirmedServiceError) else None
