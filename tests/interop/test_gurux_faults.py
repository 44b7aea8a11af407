"""What gurux_dlms 1.0.203 does wrong or cannot do, each shown here. The page docs/explanation/interoperability.md lists them.

A test of this file that fails with a newer version is good news: then the page has a line too many.
"""

from __future__ import annotations

import random
import re
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from gurux_dlms import GXByteBuffer, GXReplyData
from gurux_dlms._GXAPDU import _GXAPDU
from gurux_dlms.AesGcmParameter import AesGcmParameter
from gurux_dlms.ecdsa import GXPrivateKey
from gurux_dlms.ecdsa.enums.Ecc import Ecc
from gurux_dlms.ecdsa.GXEcdsa import GXEcdsa
from gurux_dlms.enums import AssociationResult, Authentication, InterfaceType, Security, SourceDiagnostic
from gurux_dlms.GXCiphering import GXCiphering
from gurux_dlms.GXDLMSChippering import GXDLMSChippering
from gurux_dlms.GXSecure import GXSecure
from gurux_dlms.GXServerReply import GXServerReply
from gurux_dlms.objects import GXDLMSAssociationLogicalName
from gurux_dlms.secure import GXDLMSSecureClient, GXDLMSSecureServer

from dlmskit.apdu import decode_apdu
from dlmskit.apps.bench.forms import CLIENT, FORMS, RESPONSE, SERVER, context_of, protect_with
from dlmskit.crypto.curves import P_256
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.crypto.suites import SUITE_0, SUITE_1
from dlmskit.errors import DecodeError, SecurityError
from dlmskit.link.wrapper import encode_wrapper
from dlmskit.security.protection import unprotect
from tests.interop.gurux_client import GAK, GUEK
from tests.interop.gurux_server import GuruxServer, Reply

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "interoperability.md"
BY_NAME = {form.name: form for form in FORMS}
ANSWER = bytes.fromhex("C401C1000600001391")
"""A GET response with 5009."""


def ciphered(plain: bytes, tag: int = 0xCC, security: Security = Security.AUTHENTICATION_ENCRYPTION) -> bytes:
    parameter = AesGcmParameter(tag, SERVER.octets, GUEK, GAK)
    parameter.security = security
    return bytes(GXDLMSChippering.encryptAesGcm(parameter, plain))


def deciphered(octets: bytes) -> bytes:
    parameter = AesGcmParameter(0, SERVER.octets, GUEK, GAK)
    return bytes(GXDLMSChippering.decryptAesGcm(None, parameter, GXByteBuffer(octets)))


@pytest.fixture
def client() -> GXDLMSSecureClient:
    """In a ciphered association, everything authenticated and encrypted."""
    client = GXDLMSSecureClient(True, 1, 1, Authentication.HIGH_GMAC, None, InterfaceType.PDU)
    client.ciphering.security = Security.AUTHENTICATION_ENCRYPTION
    client.ciphering.systemTitle = CLIENT.octets
    client.ciphering.blockCipherKey, client.ciphering.authenticationKey = GUEK, GAK
    client.settings.sourceSystemTitle = SERVER.octets
    return client


def received(client: GXDLMSSecureClient, octets: bytes) -> Any:
    reply = GXReplyData()
    client.getData(GXByteBuffer(octets), reply, None)
    return reply.value


# --- What it takes and should not ---------------------------------------------------------------------------------------


def test_the_tag_of_authenticated_encryption_is_not_checked(client: GXDLMSSecureClient) -> None:
    """Any octets in its place; with authentication alone it is checked."""
    good = ciphered(ANSWER)
    forged = good[:-12] + bytes(12)
    assert deciphered(forged) == ANSWER
    assert received(client, forged) == 5009
    with pytest.raises(SecurityError, match="tag"):
        unprotect(forged, context_of(CLIENT, SERVER, SUITE_0))
    alone = ciphered(ANSWER, security=Security.AUTHENTICATION)
    with pytest.raises(ValueError, match="Invalid tag"):
        deciphered(alone[:-12] + bytes(12))


def test_a_changed_ciphertext_is_taken(client: GXDLMSSecureClient) -> None:
    """Counter mode: one bit of the ciphertext is one bit of the value."""
    good = bytearray(ciphered(ANSWER))
    good[-13] ^= 0x01  # the last octet of the value
    assert received(client, bytes(good)) == 5008


def test_a_repeated_answer_is_taken(client: GXDLMSSecureClient) -> None:
    answer = ciphered(ANSWER)
    assert [received(client, answer) for _ in range(2)] == [5009, 5009]


def test_an_answer_without_protection_is_taken_in_a_ciphered_association(client: GXDLMSSecureClient) -> None:
    assert received(client, ANSWER) == 5009


def test_another_sender_is_taken(client: GXDLMSSecureClient) -> None:
    """The title in a general form is used and not compared with that of the association."""
    parameter = AesGcmParameter(0xDB, b"XYZ\0\0\0\0\7", GUEK, GAK)
    parameter.security = Security.AUTHENTICATION_ENCRYPTION
    assert received(client, bytes(GXDLMSChippering.encryptAesGcm(parameter, ANSWER))) == 5009


# --- Its secrets --------------------------------------------------------------------------------------------------------


def key_pair() -> tuple[GXPrivateKey, SigningKey]:
    ours = SigningKey(P_256, b"\x22" * 32)
    return GXPrivateKey.fromRawBytes(ours.reveal()), ours


def test_a_signature_gives_the_private_key_to_whoever_knows_the_state_of_random() -> None:
    """k comes from the module random, which is no secret generator: the same state, the same k, and the key follows."""
    theirs, ours = key_pair()
    order, signatures = P_256.order, []
    for message in (b"one", b"two"):
        random.seed(1)
        signatures.append(GXEcdsa(theirs).sign(message))
    (r, s1), (again, s2) = ((int.from_bytes(one[:32]), int.from_bytes(one[32:])) for one in signatures)
    assert r == again
    e1, e2 = (int.from_bytes(sha256(message).digest()) for message in (b"one", b"two"))
    k = (e1 - e2) * pow(s1 - s2, -1, order) % order
    assert (s1 * k - e1) * pow(r, -1, order) % order == int.from_bytes(ours.reveal())


def test_challenges_are_no_secret_either() -> None:
    random.seed(2)
    first = GXSecure.generateChallenge()
    random.seed(2)
    assert GXSecure.generateChallenge() == first


def test_mechanism_7_prints_the_private_key(client: GXDLMSSecureClient, capsys: pytest.CaptureFixture[str]) -> None:
    theirs, ours = key_pair()
    client.settings.authentication = Authentication.HIGH_ECDSA
    client.ciphering.signingKeyPair = (theirs.getPublicKey(), theirs)
    GXSecure.secure(client.settings, client.settings.cipher, 1, b"", b"challenge")
    assert ours.reveal().hex() in capsys.readouterr().out.replace(" ", "").lower()


# --- What it cannot do --------------------------------------------------------------------------------------------------


def test_suite_2_has_no_signatures() -> None:
    """Neither signing nor verifying: both ask twice for P-256 and never for P-384."""
    key = GXPrivateKey.fromRawBytes(b"\x22" * 48)
    assert key.scheme is Ecc.P384
    with pytest.raises(ValueError, match="Invalid private key scheme"):
        GXEcdsa(key).sign(b"message")
    with pytest.raises(ValueError, match="Invalid private key scheme"):
        GXEcdsa(key.getPublicKey()).verify(bytes(96), b"message")


def test_no_key_is_agreed_on() -> None:
    theirs, _ = key_pair()
    with pytest.raises(ValueError, match="invalid literal"):
        GXEcdsa(theirs).generateSecret(theirs.getPublicKey())


@pytest.mark.parametrize("name", [name for name in BY_NAME if name.startswith("general-ciphering")])
def test_general_ciphering_is_not_read(name: str) -> None:
    octets = protect_with(BY_NAME[name], RESPONSE, context_of(CLIENT, SERVER, SUITE_1))
    with pytest.raises(AttributeError, match="setSystemTitle"):
        deciphered(octets)


def test_general_signing_is_not_known() -> None:
    octets = protect_with(BY_NAME["general-signing"], RESPONSE, context_of(CLIENT, SERVER, SUITE_1))
    with pytest.raises(ValueError, match="cryptedData"):
        deciphered(octets)


def test_compressed_content_stays_compressed() -> None:
    octets = protect_with(BY_NAME["general-glo compressed"], RESPONSE, context_of(SERVER, CLIENT, SUITE_1))
    assert len(deciphered(octets)) < len(RESPONSE)


def test_the_broadcast_key_is_not_found() -> None:
    octets = bytearray(ciphered(ANSWER))
    octets[2] |= 0x40
    with pytest.raises(AttributeError, match="settings"):
        deciphered(bytes(octets))


# --- Its server ---------------------------------------------------------------------------------------------------------


class Bare(GXDLMSSecureServer):  # type: ignore[misc]
    """The server as published, with what a user has to write."""

    def isTarget(self, serverAddress: int, clientAddress: int) -> bool:
        return True

    def onValidateAuthentication(self, authentication: Authentication, password: bytes) -> SourceDiagnostic:
        return SourceDiagnostic.NONE

    def onConnected(self, connectionInfo: Any) -> None:
        return None


AARQ = bytes.fromhex("601DA109060760857405080101BE10040E01000000065F1F0400007E1FFFFF")


def test_the_server_does_not_start_with_an_empty_object_list() -> None:
    server = Bare(True, InterfaceType.WRAPPER)
    server.items.append(GXDLMSAssociationLogicalName())
    with pytest.raises(TypeError, match="GXDLMSObject"):
        server.initialize()


def test_the_server_answers_nothing() -> None:
    server = Bare(True, InterfaceType.WRAPPER)
    association = GXDLMSAssociationLogicalName()
    association.objectList.append(association)
    server.items.append(association)
    server.initialize()
    reply = GXServerReply(encode_wrapper(16, 1, AARQ))
    with pytest.raises(AttributeError, match="setReply"):
        server.handleRequest(reply)
    assert not reply.reply


def test_the_server_has_no_ciphered_association() -> None:
    server = GuruxServer()
    cipher = server.settings.cipher = GXCiphering(SERVER.octets)
    cipher.security = Security.AUTHENTICATION_ENCRYPTION
    with pytest.raises(TypeError, match="setUInt8"):
        aare_of(server)


def test_the_server_has_no_hls() -> None:
    """Its AARE says a length for the challenge that leaves out tag and length."""
    server = GuruxServer()
    server.settings.authentication = Authentication.HIGH_SHA256
    server.settings.setStoCChallenge(bytes(range(16)))
    aare = aare_of(server)
    assert bytes.fromhex("AA108010") in aare
    with pytest.raises(DecodeError):
        decode_apdu(aare)
    assert decode_apdu(_lengths_mended(aare)).responding_authentication_value is not None  # type: ignore[attr-defined]


def test_the_server_answers_an_error_under_another_invoke_id() -> None:
    """Asked under 5 for what is not there, it refuses under 1: to the client that is the answer to something else."""
    server = GuruxServer()
    server.handleRequest(Reply(encode_wrapper(16, 1, AARQ)))
    reply = Reply(encode_wrapper(16, 1, bytes.fromhex("C001C500010000600109FF0200")))
    server.handleRequest(reply)
    assert bytes(reply.reply)[8:11].hex().upper() == "C401C1"


def aare_of(server: GuruxServer) -> bytes:
    data = GXByteBuffer()
    _GXAPDU.generateAARE(
        server.settings, data, AssociationResult.ACCEPTED, SourceDiagnostic.NONE, server.settings.cipher, None, None
    )
    return bytes(data.array())


def _lengths_mended(aare: bytes) -> bytes:
    mended = aare.replace(bytes.fromhex("AA108010"), bytes.fromhex("AA128010"))
    return mended[:1] + bytes((len(mended) - 2,)) + mended[2:]


# --- The page -----------------------------------------------------------------------------------------------------------


def test_every_fault_on_the_page_has_its_test() -> None:
    """And every test of this folder that shows a fault is on the page."""
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text(encoding="utf-8")))
    here = {name for name in globals() if name.startswith("test_")} - {test_every_fault_on_the_page_has_its_test.__name__}
    folders = (Path(__file__).parent, Path(__file__).parents[1] / "apps" / "bench")
    others = "".join(path.read_text(encoding="utf-8") for folder in folders for path in folder.glob("test_*.py"))
    assert here <= named
    assert {name for name in named if f"def {name}(" not in others} == set()
