"""Over a medium that loses and doubles: what comes again is answered again, and executed once (transports, 3)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from dlmskit.apdu import GetRequestNormal, SetRequestNormal, SetResponseNormal
from dlmskit.association import AssociationSettings
from dlmskit.codec.data import Data
from dlmskit.errors import OutcomeUnknown, TransportTimeout
from dlmskit.security.envelope import Form
from dlmskit.security.policy import SecurityPolicy
from dlmskit.security.protection import protect
from tests.association.peers import CIPHERED, GUARDED, PLAIN, VALUE, Pair, drive

SET = SetRequestNormal(0xC5, VALUE, None, Data.unsigned(9)).encode()
DONE = SetResponseNormal(0xC5, 0).encode()


def opened(settings: AssociationSettings, **given: Any) -> Pair:
    pair = Pair(settings, reliable=False, **given)
    pair.run(pair.client.associate())
    return pair


def test_a_doubled_write_in_clear() -> None:
    pair = opened(PLAIN)
    assert [pair.server.receive(SET) for _ in range(3)] == [(DONE,)] * 3
    assert pair.meter.effects == 1
    pair.clock.now += 10.5
    assert pair.server.receive(SET) == (DONE,)
    assert pair.meter.effects == 2, "after so long it is another request"


def test_a_late_copy_is_not_answered() -> None:
    pair = opened(PLAIN)
    pair.server.receive(SET)
    pair.server.receive(SetRequestNormal(0xC6, VALUE, None, Data.unsigned(10)).encode())
    assert pair.server.receive(SET) == ()
    assert pair.meter.value == Data.unsigned(10)


def test_reads_are_served_anew() -> None:
    pair = opened(PLAIN)
    get = GetRequestNormal(0xC1, VALUE, None).encode()
    (first,) = pair.server.receive(get)
    pair.meter.value = Data.unsigned(77)
    (second,) = pair.server.receive(get)
    assert first != second


def test_a_ciphered_request_doubled_and_repeated() -> None:
    """The copy gets the same octets; the repetition under a new counter the same answer, newly ciphered."""
    pair = opened(CIPHERED)
    security = pair.client.security
    assert security is not None
    request = protect(SET, security, Form.GLO)
    (answer,) = pair.server.receive(request)
    assert pair.server.receive(request) == (answer,)
    (again,) = pair.server.receive(protect(SET, security, Form.GLO))
    assert again != answer
    assert pair.client._core.open(again, security).plain == DONE
    assert pair.meter.effects == 1


def test_an_overtaken_request_is_not_answered_with_a_counter() -> None:
    """An exception-response to it would pass for the answer to the next request."""
    pair = opened(CIPHERED)
    security = pair.client.security
    assert security is not None
    earlier, later = (protect(GetRequestNormal(0xC1, VALUE, None).encode(), security, Form.GLO) for _ in range(2))
    assert pair.server.receive(later)
    assert pair.server.receive(earlier) == ()


def test_nothing_is_told_under_less_protection() -> None:
    """A right demands authentication: the stored answer is for whoever had it."""
    settings = replace(CIPHERED, security_policy=SecurityPolicy.NOTHING)
    pair = opened(settings)
    security = pair.client.security
    assert security is not None
    guarded = SetRequestNormal(0xC5, GUARDED, None, Data.unsigned(9)).encode()
    assert pair.server.receive(protect(guarded, security, Form.GLO))
    (answer,) = pair.server.receive(guarded)
    assert answer != DONE
    assert pair.meter.effects == 1


def test_nothing_survives_the_association() -> None:
    """The AARQ of the public client is the same every time; and what was done for one client is not told to the next."""
    pair = opened(PLAIN)
    aarq = pair.sent[0]
    assert pair.server.receive(aarq) == (pair.received[0],), "the AARE was lost, and the AARQ came again"
    pair.server.receive(SET)
    pair.run(pair.client.release())
    assert pair.server.receive(aarq)
    assert pair.server.state.value == "associated"
    assert pair.server.receive(SET) == (DONE,)
    assert pair.meter.effects == 2


@pytest.mark.parametrize("settings", [PLAIN, CIPHERED], ids=["clear", "ciphered"])
def test_associating_through_losses(settings: AssociationSettings) -> None:
    """AARQ and pass 3 are repeated as they are, and answered as before."""
    pair = Pair(replace(settings, retries=3), reliable=False)
    seen: dict[bytes, int] = {}

    def losing(octets: bytes) -> list[bytes]:
        seen[octets] = seen.get(octets, 0) + 1
        answers = pair.serve(octets)
        return answers if seen[octets] > 1 else []

    drive(pair.client.associate(), losing)
    assert set(seen.values()) == {2}
    pair.still_works()


def test_our_client_does_not_repeat_a_write_that_no_blocks_carry() -> None:
    pair = opened(replace(PLAIN, retries=5))
    sent: list[bytes] = []

    def nobody_answers(octets: bytes) -> list[bytes]:
        sent.append(octets)
        return []

    with pytest.raises(OutcomeUnknown) as doubt:
        drive(pair.client.set(VALUE, Data.unsigned(3)), nobody_answers)
    assert isinstance(doubt.value, TransportTimeout)
    assert len(sent) == 1
