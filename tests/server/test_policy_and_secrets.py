"""security_activate binds at once and for ever; passwords and HLS secrets change under encryption alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dlmskit.association.credentials import Credentials
from dlmskit.association.ports import EventCode
from dlmskit.codec.data import Data
from dlmskit.security.keys import KeySet, Secret
from dlmskit.security.policy import AUTHENTICATED_BOTH_WAYS, STRONGEST_SYMMETRIC, SecurityPolicy
from dlmskit.server import ClientConfig, Database, Device, Grants
from dlmskit.types.enums import ActionResult, ApplicationContext, DataAccessResult, Mechanism
from dlmskit.types.system_title import SystemTitle
from tests.server.keyed import NOTE, OWN, SETUP, Owner, fresh_keys, meter, opens, settings_of
from tests.server.peers import METER

REFUSED = ActionResult.OTHER_REASON
NOTHING = SecurityPolicy.NOTHING


def lax(keys: KeySet, database: Database | None = None, version: int = 1) -> Device:
    return meter(keys, database, settings={"security_policy": NOTHING}, security_setup_version=version)


@pytest.mark.case("R-086")
@pytest.mark.case("R-079")
@pytest.mark.parametrize("version", [0, 1])
@pytest.mark.parametrize("by_writing", [False, True])
def test_a_stronger_policy_holds_from_the_next_message_on(version: int, by_writing: bool) -> None:
    keys = fresh_keys()
    device = lax(keys, version=version)
    other = SystemTitle("4845530000000002")
    weak = Owner(device, keys, other, security_policy=AUTHENTICATED_BOTH_WAYS).open()
    assert weak.value(1, NOTE) == b""
    owner = Owner(device, keys).at(500).open()
    number = 3 if version == 0 else 0x6C
    if by_writing:
        assert owner.set(64, SETUP, 2, Data.enum(number)) == 0
    else:
        assert owner.call(1, Data.enum(number)).result == 0
    assert owner.value(64, SETUP, 2) == number
    assert weak.get(1, NOTE) == DataAccessResult.READ_WRITE_DENIED  # the other one, open since before
    third = SystemTitle("4845530000000003")
    assert not opens(device, keys, third, security_policy=AUTHENTICATED_BOTH_WAYS)
    assert opens(device, keys, third)
    for weaker in (0, 1, 2) if version == 0 else (0, 0x24, 0x48, 0x4C, 0x6D, 0xFF):
        assert owner.call(1, Data.enum(weaker)).result == REFUSED, weaker
        assert owner.set(64, SETUP, 2, Data.enum(weaker)) == DataAccessResult.OTHER_REASON
    assert owner.value(64, SETUP, 2) == number
    assert [entry.code for entry in device.log][-1] is EventCode.SECURITY_CHANGE_REFUSED


@pytest.mark.case("R-086")
def test_the_suite_and_the_titles_are_not_written() -> None:
    keys = fresh_keys()
    owner = Owner(meter(keys), keys).open()
    for number, value in (
        (3, Data.enum(1)),
        (4, Data.octet_string(bytes(8))),
        (5, Data.octet_string(bytes(8))),
        (6, Data.array([])),
    ):
        assert owner.set(64, SETUP, number, value) == DataAccessResult.READ_WRITE_DENIED


@pytest.mark.case("R-086")
def test_a_policy_survives_and_is_never_below_the_configured_one(tmp_path: Path) -> None:
    keys = fresh_keys()
    device = lax(keys, Database(tmp_path / "meter.sqlite"))
    assert Owner(device, keys).open().call(1, Data.enum(0x6C)).result == 0
    device.close()
    device = lax(keys, Database(tmp_path / "meter.sqlite"))
    assert not opens(device, keys, security_policy=AUTHENTICATED_BOTH_WAYS)
    assert opens(device, keys)
    assert device.database is not None
    device.database.write("UPDATE value SET octets = ? WHERE class_id = 64", (Data.enum(0x24).octets,))
    device.close()
    device = meter(keys, Database(tmp_path / "meter.sqlite"))  # configured with the strongest
    assert Owner(device, keys).at(900).open().value(64, SETUP, 2) == 0x6C
    device.close()


@pytest.mark.case("R-086")
@pytest.mark.parametrize("policy", [0x7C, 0xEC, 0x90])
def test_nobody_locks_himself_out_with_a_policy_that_he_cannot_meet(policy: int) -> None:
    keys = fresh_keys(1)
    device = meter(keys, settings={"security_suite": 1})
    owner = Owner(device, keys, security_suite=1).open()
    assert owner.call(1, Data.enum(policy)).result == REFUSED
    assert owner.value(64, SETUP, 2) == 0x6C
    owner.lose()
    assert opens(device, keys, security_suite=1)
    assert EventCode.SECURITY_CHANGE_REFUSED in [entry.code for entry in device.log]


# --- Passwords and HLS secrets ---

OLD, NEW = b"12345678", b"a new password"
READER_OBJECT = "0.0.40.0.2.255"


def with_reader(
    keys: KeySet, database: Database | None = None, *, ciphered: bool = False, grants: Grants | None = None, **words: Any
) -> Device:
    """A meter with a second client, which authenticates with a password."""
    context = ApplicationContext.LN_CIPHERED if ciphered else ApplicationContext.LN
    settings = settings_of(client_sap=32, server_system_title=METER, mechanism=Mechanism.LLS, application_context=context)
    secrets = KeySet(guek=keys.guek, gak=keys.gak, lls_password=Secret(OLD)) if ciphered else KeySet(lls_password=Secret(OLD))
    reader = ClientConfig(name="reader", settings=settings, credentials=Credentials(keys=secrets))
    own = Grants.parse(read=["*"], write=[f"{OWN}:7"], execute=[OWN])
    return meter(
        keys, database, others=[(reader, own)], grants=grants or Grants.parse(["*"], [f"{READER_OBJECT}:7"], ["*"]), **words
    )


def reads(device: Device, password: bytes) -> bool:
    keys = KeySet(lls_password=Secret(password))
    return opens(device, keys, client_sap=32, mechanism=Mechanism.LLS, application_context=ApplicationContext.LN)


@pytest.mark.parametrize("by_writing", [False, True])
def test_the_management_client_changes_the_password_of_the_reader(tmp_path: Path, by_writing: bool) -> None:
    keys = fresh_keys()
    device = with_reader(keys, Database(tmp_path / "meter.sqlite"))
    owner = Owner(device, keys).open()
    if by_writing:
        assert owner.set(15, READER_OBJECT, 7, Data.octet_string(NEW)) == 0
    else:
        assert owner.call(2, Data.octet_string(NEW), READER_OBJECT, 15).result == 0
    assert reads(device, NEW)
    assert not reads(device, OLD)
    assert [entry.code for entry in device.log][-1] is EventCode.RETIRED_KEY
    assert owner.get(15, READER_OBJECT, 7) == DataAccessResult.READ_WRITE_DENIED
    device.close()
    assert NEW not in b"".join(path.read_bytes() for path in tmp_path.iterdir())
    device = with_reader(keys, Database(tmp_path / "meter.sqlite"))
    assert reads(device, NEW)
    assert not reads(device, OLD)
    device.close()


def test_a_password_is_not_changed_in_clear() -> None:
    keys = fresh_keys()
    device = with_reader(keys)
    words: dict[str, Any] = {"mechanism": Mechanism.LLS, "application_context": ApplicationContext.LN}
    reader = Owner(device, KeySet(lls_password=Secret(OLD)), client_sap=32, **words).open()
    assert reader.set(15, OWN, 7, Data.octet_string(NEW)) == DataAccessResult.READ_WRITE_DENIED
    assert reader.call(2, Data.octet_string(NEW), OWN, 15).result == ActionResult.READ_WRITE_DENIED
    reader.lose()
    assert reads(device, OLD)


def test_a_ciphered_client_changes_its_own_password() -> None:
    keys = fresh_keys()
    device = with_reader(keys, ciphered=True)
    own = KeySet(guek=keys.guek, gak=keys.gak, lls_password=Secret(OLD))
    words: dict[str, Any] = {"client_sap": 32, "mechanism": Mechanism.LLS}
    reader = Owner(device, own, **words).open()
    assert reader.set(15, OWN, 7, Data.octet_string(NEW)) == 0
    reader.lose()
    assert not opens(device, own, **words)
    assert opens(device, KeySet(guek=keys.guek, gak=keys.gak, lls_password=Secret(NEW)), **words)


@pytest.mark.parametrize("secret", [b"", b"1234567", bytes(65)])
def test_secrets_that_are_none(secret: bytes) -> None:
    keys = fresh_keys()
    device = with_reader(keys)
    owner = Owner(device, keys).open()
    assert owner.set(15, READER_OBJECT, 7, Data.octet_string(secret)) == DataAccessResult.OTHER_REASON
    assert reads(device, OLD)


def test_a_right_to_write_everything_is_none_to_write_secrets() -> None:
    keys = fresh_keys()
    device = with_reader(keys, grants=Grants.parse(["*"], ["*"], ["*"]))
    owner = Owner(device, keys).open()
    assert owner.set(15, READER_OBJECT, 7, Data.octet_string(NEW)) == DataAccessResult.READ_WRITE_DENIED
    assert reads(device, OLD)


def test_the_right_is_needed() -> None:
    keys = fresh_keys()
    device = with_reader(keys, grants=Grants.parse(read=["*"], write=[NOTE], execute=[f"{SETUP}:2"]))
    owner = Owner(device, keys).open()
    assert owner.set(15, READER_OBJECT, 7, Data.octet_string(NEW)) == DataAccessResult.READ_WRITE_DENIED
    assert owner.call(2, Data.octet_string(NEW), READER_OBJECT, 15).result == ActionResult.READ_WRITE_DENIED
    assert reads(device, OLD)


@pytest.mark.parametrize("mechanism", [Mechanism.HLS_MD5, Mechanism.HLS_SHA1, Mechanism.HLS_SHA256])
def test_the_hls_secret_is_changed_by_its_owner(mechanism: Mechanism) -> None:
    from dataclasses import replace

    keys = replace(fresh_keys(), hls_secret=Secret(b"an old secret of the client"))
    device = meter(keys, settings={"mechanism": mechanism})
    owner = Owner(device, keys, mechanism=mechanism).open()
    new = b"a new secret of the same client"
    assert owner.call(2, Data.octet_string(b"short"), OWN, 15).result == REFUSED
    assert owner.call(2, Data.octet_string(new), OWN, 15).result == 0
    assert owner.value(1, NOTE) == b""
    owner.lose()
    assert not opens(device, keys, mechanism=mechanism)
    assert opens(device, replace(keys, hls_secret=Secret(new)), mechanism=mechanism)


def test_mechanism_5_has_no_secret_to_change() -> None:
    keys = fresh_keys()
    owner = Owner(meter(keys), keys).open()
    assert owner.call(2, Data.octet_string(NEW), OWN, 15).result == ActionResult.READ_WRITE_DENIED
    assert STRONGEST_SYMMETRIC == 0x6C
