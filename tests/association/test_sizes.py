"""PDU size arithmetic against the encoders and the protection it speaks about."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.association.sizes import NO_LIMIT, content_room, plain_room, send_limit
from dlmskit.codec.reader import write_length
from dlmskit.security.control import SecurityControl
from dlmskit.security.envelope import Form
from dlmskit.security.protection import protect
from tests.security.parties import LENIENT, party


@given(st.integers(0, 70_000))
def test_content_room_is_the_most_that_fits(room: int) -> None:
    content = content_room(room)
    assert content == 0 or len(write_length(content)) + content <= room
    assert len(write_length(content + 1)) + content + 1 > room


@pytest.mark.parametrize(("own", "peer", "limit"), [(0, 0, NO_LIMIT), (500, 0, 500), (0, 500, 500), (500, 300, 300)])
def test_send_limit(own: int, peer: int, limit: int) -> None:
    assert send_limit(own, peer) == limit


@pytest.mark.parametrize("form", [Form.GLO, Form.GENERAL_GLO])
@pytest.mark.parametrize("octet", [0x10, 0x30])
@pytest.mark.parametrize("limit", [40, 60, 128, 147, 148, 149, 150, 151, 158, 159, 160, 255, 256, 275, 276, 300, 1000])
def test_plain_room_is_the_most_that_fits_when_it_is_protected(form: Form, octet: int, limit: int) -> None:
    client = party(rules=LENIENT)
    control = SecurityControl(octet)
    room = plain_room(limit, form, control)
    assert len(protect(b"\xc0" + bytes(room - 1), client, form, control)) <= limit
    assert len(protect(b"\xc0" + bytes(room), client, form, control)) > limit
    assert plain_room(limit, None, None) == limit
