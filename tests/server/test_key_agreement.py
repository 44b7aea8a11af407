"""key_agreement on a living meter: both sides get the same keys, and a lost answer locks nobody out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dlmskit.association.ports import EventCode
from dlmskit.codec.data import Data
from dlmskit.errors import DlmsError
from dlmskit.security.keys import KeyRole
from dlmskit.server import Database
from dlmskit.types.enums import ActionResult
from tests.server.keyed import NOTE, ROLES, Owner, fresh_keys, meter, opens, with_keys
from tests.server.pki import personalise

REFUSED = ActionResult.OTHER_REASON


@pytest.mark.parametrize("suite", [1, 2])
@pytest.mark.parametrize("roles", [(KeyRole.GUEK,), (KeyRole.GAK,), (KeyRole.KEK,), ROLES], ids=str)
def test_both_sides_get_the_same_keys(suite: int, roles: tuple[KeyRole, ...]) -> None:
    here = personalise(suite)
    owner = here.owner().at(100).open()
    result, new = here.agree(owner, *roles)
    assert result == 0
    assert set(new) == set(roles)
    changed = with_keys(here.keys, new)
    owner.use(changed)
    assert owner.value(1, NOTE) == b""
    assert here.device[1].clients[1].keys.state.keys == changed
    owner.lose()
    assert opens(here.device, changed, security_suite=suite)
    if KeyRole.GUEK in roles or KeyRole.GAK in roles:  # proved above
        assert not opens(here.device, here.keys, security_suite=suite)


def test_a_long_answer_is_under_the_old_keys_to_its_last_block() -> None:
    here = personalise(2)
    owner = here.owner(max_pdu_size=200).at(100).open()
    result, new = here.agree(owner, *ROLES)
    assert result == 0
    assert len(owner.recorded) > 5  # it came in blocks
    owner.use(with_keys(here.keys, new))
    assert owner.value(1, NOTE) == b""


@pytest.mark.case("R-080")
@pytest.mark.parametrize("reopened", [False, True])
def test_a_lost_answer_leaves_the_old_keys_until_the_new_ones_are_proved(reopened: bool) -> None:
    here = personalise(1)
    owner = here.owner().at(100).open()
    _, new = here.agree(owner, KeyRole.GUEK, KeyRole.GAK)
    if reopened:
        owner.lose()
        owner = here.owner().at(200).open()
    assert owner.value(1, NOTE) == b""  # under the old keys, as if the answer had not come
    _, newer = here.agree(owner, KeyRole.GUEK, KeyRole.GAK)
    if reopened:
        owner.lose()
        owner = here.owner(with_keys(here.keys, newer)).open()
    else:
        owner.use(with_keys(here.keys, newer))
    assert owner.value(1, NOTE) == b""
    owner.lose()
    for keys in (here.keys, with_keys(here.keys, new)):
        assert not opens(here.device, keys, security_suite=1)
    assert opens(here.device, with_keys(here.keys, newer), security_suite=1)
    assert EventCode.RETIRED_KEY in [entry.code for entry in here.device.log]


@pytest.mark.parametrize("proved", [False, True])
def test_what_is_proved_is_kept_over_a_restart(tmp_path: Path, proved: bool) -> None:
    here = personalise(1, Database(tmp_path / "meter.sqlite"))
    owner = here.owner().at(100).open()
    _, new = here.agree(owner, KeyRole.GUEK)
    changed = with_keys(here.keys, new)
    if proved:
        owner.use(changed)
        assert owner.value(1, NOTE) == b""
    here.device.close()
    settings = {"security_suite": 1}
    device = meter(here.keys, Database(tmp_path / "meter.sqlite"), settings=settings, anchors=(here.root.certificate,))
    assert opens(device, here.keys, security_suite=1) is not proved
    assert opens(device, changed, security_suite=1)
    assert not opens(device, here.keys, security_suite=1)
    device.close()


def _swapped(sent: dict[int, bytes]) -> dict[int, bytes]:
    return {0: sent[2], 2: sent[0]}


SPOILED: list[tuple[str, Any]] = [
    ("signed for another key id", _swapped),
    ("no signature", lambda sent: {number: octets[:64] for number, octets in sent.items()}),
    ("one octet more", lambda sent: {number: octets + b"\x00" for number, octets in sent.items()}),
    ("nothing", lambda sent: dict.fromkeys(sent, b"")),
    ("a point that is not on the curve", lambda sent: sent | {2: b"\x01" * 64 + sent[2][64:]}),
    ("the signature changed", lambda sent: sent | {2: sent[2][:-1] + bytes((sent[2][-1] ^ 1,))}),
]


@pytest.mark.case("R-061")
@pytest.mark.parametrize(("what", "spoil"), SPOILED, ids=[what for what, _ in SPOILED])
def test_what_the_client_did_not_sign_changes_nothing(what: str, spoil: Any) -> None:
    here = personalise(1)
    owner = here.owner().at(100).open()
    before = here.device[1].clients[1].keys.state
    assert here.agree(owner, KeyRole.GUEK, KeyRole.GAK, spoil=spoil)[0] == REFUSED
    assert here.device[1].clients[1].keys.state is before
    assert owner.value(1, NOTE) == b""


@pytest.mark.case("R-061")
def test_a_signed_point_off_the_curve_is_refused() -> None:
    here = personalise(1)
    owner = here.owner().at(100).open()
    off = bytes(31) + b"\x05" + bytes(31) + b"\x01"
    assert here.agree(owner, KeyRole.GUEK, spoil=lambda sent: {0: off + here.signer.sign(b"\x00" + off)})[0] == REFUSED


def test_suite_0_has_no_key_agreement() -> None:
    keys = fresh_keys()
    owner = Owner(meter(keys), keys).open()
    for number, parameter in ((3, [(0, bytes(128))]), (4, 0), (5, 0), (6, b"x")):
        data = owner_parameter(number, parameter)
        assert owner.call(number, data).result == REFUSED, number


def owner_parameter(number: int, parameter: Any) -> Data:
    from dlmskit.cosem.classes.security_setup import SecuritySetup

    return SecuritySetup.methods[number].parameter_kind.encode(parameter)


def test_a_stranger_without_a_certificate_agrees_on_nothing() -> None:
    from dlmskit.types.system_title import SystemTitle

    here = personalise(1)
    owner = here.owner(title=SystemTitle("4845530000000002")).open()
    assert here.agree(owner, KeyRole.GUEK)[0] == REFUSED
    with pytest.raises(DlmsError):
        here.owner(fresh_keys(1)).open()
