"""Certificates that come with AARQ and AARE, on real sockets: a revoked one opens nothing, on either side."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from dlmskit.association import AssociationRefused, Credentials
from dlmskit.crypto.certificates import Trust
from dlmskit.crypto.suites import SUITES
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.introduction import CertificateCheck
from dlmskit.types.enums import Mechanism
from dlmskit.types.system_title import SystemTitle
from tests.association.correspondents import NOW, authority, certificate, pair_of, side, way_of
from tests.association.peers import CLIENT_TITLE, SERVER_TITLE, VALUE
from tests.system.wire import wired

SERIAL = 7
"""Of every certificate of an end entity that the authority of these tests issues."""


def judging(suite: int, *revoked: int, required: bool = False, late: bool = False) -> CertificateCheck:
    """Trusts the authority, and has its list of what it has revoked; ``late``: a list that is out of date."""
    issued = NOW - timedelta(days=60 if late else 1)
    lists = [authority(suite).revocation_list(dict.fromkeys(revoked, issued), 1, issued, issued + timedelta(days=30))]
    trust = Trust(
        suite=SUITES[suite],
        anchors=[authority(suite).certificate],
        revocation_lists=lists if revoked or not required or late else [],
        require_revocation_list=required,
    )
    return CertificateCheck(trust=trust, now=lambda: NOW)


def introduced(suite: int, title: SystemTitle, judge: CertificateCheck) -> Credentials:
    return side(suite, title, certificate=certificate(suite, title).octets, certificate_check=judge)


@pytest.mark.case("R-083")
@pytest.mark.supports("path of certificates validated", "revoked certificate refused", suite="{suite}")
@pytest.mark.parametrize("suite", [1, 2])
@pytest.mark.parametrize(
    ("list_of", "reason"),
    [
        ({"revoked": (SERIAL,)}, "revoked"),
        ({"revoked": (), "required": True}, "revocation-unknown"),
        ({"revoked": (), "required": True, "late": True}, "revocation-unknown"),
    ],
    ids=["on the list", "no list where one is required", "an old list where one is required"],
)
async def test_a_revoked_certificate(suite: int, list_of: dict[str, Any], reason: str) -> None:
    """The meter tells its client that the certificate is not recognised, the client sends no answer to the challenge."""
    way = way_of(suite, Mechanism.HLS_ECDSA)
    words = dict(list_of)
    good, bad = judging(suite, 99), judging(suite, *words.pop("revoked"), **words)
    for client, server in ((good, bad), (bad, good)):
        pair = pair_of(
            way,
            client_credentials=introduced(suite, CLIENT_TITLE, client),
            server_credentials=introduced(suite, SERVER_TITLE, server),
        )
        async with wired(pair) as wire:
            with pytest.raises((AssociationRefused, SecurityError)) as caught:
                await wire.run(pair.client.associate())
            log = pair.server_log if server is bad else pair.client_log
            error = next(event.error for event in reversed(log) if isinstance(event.error, SecurityError))
            assert error.reason is SecurityReason.CERTIFICATE_REFUSED
            assert reason in str(error)
            assert isinstance(caught.value, AssociationRefused) is (server is bad)
            assert reason not in str(caught.value) or server is good, "the peer is not told"
    pair = pair_of(
        way,
        client_credentials=introduced(suite, CLIENT_TITLE, good),
        server_credentials=introduced(suite, SERVER_TITLE, replace(good)),
    )
    async with wired(pair) as wire:
        await wire.run(pair.client.associate())
        assert await wire.run(pair.client.get(VALUE)) == pair.meter.value
