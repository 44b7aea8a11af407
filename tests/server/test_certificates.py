"""Certificates of a meter through its security setup: the flow of personalisation, and everything that is not taken."""

from __future__ import annotations

import contextlib
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from dlmskit.association.errors import RequestRefused
from dlmskit.codec.data import Data
from dlmskit.cosem.classes.security_setup import SecuritySetup
from dlmskit.crypto.certificates import Certificate, CertificateRequest, Role, Validity
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.server import Database
from dlmskit.server.certificate_store import MOST_CERTIFICATES
from dlmskit.types.enums import ActionResult, Mechanism
from dlmskit.types.system_title import SystemTitle
from tests.server.keyed import HEAD_END, NOTE, SETUP, Owner, authority, meter
from tests.server.peers import METER
from tests.server.pki import VALIDITY, Personalised, personalise

REFUSED = ActionResult.OTHER_REASON
SIGNATURE, AGREEMENT, TLS = 0, 1, 2
SERVER, CLIENT, AUTHORITY, OTHER = 0, 1, 2, 3


def identification(kind: int, *options: Any) -> Data:
    return SecuritySetup.methods[7].parameter_kind.encode((kind, options))


def imported(owner: Owner, octets: bytes) -> int:
    return int(owner.call(6, Data.octet_string(octets)).result)


def shown(owner: Owner) -> list[tuple[int, int]]:
    return [(entity, kind) for entity, kind, *_ in owner.value(64, SETUP, 6)]


@pytest.fixture
def here() -> Personalised:
    return personalise(1)


@pytest.fixture
def owner(here: Personalised) -> Owner:
    return here.owner().at(100).open()


def test_attribute_6_lists_anchors_and_certificates(here: Personalised, owner: Owner) -> None:
    assert shown(owner) == [(AUTHORITY, 3), (SERVER, SIGNATURE), (CLIENT, SIGNATURE)]
    _, _, serial, issuer, subject, _ = owner.value(64, SETUP, 6)[1]
    assert (serial, issuer) == (bytes.fromhex("020203E9"), here.root.certificate.subject)
    assert subject == here.meter_certificate.subject


@pytest.mark.parametrize("kind", [SIGNATURE, AGREEMENT, TLS])
def test_a_request_proves_a_key_that_is_used_once_certified(here: Personalised, owner: Owner, kind: int) -> None:
    role = (Role.SIGNATURE, Role.KEY_AGREEMENT, Role.TLS)[kind]
    before = dict(here.device[1].clients[1].keys.state.pairs)
    assert owner.call(4, Data.enum(kind)).result == 0
    assert here.device[1].clients[1].keys.state.pairs == before  # what was in use still is
    request = CertificateRequest(owner.call(5, Data.enum(kind)).return_parameters.value)
    assert (request.system_title, request.role) == (METER, role)
    certificate = here.root.certify(request, METER, role, 2000, VALIDITY)
    assert imported(owner, certificate.octets) == 0
    state = here.device[1].clients[1].keys.state
    assert not state.generated
    assert SigningKey(here.curve, state.pairs[kind].reveal()).public == request.public_key
    assert shown(owner).count((SERVER, kind)) == 1
    by_entity = identification(0, SERVER, kind, METER.octets)
    assert owner.call(7, by_entity).return_parameters.value == certificate.octets


@pytest.mark.parametrize("serial", [b"\x02\x02\x03\xe9", b"\x03\xe9"])
def test_export_by_entity_and_by_both_forms_of_the_serial_number(here: Personalised, owner: Owner, serial: bytes) -> None:
    issuer = here.root.certificate.subject
    assert owner.call(7, identification(1, serial, issuer)).return_parameters.value == here.meter_certificate.octets
    by_entity = identification(0, CLIENT, SIGNATURE, HEAD_END.octets)
    assert Certificate(owner.call(7, by_entity).return_parameters.value).system_title == HEAD_END
    root = owner.call(7, identification(0, AUTHORITY, 3, b"")).return_parameters.value
    assert root == here.root.certificate.octets
    for nothing in (
        identification(1, bytes(range(1, 17)), issuer),
        identification(1, serial, b""),
        identification(0, SERVER, AGREEMENT, METER.octets),
        identification(0, SERVER, SIGNATURE, HEAD_END.octets),
        identification(0, CLIENT, SIGNATURE, METER.octets),
    ):
        assert owner.call(7, nothing).result == REFUSED
        assert owner.call(8, nothing).result == REFUSED


def test_anchors_are_not_removed_and_certificates_are(here: Personalised, owner: Owner) -> None:
    assert owner.call(8, identification(0, AUTHORITY, 3, b"")).result == REFUSED
    assert owner.call(8, identification(0, SERVER, SIGNATURE, METER.octets)).result == 0
    assert shown(owner) == [(AUTHORITY, 3), (CLIENT, SIGNATURE)]
    assert here.device[1].clients[1].keys.state.pairs == {}  # a key pair without a certificate is of no use


def test_what_the_client_needs_to_come_back_is_not_removed() -> None:
    here = personalise(1)
    client = here.device[1].clients[1]
    from dataclasses import replace

    client.config = replace(client.config, settings=replace(client.config.settings, mechanism=Mechanism.HLS_ECDSA))
    client.changed(None)
    owner = here.owner(mechanism=Mechanism.HLS_ECDSA)
    owner.credentials = replace(
        owner.credentials,
        correspondence=correspondence(here),
    )
    from secrets import token_bytes

    from dlmskit.association.client.association import ClientAssociation

    owner.association = ClientAssociation(owner.settings, owner.credentials, random=token_bytes)
    owner.at(300).open()
    assert owner.value(1, NOTE) == b""
    for entity, title in ((SERVER, METER), (CLIENT, HEAD_END)):
        assert owner.call(8, identification(0, entity, SIGNATURE, title.octets)).result == REFUSED
    assert len(shown(owner)) == 3


def correspondence(here: Personalised) -> Any:
    from dlmskit.security.parties import Correspondence, Identity, KnownParty, directory_of

    known = KnownParty(title=METER, verification=here.meter_certificate.public_key)
    return Correspondence(identity=Identity(signing=here.signer), directory=directory_of(known))


def strangers(here: Personalised) -> dict[str, bytes]:
    """Certificates that a meter has no reason to take."""
    other_root = authority(1)
    public = SigningKey.generate(here.curve).public
    expired = Validity(datetime(2000, 1, 1, tzinfo=UTC), datetime(2001, 1, 1, tzinfo=UTC))
    coming = Validity(datetime(2049, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC))
    good = here.root.issue(HEAD_END, public, Role.SIGNATURE, 3000, VALIDITY).octets
    big = authority(2)
    return {
        "nothing": b"",
        "garbage": os.urandom(400),
        "one octet more": good + b"\x00",
        "cut": good[:-1],
        "a signature changed": good[:-1] + bytes((good[-1] ^ 1,)),
        "16 KiB and one octet": bytes(16 * 1024 + 1),
        "of another root": other_root.issue(HEAD_END, public, Role.SIGNATURE, 3001, VALIDITY).octets,
        "another root itself": other_root.certificate.octets,
        "the anchor itself": here.root.certificate.octets,
        "expired": here.root.issue(HEAD_END, public, Role.SIGNATURE, 3002, expired).octets,
        "not yet valid": here.root.issue(HEAD_END, public, Role.SIGNATURE, 3003, coming).octets,
        "another curve": big.issue(
            HEAD_END, SigningKey.generate(big.certificate.public_key.curve).public, Role.SIGNATURE, 1, VALIDITY
        ).octets,
        "ours, for a key that was not generated here": here.root.issue(METER, public, Role.SIGNATURE, 3004, VALIDITY).octets,
        "ours, for our key with another use": here.root.issue(
            METER, here.meter_certificate.public_key, Role.KEY_AGREEMENT, 3005, VALIDITY
        ).octets,
    }


@pytest.mark.case("R-083")
@pytest.mark.case("R-084")
def test_what_leads_nowhere_is_not_taken(here: Personalised, owner: Owner) -> None:
    before = here.device[1].clients[1].keys.state
    for what, octets in strangers(here).items():
        assert imported(owner, octets) == REFUSED, what
        assert here.device[1].clients[1].keys.state is before, what
    reasons = {entry.reason for entry in here.device.log if entry.code.value == "security-change-refused"}
    assert reasons <= {"certificate-refused", "public-key-invalid"}
    assert owner.value(1, NOTE) == b""


@pytest.mark.case("R-084")
def test_a_certificate_of_a_mebibyte_is_refused() -> None:
    here = personalise(1)
    owner = here.owner(max_pdu_size=2048).at(100).open()
    with contextlib.suppress(RequestRefused):  # too long for the meter to take in at all
        assert imported(owner, bytes(1 << 20)) != 0
    assert owner.value(1, NOTE) == b""
    assert len(shown(owner)) == 3


@pytest.mark.case("R-084")
def test_there_is_an_end_to_certificates(here: Personalised, owner: Owner) -> None:
    public = SigningKey.generate(here.curve).public
    for number in range(MOST_CERTIFICATES + 3):
        title = SystemTitle(b"MMM" + number.to_bytes(5))
        certificate = here.root.issue(title, public, Role.SIGNATURE, 4000 + number, VALIDITY)
        assert imported(owner, certificate.octets) == (0 if number < MOST_CERTIFICATES - 2 else REFUSED)
    again = here.root.issue(
        SystemTitle(b"MMM" + bytes(5)), AgreementKey.generate(here.curve).public, Role.SIGNATURE, 5000, VALIDITY
    )
    assert imported(owner, again.octets) == 0  # in the place of an older one
    assert len(here.device[1].clients[1].keys.state.certificates) == MOST_CERTIFICATES


def test_an_authority_below_the_anchor_is_taken_and_believed() -> None:
    root = authority(1)
    here = personalise(1, root=root)
    owner = here.owner().at(100).open()
    key = SigningKey.generate(here.curve)
    below = root.issue_ca("Test sub-CA", key.public, 77, VALIDITY, path_length=0)
    from dlmskit.crypto.certificates import CertificateAuthority

    leaf = CertificateAuthority(below, key).issue(SystemTitle(b"MMM\0\0\0\0\1"), key.public, Role.SIGNATURE, 1, VALIDITY)
    assert imported(owner, leaf.octets) == REFUSED
    assert imported(owner, below.octets) == 0
    assert imported(owner, leaf.octets) == 0
    assert shown(owner)[-2:] == [(AUTHORITY, 3), (OTHER, SIGNATURE)]


def test_key_pairs_and_certificates_survive_and_are_not_on_the_disk_in_clear(tmp_path: Path) -> None:
    here = personalise(2, Database(tmp_path / "meter.sqlite"))
    state = here.device[1].clients[1].keys.state
    here.device.close()
    found = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in [secret.reveal() for secret in state.pairs.values()] + [key.reveal() for _, key in here.keys.named()]:
        assert secret not in found
        assert secret.hex().encode() not in found.lower()
    settings = {"security_suite": 2}
    device = meter(here.keys, Database(tmp_path / "meter.sqlite"), settings=settings, anchors=(here.root.certificate,))
    assert device[1].clients[1].keys.state == state
    device.close()
