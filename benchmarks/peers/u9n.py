"""dlms-cosem (PyPI, from u9n)."""

from __future__ import annotations

from importlib.metadata import version

from dlms_cosem.crc import CRCCCITT
from dlms_cosem.protocol.xdlms import GetRequestFactory, GetResponseFactory
from dlms_cosem.security import SecurityControlField, decrypt, encrypt
from dlms_cosem.utils import parse_as_dlms_data

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
