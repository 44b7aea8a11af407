"""What a peer may send when, and what is owed for the rest: first octet -> kind, (state, kind) -> treatment, as data.

Follows the tables "server: answer per state" and "client: robustness" of the application layer. A server never looks past the
first octet of what its state does not allow.
"""

from __future__ import annotations

from enum import Enum

from dlmskit.apdu import DEDICATED_TAGS, GLOBAL_TAGS, ConfirmedServiceError, ExceptionResponse
from dlmskit.association.tables import STATES, Party, State
from dlmskit.types.enums import ConfirmedService, ErrorClass, ServiceClassError, ServiceErrorCode, StateError


class Kind(Enum):
    """What the first octet of an APDU announces."""

    AARQ = "AARQ"
    AARE = "AARE"
    RLRQ = "RLRQ"
    RLRE = "RLRE"
    INITIATE = "initiate outside of ACSE"
    GET_SET = "GET or SET"
    ACTION = "ACTION"
    CIPHERED_GET_SET = "ciphered GET or SET"
    CIPHERED_ACTION = "ciphered ACTION"
    GENERAL = "general-glo or general-ded"
    THIRD_PARTY = "general-ciphering or general-signing"
    """Of the peer, or of a third party through it."""
    ACCESS = "ACCESS"
    BLOCK_TRANSFER = "general block transfer"
    SHORT_NAME = "READ or WRITE"
    SHORT_NAME_UNCONFIRMED = "unconfirmed WRITE"
    CIPHERED_SHORT_NAME = "ciphered READ or WRITE"
    CIPHERED_SHORT_NAME_UNCONFIRMED = "ciphered unconfirmed WRITE"
    RESPONSE = "response"
    CIPHERED_RESPONSE = "ciphered response"
    INITIATE_RESPONSE = "initiate response outside of ACSE"
    EXCEPTION = "exception-response"
    SERVICE_ERROR = "confirmed service error"
    NOTIFICATION = "notification"
    CIPHERED_NOTIFICATION = "ciphered notification"
    NOTIFICATION_CONFIRM = "data-notification-confirm"
    GATEWAY_REQUEST = "gateway request"
    GATEWAY_RESPONSE = "gateway response"
    PLC = "S-FSK power line service"
    UNKNOWN = "unknown tag"


_PLAIN: dict[int, Kind] = {
    0x60: Kind.AARQ,
    0x61: Kind.AARE,
    0x62: Kind.RLRQ,
    0x63: Kind.RLRE,
    0x01: Kind.INITIATE,
    0x08: Kind.INITIATE_RESPONSE,
    0x05: Kind.SHORT_NAME,
    0x06: Kind.SHORT_NAME,
    0x0C: Kind.RESPONSE,
    0x0D: Kind.RESPONSE,
    0x0E: Kind.SERVICE_ERROR,
    0x0F: Kind.NOTIFICATION,
    0x10: Kind.NOTIFICATION_CONFIRM,
    0x16: Kind.SHORT_NAME_UNCONFIRMED,
    0x18: Kind.NOTIFICATION,
    **dict.fromkeys((0x19, 0x1A, 0x1C, 0x1D, 0x1E, 0x1F), Kind.PLC),
    0xC0: Kind.GET_SET,
    0xC1: Kind.GET_SET,
    0xC2: Kind.NOTIFICATION,
    0xC3: Kind.ACTION,
    0xC4: Kind.RESPONSE,
    0xC5: Kind.RESPONSE,
    0xC7: Kind.RESPONSE,
    0xD8: Kind.EXCEPTION,
    0xD9: Kind.ACCESS,
    0xDA: Kind.RESPONSE,
    0xDB: Kind.GENERAL,
    0xDC: Kind.GENERAL,
    0xDD: Kind.THIRD_PARTY,
    0xDF: Kind.THIRD_PARTY,
    0xE0: Kind.BLOCK_TRANSFER,
    0xE6: Kind.GATEWAY_REQUEST,
    0xE7: Kind.GATEWAY_RESPONSE,
}

_CIPHERED: dict[Kind, Kind] = {
    Kind.GET_SET: Kind.CIPHERED_GET_SET,
    Kind.ACTION: Kind.CIPHERED_ACTION,
    Kind.SHORT_NAME: Kind.CIPHERED_SHORT_NAME,
    Kind.SHORT_NAME_UNCONFIRMED: Kind.CIPHERED_SHORT_NAME_UNCONFIRMED,
    Kind.RESPONSE: Kind.CIPHERED_RESPONSE,
    Kind.NOTIFICATION: Kind.CIPHERED_NOTIFICATION,
}
"""The glo- and ded- forms of a kind, where they are not treated as the plain one is."""


def _kinds() -> tuple[Kind, ...]:
    kinds = dict(_PLAIN)
    for tags in (GLOBAL_TAGS, DEDICATED_TAGS):
        kinds |= {protected: _CIPHERED.get(_PLAIN[plain], _PLAIN[plain]) for plain, protected in tags.items()}
    return tuple(kinds.get(tag, Kind.UNKNOWN) for tag in range(256))


KINDS: tuple[Kind, ...] = _kinds()
"""Kind by first octet."""

# --- Server ------------------------------------------------------------------------------------------------------------

NOT_ALLOWED = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.SERVICE_NOT_SUPPORTED).encode()
"""D8 01 02. (D8 01 01 in its place fails the official idle-state case.)"""
NOT_PROTECTED = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.OPERATION_NOT_POSSIBLE).encode()
"""D8 01 01: the APDU carries less protection than the policy demands."""
NOT_EXECUTABLE = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.OTHER_REASON).encode()
"""D8 01 03: decoded, and cannot be executed as a whole (a list whose counts differ)."""
TOO_LONG = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.PDU_TOO_LONG).encode()
"""D8 01 04: longer than the negotiated size."""
NOT_DECIPHERED = ExceptionResponse(StateError.SERVICE_NOT_ALLOWED, ServiceErrorCode.DECIPHERING_ERROR).encode()
"""D8 01 05: one answer for every failure of protection."""
UNKNOWN_SERVICE = ExceptionResponse(StateError.SERVICE_UNKNOWN, ServiceErrorCode.SERVICE_NOT_SUPPORTED).encode()
"""D8 02 02: nobody has heard of this tag."""
NO_SHORT_NAMES = ConfirmedServiceError(
    ConfirmedService.INITIATE_ERROR, ErrorClass.SERVICE, ServiceClassError.SERVICE_UNSUPPORTED
).encode()
"""0E 01 03 02: a short-name service without an association."""


class Serve(Enum):
    """What a server does with an APDU that it does not answer with fixed octets."""

    OPEN = "evaluate the AARQ"
    RELEASE = "evaluate the RLRQ"
    PLAIN = "serve as it is"
    CIPHERED = "take the protection off, then serve"
    BLOCKS = "put the blocks together, then serve what they carry"


SILENCE = b""
"""The answer that is none."""

_WITHOUT_ASSOCIATION: dict[Kind, Serve | bytes] = {
    Kind.AARQ: Serve.OPEN,
    Kind.RLRQ: SILENCE,
    Kind.INITIATE: NOT_ALLOWED,
    Kind.GET_SET: NOT_ALLOWED,
    Kind.ACTION: NOT_ALLOWED,
    Kind.CIPHERED_GET_SET: NOT_ALLOWED,
    Kind.CIPHERED_ACTION: NOT_ALLOWED,
    Kind.GENERAL: NOT_ALLOWED,
    Kind.THIRD_PARTY: NOT_ALLOWED,
    Kind.ACCESS: NOT_ALLOWED,
    Kind.BLOCK_TRANSFER: NOT_ALLOWED,
    Kind.SHORT_NAME: NO_SHORT_NAMES,
    Kind.SHORT_NAME_UNCONFIRMED: SILENCE,
    Kind.CIPHERED_SHORT_NAME: NO_SHORT_NAMES,
    Kind.CIPHERED_SHORT_NAME_UNCONFIRMED: SILENCE,
    Kind.GATEWAY_REQUEST: NOT_ALLOWED,
    Kind.UNKNOWN: NOT_ALLOWED,
    # What a server sends itself, or nobody sends to a meter on this way, is dropped.
    Kind.AARE: SILENCE,
    Kind.RLRE: SILENCE,
    Kind.RESPONSE: SILENCE,
    Kind.CIPHERED_RESPONSE: SILENCE,
    Kind.INITIATE_RESPONSE: SILENCE,
    Kind.EXCEPTION: SILENCE,
    Kind.SERVICE_ERROR: SILENCE,
    Kind.NOTIFICATION: SILENCE,
    Kind.CIPHERED_NOTIFICATION: SILENCE,
    Kind.NOTIFICATION_CONFIRM: SILENCE,
    Kind.GATEWAY_RESPONSE: SILENCE,
    Kind.PLC: SILENCE,
}

_HLS_PENDING = _WITHOUT_ASSOCIATION | {
    Kind.ACTION: Serve.PLAIN,
    Kind.CIPHERED_ACTION: Serve.CIPHERED,
    Kind.GENERAL: Serve.CIPHERED,
    Kind.THIRD_PARTY: Serve.CIPHERED,
}
"""As without an association, but reply_to_HLS_authentication may pass."""

_ASSOCIATED = _HLS_PENDING | {
    Kind.RLRQ: Serve.RELEASE,
    Kind.GET_SET: Serve.PLAIN,
    Kind.CIPHERED_GET_SET: Serve.CIPHERED,
    Kind.NOTIFICATION_CONFIRM: Serve.PLAIN,
    Kind.ACCESS: Serve.PLAIN,
    Kind.BLOCK_TRANSFER: Serve.BLOCKS,
    Kind.SHORT_NAME: NOT_ALLOWED,
    Kind.CIPHERED_SHORT_NAME: NOT_ALLOWED,
    Kind.UNKNOWN: UNKNOWN_SERVICE,
}

_SHORT_NAMES_HLS_PENDING = _WITHOUT_ASSOCIATION | {
    Kind.SHORT_NAME: Serve.PLAIN,
    Kind.CIPHERED_SHORT_NAME: Serve.CIPHERED,
    Kind.GENERAL: Serve.CIPHERED,
    Kind.THIRD_PARTY: Serve.CIPHERED,
}

_SHORT_NAMES_ASSOCIATED = _SHORT_NAMES_HLS_PENDING | {
    Kind.RLRQ: Serve.RELEASE,
    Kind.BLOCK_TRANSFER: Serve.BLOCKS,
    Kind.NOTIFICATION_CONFIRM: Serve.PLAIN,
    Kind.SHORT_NAME_UNCONFIRMED: Serve.PLAIN,
    Kind.CIPHERED_SHORT_NAME_UNCONFIRMED: Serve.CIPHERED,
    Kind.UNKNOWN: UNKNOWN_SERVICE,
}

ANSWERS: dict[State, dict[Kind, Serve | bytes]] = {
    State.INACTIVE: _WITHOUT_ASSOCIATION,
    State.IDLE: _WITHOUT_ASSOCIATION,
    State.HLS_PENDING: _HLS_PENDING,
    State.ASSOCIATED: _ASSOCIATED,
}
"""What a server owes for each kind of APDU in each of its states: an act, fixed octets, or silence. With logical names."""

SHORT_NAME_ANSWERS: dict[State, dict[Kind, Serve | bytes]] = {
    State.INACTIVE: _WITHOUT_ASSOCIATION,
    State.IDLE: _WITHOUT_ASSOCIATION,
    State.HLS_PENDING: _SHORT_NAMES_HLS_PENDING,
    State.ASSOCIATED: _SHORT_NAMES_ASSOCIATED,
}
"""The same with short names: each way of referencing refuses the services of the other."""

AnswersByOctet = dict[State, tuple[Serve | bytes, ...]]


def _by_octet(answers: dict[State, dict[Kind, Serve | bytes]]) -> AnswersByOctet:
    return {state: tuple(answers[state][kind] for kind in KINDS) for state in STATES[Party.SERVER]}


ANSWERS_BY_OCTET, SHORT_NAME_ANSWERS_BY_OCTET = _by_octet(ANSWERS), _by_octet(SHORT_NAME_ANSWERS)
"""The same by first octet, for the server's hot path."""


def answers_by_octet(*, short_names: bool) -> AnswersByOctet:
    """The table of an association."""
    return SHORT_NAME_ANSWERS_BY_OCTET if short_names else ANSWERS_BY_OCTET


# --- Client ------------------------------------------------------------------------------------------------------------


class Treatment(Enum):
    """What a client does with an APDU while it waits for an answer."""

    TAKE = "it may be the answer"
    NOTIFY = "hand it to whoever listens for notifications, and wait on"
    DROP = "count it, and wait on"


_ERRORS = {Kind.EXCEPTION: Treatment.TAKE, Kind.SERVICE_ERROR: Treatment.TAKE}
_ANSWERS = dict.fromkeys((Kind.RESPONSE, Kind.CIPHERED_RESPONSE, Kind.GENERAL, Kind.THIRD_PARTY), Treatment.TAKE)
_NOTIFICATIONS = {Kind.NOTIFICATION: Treatment.NOTIFY, Kind.CIPHERED_NOTIFICATION: Treatment.NOTIFY}

_TAKEN: dict[State, dict[Kind, Treatment]] = {
    State.INACTIVE: {},
    State.IDLE: {Kind.GENERAL: Treatment.NOTIFY, **_NOTIFICATIONS},
    State.ASSOCIATION_PENDING: {Kind.AARE: Treatment.TAKE, Kind.GENERAL: Treatment.NOTIFY, **_ERRORS, **_NOTIFICATIONS},
    State.HLS_PENDING: {**_ANSWERS, **_ERRORS, **_NOTIFICATIONS},
    State.ASSOCIATED: {**_ANSWERS, **_ERRORS, **_NOTIFICATIONS},
    State.RELEASE_PENDING: {Kind.RLRE: Treatment.TAKE, **_ERRORS, **_NOTIFICATIONS},
}

TREATMENTS: dict[State, dict[Kind, Treatment]] = {
    state: {kind: taken.get(kind, Treatment.DROP) for kind in Kind} for state, taken in _TAKEN.items()
}
"""What a client does with each kind of APDU in each of its states."""

TREATMENTS_BY_OCTET: dict[State, tuple[Treatment, ...]] = {
    state: tuple(treatments[kind] for kind in KINDS) for state, treatments in TREATMENTS.items()
}
"""The same by first octet, for the client's hot path."""
