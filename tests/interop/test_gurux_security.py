"""gurux_dlms as a foreign client of our server in suites 0 to 2 and with the mechanisms 3, 4, 6 and 7, over TCP.

It makes the octets of its side: hashes, signatures, ciphering with keys of 32 octets. Where it cannot follow, the test says who
does what.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from gurux_dlms.ecdsa import GXPrivateKey, GXPublicKey
from gurux_dlms.enums import Authentication, Conformance
from gurux_dlms.GXDLMSException import GXDLMSException
from gurux_dlms.GXSecure import GXSecure
from gurux_dlms.objects import GXDLMSData
from gurux_dlms.objects.enums import SecuritySuite
from gurux_dlms.secure import GXDLMSSecureClient
from hypothesis import assume, given
from hypothesis import strategies as st

from dlmskit.apps.simulator.serving import Served, Serving, served
from dlmskit.association.ports import EventCode
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.security.hls.aes_ecb import AesEcb
from dlmskit.security.keys import KeySet, Secret
from tests.apps.simulator.test_security_words import SECRET, description
from tests.interop.gurux_client import GAK, GUEK, GuruxClient
from tests.security.parties import party

MECHANISMS = {
    "hls-md5": Authentication.HIGH_MD5,
    "hls-sha1": Authentication.HIGH_SHA1,
    "hls-gmac": Authentication.HIGH_GMAC,
    "hls-sha256": Authentication.HIGH_SHA256,
    "hls-ecdsa": Authentication.HIGH_ECDSA,
}


@asynccontextmanager
async def meter_with(tmp_path: Path, suite: int, mechanism: str) -> AsyncIterator[Served]:
    path = tmp_path / "meter.toml"
    path.write_text(description(suite, mechanism, signed=False))
    async with served(path, Serving(port=0)) as meter:
        yield meter


def client_of(meter: Served, suite: int, mechanism: str) -> GuruxClient:
    """A gurux client with everything that it has to know."""
    client = GuruxClient(meter.listener.port, client=1, authentication=MECHANISMS[mechanism], ciphered=True)
    settings, ciphering = client.gurux.settings, client.gurux.ciphering
    ciphering.securitySuite = SecuritySuite(suite)
    repeat = 2 if suite == 2 else 1
    ciphering.blockCipherKey, ciphering.authenticationKey = GUEK * repeat, GAK * repeat
    if mechanism in {"hls-md5", "hls-sha1", "hls-sha256"}:
        settings.password = bytes.fromhex(SECRET)
    return client


async def read(client: GuruxClient) -> Any:
    def session() -> Any:
        with client:
            return client.read(GXDLMSData("0.0.43.1.0.255"))

    return await asyncio.to_thread(session)


@pytest.mark.parametrize(
    ("suite", "mechanism"),
    [
        pytest.param(
            suite,
            mechanism,
            marks=pytest.mark.supports(
                f"mechanism {MECHANISMS[mechanism].value}", "glo authenticated+encrypted", suite=suite, side="server"
            ),
        )
        for suite in (0, 1, 2)
        for mechanism in ("hls-md5", "hls-sha1", "hls-gmac", "hls-sha256")
    ],
)
async def test_gurux_opens_and_reads(tmp_path: Path, suite: int, mechanism: str) -> None:
    async with meter_with(tmp_path, suite, mechanism) as meter:
        assert isinstance(await read(client_of(meter, suite, mechanism)), int)
        assert [entry.code for entry in meter.meter.device.log] == [EventCode.ASSOCIATED, EventCode.RELEASED]


def _signing(client: GuruxClient, meter: Served) -> None:
    pairs = meter.meter.pairs
    assert isinstance(pairs.client.signing_key, SigningKey)
    assert pairs.meter.signing_public_key is not None
    own = GXPrivateKey.fromRawBytes(pairs.client.signing_key.reveal())
    # With its 04: of x and y alone, which it takes as well, gurux makes a list that is no key.
    peer = GXPublicKey.fromRawBytes(b"\x04" + pairs.meter.signing_public_key.octets)
    client.gurux.ciphering.signingKeyPair = (peer, own)


@pytest.mark.parametrize("suite", [1, 2])
async def test_gurux_draws_too_short_a_challenge_for_mechanism_7(tmp_path: Path, suite: int) -> None:
    """gurux draws 16 octets for every mechanism; mechanism 7 has 32 to 64 (Green Book, 9.2.7.4.2): refused as it should be."""
    async with meter_with(tmp_path, suite, "hls-ecdsa") as meter:
        client = client_of(meter, suite, "hls-ecdsa")
        _signing(client, meter)
        with pytest.raises(GXDLMSException, match=r"(?i)authentication failure"):
            await read(client)
        assert [entry.code for entry in meter.meter.device.log] == [EventCode.AUTHENTICATION_FAILED]


@pytest.fixture
def _long_challenges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gurux_dlms.GXSecure.GXSecure.generateChallenge", lambda: bytearray(range(1, 33)))


@pytest.mark.supports("mechanism 7", suite=1, side="server")
@pytest.mark.usefixtures("_long_challenges")
async def test_gurux_signs_with_a_challenge_of_32_octets(tmp_path: Path) -> None:
    """With challenges of the right length its signatures and ours fit: mechanism 7 against a foreign ECDSA."""
    async with meter_with(tmp_path, 1, "hls-ecdsa") as meter:
        client = client_of(meter, 1, "hls-ecdsa")
        _signing(client, meter)
        assert isinstance(await read(client), int)
        assert [entry.code for entry in meter.meter.device.log] == [EventCode.ASSOCIATED, EventCode.RELEASED]


@pytest.mark.usefixtures("_long_challenges")
async def test_gurux_cannot_sign_on_p_384(tmp_path: Path) -> None:
    """Its `sign` asks twice for P-256 and never for P-384, so no signature of suite 2 ever leaves it."""
    async with meter_with(tmp_path, 2, "hls-ecdsa") as meter:
        client = client_of(meter, 2, "hls-ecdsa")
        _signing(client, meter)
        with pytest.raises(ValueError, match="Invalid private key scheme"):
            await read(client)
        assert EventCode.ASSOCIATED not in {entry.code for entry in meter.meter.device.log}


@pytest.mark.parametrize(
    ("suite", "dedicated", "general"),
    [
        pytest.param(
            suite,
            dedicated,
            general,
            marks=pytest.mark.supports(
                f"{'general-' * general}{'ded' if dedicated else 'glo'} authenticated+encrypted", suite=suite, side="server"
            ),
        )
        for suite in (0, 1, 2)
        for dedicated, general in product((False, True), repeat=2)
    ],
)
async def test_gurux_wraps_in_every_symmetric_form(tmp_path: Path, suite: int, dedicated: bool, general: bool) -> None:
    """A dedicated key that gurux proposes, the general forms, and both together."""
    async with meter_with(tmp_path, suite, "hls-gmac") as meter:
        client = client_of(meter, suite, "hls-gmac")
        if dedicated:
            client.gurux.ciphering.dedicatedKey = bytes(range(0x70, 0x90 if suite == 2 else 0x80))
        if not general:  # it proposes the general forms on its own, and takes them where they were agreed on
            client.gurux.proposedConformance &= ~Conformance.GENERAL_PROTECTION
        assert isinstance(await read(client), int)
        expected = 0xC8 + 8 * dedicated if not general else 0xDB + dedicated
        assert client.tags == [0x60, 0xCB, expected, 0x62]
        codes = [entry.code for entry in meter.meter.device.log]
        # gurux goes on counting under a dedicated key, which starts at 0: a gap, and no fault
        assert codes == [EventCode.ASSOCIATED, *[EventCode.COUNTER_GAP] * dedicated, EventCode.RELEASED]


@given(st.binary(min_size=8, max_size=16), st.binary(min_size=1, max_size=16))
def test_mechanism_2_of_gurux_is_our_plug_in(challenge: bytes, secret: bytes) -> None:
    """AES on single blocks, which gurux takes for mechanism 2: the same octets for every challenge and secret."""
    settings = GXDLMSSecureClient(True, 1, 1, Authentication.HIGH).settings
    theirs = bytes(GXSecure.secure(settings, None, 0, challenge, secret.ljust(16, b"\0")))
    context = party(keys=KeySet(hls_secret=Secret(secret.ljust(16, b"\0"))))
    assume(len(set(challenge)) > 1)
    assert AesEcb().answer(context, bytes(range(9)), challenge) == theirs
