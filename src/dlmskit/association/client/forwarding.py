"""A client as the agent of a third party: it passes on what he has protected for the server, and what the server answers to him.

The client puts its own protection around it and takes it off the answer (Green Book, 9.2.2.5 and 9.2.7.2.4.6); what is inside is
between the third party and the server, and is neither opened nor changed here.
"""

from __future__ import annotations

from dlmskit.apdu import GeneralCiphering, GeneralSigning, decode_apdu
from dlmskit.association.client.core import Core
from dlmskit.association.ports import EventCode, Exchange
from dlmskit.codec.schema import Apdu
from dlmskit.errors import LocalProtocolError, RemoteProtocolError
from dlmskit.security.general_header import GeneralHeader
from dlmskit.types.conformance import Conformance

_GENERAL = int(Conformance.GENERAL_PROTECTION)
_FOR_A_THIRD_PARTY: frozenset[type[Apdu]] = frozenset((GeneralCiphering, GeneralSigning))


def forward(core: Core, octets: bytes) -> Exchange[bytes]:
    """Pass a general-ciphering or general-signing APDU of a third party on; the server's answer to him, as it came.

    Raises DecodeError for octets that are none, LocalProtocolError for one of somebody whose agent this client is not, and where
    requests are not protected; RemoteProtocolError for an answer to something else; and as every request.
    """
    header = _header(decode_apdu(octets, limits=core.limits))
    if header is None or header.originator not in core.settings.third_parties:
        raise LocalProtocolError(f"this client is no agent of {'nobody' if header is None else header.originator}")
    if core.form is None:
        raise LocalProtocolError("what is forwarded gets the protection of this association, and its policy asks for none")
    core.begin_request(_GENERAL)
    try:
        if len(octets) > core.general_room:
            raise LocalProtocolError(f"{len(octets)} octets to forward; the server takes {core.general_room}")
        answer = _header((yield from core.exchange(octets, _FOR_A_THIRD_PARTY, None, effect=True)))
        verified = core.last_verified
        if answer is None or verified is None or not _answers(answer, header):
            core.report(EventCode.UNMATCHED_RESPONSE, "not the answer to what was forwarded")
            raise RemoteProtocolError("the answer is for another party or another transaction than what was forwarded")
        return verified.plain
    finally:
        core.end()


def _header(apdu: Apdu) -> GeneralHeader | None:
    return GeneralHeader.of(apdu) if isinstance(apdu, GeneralCiphering | GeneralSigning) else None


def _answers(answer: GeneralHeader, request: GeneralHeader) -> bool:
    return answer.recipient == request.originator and answer.transaction_id == request.transaction_id
