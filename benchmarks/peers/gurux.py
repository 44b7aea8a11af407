"""gurux_dlms (PyPI, GPL): measured here, never imported by the package."""

from __future__ import annotations

import sys
from importlib.metadata import version

from gurux_dlms import GXByteBuffer, GXDLMSClient, GXDLMSTranslator, GXReplyData
from gurux_dlms._GXFCS16 import _GXFCS16
from gurux_dlms.AesGcmParameter import AesGcmParameter
from gurux_dlms.enums import Command, DataType, InterfaceType, Security
from gurux_dlms.GXDLMS import GXDLMS
from gurux_dlms.GXDLMSChippering import GXDLMSChippering
from gurux_dlms.internal._GXCommon import _GXCommon
from gurux_dlms.internal._GXDataInfo import _GXDataInfo
from gurux_dlms.objects import GXDLMSRegister
from gurux_dlms.objects.enums import SecuritySuite

# it prints lines about every message that it opens, which would cost it time
vars(sys.modules[GXDLMSChippering.__module__])["print"] = lambda *_: None

NAME = f"gurux_dlms {version('gurux_dlms')}"


def _decode(material):
    octets = material["octets"]
    return lambda: _GXCommon.getData(None, GXByteBuffer(octets), _GXDataInfo())


decode_regular_profile = _decode
decode_null_compressed_profile = _decode
decode_ragged_profile = _decode
decode_general_data = _decode


def encode_regular_profile(material):
    types = [DataType.OCTET_STRING, DataType.UINT8, *[DataType.UINT32] * 4]
    rows = material["rows"]

    def work():
        buffer = GXByteBuffer()
        buffer.setUInt8(DataType.ARRAY)
        _GXCommon.setObjectCount(len(rows), buffer)
        for row in rows:
            buffer.setUInt8(DataType.STRUCTURE)
            _GXCommon.setObjectCount(len(row), buffer)
            for kind, value in zip(types, row, strict=True):
                _GXCommon.setData(None, buffer, kind, value)
        return buffer

    if bytes(work().array()) != material["octets"]:
        raise AssertionError("gurux_dlms encodes something else")
    return work


def _client():
    return GXDLMSClient(useLogicalNameReferencing=True, clientAddress=16, serverAddress=1, interfaceType=InterfaceType.PDU)


def encode_GET_request(material):
    client, register = _client(), GXDLMSRegister("1.0.1.8.0.255")
    return lambda: client.read(register, 2)


def decode_GET_request(material):
    translator = GXDLMSTranslator()
    octets = material["octets"]
    return lambda: translator.pduToXml(octets)


def decode_GET_response(material):
    client, octets = _client(), material["octets"]

    def work():
        reply = GXReplyData()
        client.getData(GXByteBuffer(octets), reply, None)
        return reply.value

    return work


def receive_block_transfer(material):
    client, blocks = _client(), material["blocks"]
    client.settings.blockIndex = 1  # what it compares the acknowledgements in our blocks with

    def work():
        reply = GXReplyData()
        for octets in blocks:
            client.getData(GXByteBuffer(octets), reply, None)
        return reply.value

    if len(work()) != len(blocks) * 1000 - 8:
        raise AssertionError("gurux_dlms assembles something else")
    return work


def FCS_16(material):
    buffer = GXByteBuffer(material["octets"])
    return lambda: _GXFCS16.countFCS16(buffer, 0, 128)


def _hdlc_client():
    return GXDLMSClient(useLogicalNameReferencing=True, clientAddress=16, serverAddress=1, interfaceType=InterfaceType.HDLC)


def encode_HDLC_frame(material):
    settings, payload = _hdlc_client().settings, material["payload"]
    return lambda: GXDLMS.getHdlcFrame(settings, 0x10, GXByteBuffer(payload))


def decode_HDLC_frame(material):
    client, octets = _hdlc_client(), material["octets"]
    client.settings.checkFrame = lambda *_: True

    def work():
        reply = GXReplyData()
        reply.command = Command.NONE
        GXDLMS.getHdlcData(False, client.settings, GXByteBuffer(octets), reply, None)
        return reply

    return work


def receive_APDU_over_HDLC(material):
    frames = material["frames"]

    def work():
        client = _hdlc_client()
        client.snrmRequest()
        received, reply = GXByteBuffer(), GXReplyData()
        received.set(frames[0])
        client.getData(received, reply)
        client.parseUAResponse(reply.data)
        client.read(GXDLMSRegister("1.0.99.1.0.255"), 2)
        reply = GXReplyData()
        for frame in frames[1:]:
            received = GXByteBuffer()
            received.set(frame)
            client.getData(received, reply)
            if reply.isMoreData():
                client.receiverReady(reply)
        if reply.isMoreData() or len(reply.data) < material["octets"] // 2:
            raise AssertionError("gurux has not received the whole")
        return reply

    return work


_FORMS = {
    "glo authenticated": Security.AUTHENTICATION,
    "glo encrypted": Security.ENCRYPTION,
    "glo authenticated+encrypted": Security.AUTHENTICATION_ENCRYPTION,
    "ded authenticated+encrypted": Security.AUTHENTICATION_ENCRYPTION,
    "general-glo authenticated+encrypted": Security.AUTHENTICATION_ENCRYPTION,
    "general-ded authenticated+encrypted": Security.AUTHENTICATION_ENCRYPTION,
}
"""What it can do in both directions; it has neither V.44 nor general-signing, and cannot read general-ciphering."""


def _parameter(material):
    key = material["dedicated_key" if "ded" in material["form"].split()[0] else "guek"]
    parameter = AesGcmParameter(material["protected"][0], material["title"], key, material["gak"])
    parameter.security, parameter.securitySuite = _FORMS[material["form"]], SecuritySuite(material["suite"])
    return parameter


def protect_form(material):
    if material["form"] not in _FORMS:
        return None
    parameter, plain = _parameter(material), material["plain"]
    encrypt = GXDLMSChippering.encryptAesGcm
    if bytes(encrypt(parameter, plain)) != material["protected"]:
        raise AssertionError("gurux_dlms protects to something else")
    return lambda: encrypt(parameter, plain)


def unprotect_form(material):
    if material["form"] not in _FORMS:
        return None
    parameter, protected = _parameter(material), material["protected"]
    decrypt = GXDLMSChippering.decryptAesGcm
    if bytes(decrypt(None, parameter, GXByteBuffer(protected))) != material["plain"]:
        raise AssertionError("gurux_dlms opens to something else")
    return lambda: decrypt(None, parameter, GXByteBuffer(protected))
