"""dlms-cosem (PyPI, from u9n)."""

from __future__ import annotations

import logging
from importlib.metadata import version

import structlog
from dlms_cosem import cosem, enumerations
from dlms_cosem.client import DlmsClient
from dlms_cosem.crc import CRCCCITT
from dlms_cosem.io import BlockingTcpIO, TcpTransport
from dlms_cosem.protocol.xdlms import GetRequestFactory, GetResponseFactory
from dlms_cosem.protocol.xdlms.general_global_cipher import GeneralGlobalCipher
from dlms_cosem.security import HighLevelSecurityGmacAuthentication, SecurityControlField, decrypt, encrypt
from dlms_cosem.utils import parse_as_dlms_data

# its log lines would cost it most of its time
structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))

NAME = f"dlms-cosem {version('dlms-cosem')}"


def _decode(material):
    octets = material["octets"]
    return lambda: parse_as_dlms_data(octets)


decode_regular_profile = _decode
decode_null_compressed_profile = _decode
decode_ragged_profile = _decode
decode_general_data = _decode


def decode_GET_request(material):
    octets = material["octets"]
    return lambda: GetRequestFactory.from_bytes(octets)


def encode_GET_request(material):
    return GetRequestFactory.from_bytes(material["octets"]).to_bytes


def decode_GET_response(material):
    octets = material["octets"]
    return lambda: parse_as_dlms_data(GetResponseFactory.from_bytes(octets).data)


def FCS_16(material):
    octets, crc = material["octets"], CRCCCITT()
    return lambda: crc.calculate_for(octets)


def protect(material):
    control = SecurityControlField(0, authenticated=True, encrypted=True)
    given = (material["title"], 1, material["guek"], material["plain"], material["gak"])
    return lambda: encrypt(control, *given)


def unprotect(material):
    control = SecurityControlField(0, authenticated=True, encrypted=True)
    title, guek, plain, gak = (material[name] for name in ("title", "guek", "plain", "gak"))
    protected = encrypt(control, title, 1, guek, plain, gak)
    return lambda: decrypt(control, title, 1, guek, protected, gak)


_FORMS = {"glo authenticated+encrypted", "general-glo authenticated+encrypted"}
"""Of the others it has none, or makes other octets: see docs, "interoperability"."""


def protect_form(material):
    if material["form"] != "glo authenticated+encrypted":
        return None
    control = SecurityControlField(material["suite"], authenticated=True, encrypted=True)
    title, guek, plain, gak, whole = (material[name] for name in ("title", "guek", "plain", "gak", "protected"))
    if not whole.endswith(control.to_bytes() + bytes(4) + encrypt(control, title, 0, guek, plain, gak)):
        raise AssertionError("dlms-cosem protects to something else")
    return lambda: encrypt(control, title, 0, guek, plain, gak)


def unprotect_form(material):
    if material["form"] not in _FORMS:
        return None
    control = SecurityControlField(material["suite"], authenticated=True, encrypted=True)
    title, guek, plain, gak, whole = (material[name] for name in ("title", "guek", "plain", "gak", "protected"))
    text = whole[whole.index(control.to_bytes() + bytes(4)) + 5 :]

    def opened():
        return decrypt(control, title, 0, guek, text, gak)

    def opened_generally():
        return GeneralGlobalCipher.from_bytes(whole).to_plain_apdu(guek, gak)

    work = opened_generally if material["form"].startswith("general") else opened
    if bytes(work()) != plain:
        raise AssertionError("dlms-cosem opens to something else")
    return work


_counter = 0


def session_over_TCP(material):
    register = cosem.CosemAttribute(enumerations.CosemInterface.REGISTER, cosem.Obis.from_bytes(material["register"]), 2)
    profile = cosem.CosemAttribute(enumerations.CosemInterface.PROFILE_GENERIC, cosem.Obis.from_bytes(material["profile"]), 2)

    def work():
        global _counter  # noqa: PLW0603  of the one meter, whichever case it is
        client = DlmsClient(
            transport=TcpTransport(1, 1, BlockingTcpIO("127.0.0.1", material["port"])),
            authentication=HighLevelSecurityGmacAuthentication(challenge_length=32),
            encryption_key=material["guek"],
            authentication_key=material["gak"],
            client_system_title=b"UNN00001",
            client_initial_invocation_counter=_counter,
            meter_initial_invocation_counter=-1,
        )
        with client.session() as meter:
            for _ in range(material["reads"]):
                parse_as_dlms_data(meter.get(register))
            parse_as_dlms_data(meter.get(profile))
        _counter = client.client_invocation_counter + 1

    work()
    return work
