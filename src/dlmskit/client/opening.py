"""Opening a connection: dial, make sure of the invocation counter, associate; once more where the counter was the reason.

The counter is read by the public client in a short association of its own (security concept, synchronisation of invocation
counters). Whatever is read is not authenticated: it moves the counter up only, not further than a bound, and is logged.
"""

from __future__ import annotations

import secrets
from dataclasses import replace

from dlmskit.apdu import CosemAttributeDescriptor
from dlmskit.association.client.association import ClientAssociation
from dlmskit.association.credentials import Credentials
from dlmskit.association.errors import AssociationRefused, InvocationCounterRefused, RequestRefused
from dlmskit.association.ports import AssociationEvent, EventCode
from dlmskit.association.settings import AssociationSettings
from dlmskit.client.journal import log
from dlmskit.client.plan import Plan
from dlmskit.client.short_names import names_of
from dlmskit.client.steps import Dial, Script
from dlmskit.codec.data import Data
from dlmskit.errors import ConfigError, DlmsError, SecurityError, SecurityReason, ServiceError, TransportError, TransportTimeout
from dlmskit.security.control import COUNTER_MAX
from dlmskit.security.counters import LARGEST_JUMP, InvocationCounter
from dlmskit.security.windows import ReceivedCounters
from dlmskit.transport.base import TransportProfile
from dlmskit.types.enums import ApplicationContext, DataAccessResult, member_or_int
from dlmskit.types.sap import PUBLIC_CLIENT

FIRST_JUMP = 1 << 31
"""The furthest that a counter which was never used goes to meet the meter: half of all numbers stay, whoever lied."""

_LARGEST_PDU = 0xFFFF
_LOSSY_RETRIES = 10
"""What gets 999 of 1,000 reads through where three messages of ten are lost."""


def opening(plan: Plan) -> Script[ClientAssociation]:
    """An open association. Raises what `ClientAssociation.associate` raises, and SecurityError for a counter out of bounds."""
    counter = counter_of(plan)
    if counter is not None:
        yield from _make_sure(plan, counter)
    before = {} if plan.counters is None or plan.guek is None else plan.counters.heard.so_far(plan.guek)
    association = yield from _dialled(plan)
    try:
        yield from association.associate()
    except DlmsError as error:
        if counter is None or not (yield from _recovered(plan, counter, error)):
            if isinstance(error, TransportTimeout):
                raise _silent(error, association.settings) from error
            raise
        association = yield from _dialled(plan)
        yield from association.associate()
    _look_back(plan, association, before)
    return association


def _look_back(plan: Plan, association: ClientAssociation, before: dict[str, int]) -> None:
    """Say so where the meter, which has proved itself, uses counters a second time."""
    if plan.counters is None or association.security is None:
        return
    if said := plan.counters.heard.fell_back(association.security, before):
        client, server = plan.settings.client_sap, plan.settings.server_sap
        title = association.security.peer_title
        plan.on_event(
            AssociationEvent(code=EventCode.COUNTER_REPEATED, client_sap=client, server_sap=server, peer_title=title, detail=said)
        )


def _silent(error: TransportTimeout, settings: AssociationSettings) -> TransportTimeout:
    """The time-out with what it mostly means where nothing was ever answered."""
    return TransportTimeout(
        f"{error}, to the request for an association: a meter is silent to a client or server number that it does not know "
        f"(these were client={settings.client_sap}, server={settings.server_sap}); check them, then address, port and medium"
    )


def counter_of(plan: Plan) -> InvocationCounter | None:
    """The counter that the plan's requests use; None where nothing is protected."""
    title = plan.settings.client_system_title
    if plan.counters is None or plan.guek is None or title is None:
        return None
    return plan.counters.transmit.of(plan.guek, title)


def advance(counter: InvocationCounter, number: int, told_by: str, bound: int = LARGEST_JUMP) -> bool:
    """Go on from ``number`` and say so in the log; whether that changed anything. Raises SecurityError beyond the bound."""
    before = counter.next
    if number <= (before or 0):
        return False
    counter.advance_to(number, largest_jump=bound)
    log.log(
        20 if before is None else 30,
        "invocation counter %s: from %s to %d, told by %s",
        "learnt" if before is None else "recovered",
        before,
        number,
        told_by,
    )
    return True


def _dialled(plan: Plan) -> Script[ClientAssociation]:
    profile: TransportProfile = yield Dial(plan.settings.client_sap)
    settings = _persistent(fitted(plan.settings, profile), plan, profile)
    credentials = Credentials(
        keys=plan.keys,
        correspondence=plan.correspondence,
        certificate=plan.introduction.certificate,
        certificate_check=plan.introduction.check,
    )
    if plan.counters is not None:
        # A finished HLS proves that the peer is alive and moves the window behind everything older, so the window may begin anew.
        received = ReceivedCounters() if settings.mechanism.is_high_level else plan.counters.received
        credentials = replace(credentials, transmit=plan.counters.transmit, received=received)
    return _association(settings, credentials, plan, profile)


def _persistent(settings: AssociationSettings, plan: Plan, profile: TransportProfile) -> AssociationSettings:
    """The settings with the repetitions that a medium needs which loses messages."""
    if profile.reliable or plan.retries_said:
        return settings
    return replace(settings, retries=_LOSSY_RETRIES, block_retries=_LOSSY_RETRIES)


def _association(
    settings: AssociationSettings, credentials: Credentials | None, plan: Plan, profile: TransportProfile
) -> ClientAssociation:
    return ClientAssociation(
        settings,
        credentials,
        random=secrets.token_bytes,
        limits=plan.limits,
        on_event=plan.on_event,
        reliable=profile.reliable,
    )


def fitted(settings: AssociationSettings, profile: TransportProfile) -> AssociationSettings:
    """The settings with the sizes that this medium carries, or where it loses frames, carries in one frame."""
    frame = _LARGEST_PDU if profile.reliable else profile.frame_octets or _LARGEST_PDU
    largest = min(profile.max_apdu_receive, frame)
    receives = min(settings.max_pdu_size or largest, largest)
    return replace(settings, max_pdu_size=receives, largest_sent=min(profile.max_apdu_send, frame))


# --- The counter ---


def _make_sure(plan: Plan, counter: InvocationCounter) -> Script[None]:
    """Know the counter before the first protected octet is sent."""
    said = plan.invocation_counter
    if said is not None:
        advance(counter, said, "the caller", COUNTER_MAX)
    unknown = counter.next is None
    if not plan.check_counter and (said is not None or not unknown):
        return
    try:
        number = yield from read_counter(plan)
    except DlmsError as error:
        broken = isinstance(error, TransportError) and not isinstance(error, TransportTimeout)
        if unknown and said is None and plan.foreign_title:
            if broken:  # nothing is said about the counter: another try may read it
                raise
            raise ConfigError(
                f"the invocation counter of {plan.settings.client_system_title} is not known here, and the public client could "
                f"not read it at {plan.counter_obis} ({error}); say invocation_counter=N, above all numbers used with this "
                "key, or counter_obis=... where the meter keeps it"
            ) from error
        log.info("the invocation counter could not be read at %s: %s", plan.counter_obis, error)
    else:
        advance(counter, number + 1, "the public client", FIRST_JUMP if unknown else LARGEST_JUMP)


def read_counter(plan: Plan) -> Script[int]:
    """What the meter says is the last invocation counter it took, read by the public client.

    With short names it is asked so first, and by logical names where its public client has only those.
    """
    try:
        association = yield from _public(plan, ApplicationContext.SN if plan.settings.short_names else ApplicationContext.LN)
    except AssociationRefused:
        if not plan.settings.short_names:
            raise
        association = yield from _public(plan, ApplicationContext.LN)
    result = yield from names_of(association).get(CosemAttributeDescriptor(1, plan.counter_obis.octets, 2), None)
    yield from released(association)
    number = result.value if isinstance(result, Data) else None
    if type(number) is not int or not 0 <= number <= COUNTER_MAX:
        code = member_or_int(DataAccessResult, result) if isinstance(result, int) else DataAccessResult.TYPE_UNMATCHED
        raise ServiceError(code, f"{plan.counter_obis} value")
    return number


def _public(plan: Plan, context: ApplicationContext) -> Script[ClientAssociation]:
    profile: TransportProfile = yield Dial(PUBLIC_CLIENT)
    server_sap = plan.settings.server_sap
    public = AssociationSettings(client_sap=PUBLIC_CLIENT, server_sap=server_sap, application_context=context)
    association = _association(_persistent(fitted(public, profile), plan, profile), None, plan, profile)
    yield from association.associate()
    return association


def released(association: ClientAssociation) -> Script[None]:
    """Release, if there is something to release. Never raises an error of ours: the connection is closed in any case."""
    if association.context is None or association.settings.pre_established:
        return
    try:
        yield from association.release()
    except DlmsError as error:
        log.debug("not released: %s", error)


def _recovered(plan: Plan, counter: InvocationCounter, error: DlmsError) -> Script[bool]:
    """Whether the counter was behind and now is not. Raises SecurityError where it would have to go too far."""
    if isinstance(error, InvocationCounterRefused):
        return advance(counter, error.lowest_acceptable, "the meter's refusal")
    if not _may_be_the_counter(error):
        return False
    try:
        number = yield from read_counter(plan)
    except DlmsError as second:
        log.info("the invocation counter could not be read at %s: %s", plan.counter_obis, second)
        return False
    return advance(counter, number + 1, "the public client")


def _may_be_the_counter(error: DlmsError) -> bool:
    """Meters say in many ways that a counter is too low: refusal, error, silence, or by hanging up."""
    if isinstance(error, AssociationRefused):
        return error.authentication_failed
    if isinstance(error, SecurityError):
        return error.reason is SecurityReason.AUTHENTICATION_FAILED
    return isinstance(error, RequestRefused | TransportError)
