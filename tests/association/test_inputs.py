"""What is owed for each kind of APDU in each state: the tables are total, and hold the rows of the standard's tables."""

from __future__ import annotations

from itertools import product

import pytest

from dlmskit.apdu import decode_apdu
from dlmskit.association.inputs import (
    ANSWERS,
    ANSWERS_BY_OCTET,
    KINDS,
    SHORT_NAME_ANSWERS,
    SHORT_NAME_ANSWERS_BY_OCTET,
    TREATMENTS,
    TREATMENTS_BY_OCTET,
    Kind,
    Serve,
    Treatment,
)
from dlmskit.association.tables import STATES, Party, State

NO_ASSOCIATION = (State.INACTIVE, State.IDLE)
D8_01_02, D8_02_02, INITIATE_ERROR = "D80102", "D80202", "0E010302"

ROWS = [
    (NO_ASSOCIATION, (0x60,), Serve.OPEN),
    (NO_ASSOCIATION, (0x62,), ""),
    (NO_ASSOCIATION, (0xC0, 0xC1, 0xC3, 0xC8, 0xC9, 0xCB, 0xD0, 0xD1, 0xD3, 0xDB, 0xDC, 0xDD, 0xDF, 0xD9, 0xE0), D8_01_02),
    (NO_ASSOCIATION, (0x05, 0x06), INITIATE_ERROR),
    (NO_ASSOCIATION, (0x01, 0x21, 0x41), D8_01_02),
    ((State.HLS_PENDING,), (0xC3,), Serve.PLAIN),
    ((State.HLS_PENDING,), (0xCB, 0xD3, 0xDB, 0xDC, 0xDD, 0xDF), Serve.CIPHERED),
    ((State.HLS_PENDING,), (0xC0, 0xC1, 0xC8, 0xC9, 0xD9), D8_01_02),
    ((State.HLS_PENDING,), (0x62,), ""),
    ((State.ASSOCIATED,), (0xC0, 0xC1, 0xC3, 0xD9), Serve.PLAIN),
    ((State.ASSOCIATED,), (0xC8, 0xC9, 0xCB, 0xD0, 0xD1, 0xD3, 0xDB, 0xDC, 0xDD, 0xDF), Serve.CIPHERED),
    ((State.ASSOCIATED,), (0x05, 0x06, 0x01, 0x21, 0x41, 0xE6), D8_01_02),
    ((State.ASSOCIATED,), (0x99, 0xC6, 0xCE, 0xD6, 0xDE, 0x00, 0xFF), D8_02_02),
    ((State.ASSOCIATED,), (0x60,), Serve.OPEN),
    ((State.ASSOCIATED,), (0x62,), Serve.RELEASE),
    (STATES[Party.SERVER], (0x61, 0x63, 0xC4, 0xC5, 0xC7, 0xCC, 0xD4, 0xDA, 0x0C, 0x0F, 0xC2, 0xD8, 0x0E, 0x16), ""),
]
"""Application layer, 7.5, by first octet."""


SHORT_NAME_ROWS: list[tuple[tuple[State, ...], tuple[int, ...], Serve | str]] = [
    (NO_ASSOCIATION, (0x60,), Serve.OPEN),
    (NO_ASSOCIATION, (0x05, 0x06, 0x25, 0x46), INITIATE_ERROR),
    (NO_ASSOCIATION, (0xC0, 0xC8, 0xD9, 0xDB, 0x99), D8_01_02),
    ((State.HLS_PENDING,), (0x05, 0x06), Serve.PLAIN),
    ((State.HLS_PENDING,), (0x25, 0x26, 0x45, 0x46, 0xDB, 0xDC, 0xDD, 0xDF), Serve.CIPHERED),
    ((State.HLS_PENDING,), (0xC3, 0xCB, 0xC0), D8_01_02),
    ((State.HLS_PENDING,), (0x62, 0x16, 0x36), ""),
    ((State.ASSOCIATED,), (0x05, 0x06, 0x16), Serve.PLAIN),
    ((State.ASSOCIATED,), (0x25, 0x26, 0x36, 0x45, 0x46, 0x56, 0xDB, 0xDC, 0xDD, 0xDF), Serve.CIPHERED),
    ((State.ASSOCIATED,), (0xC0, 0xC1, 0xC3, 0xC8, 0xCB, 0xD0, 0xD9, 0xE6, 0x01), D8_01_02),
    ((State.ASSOCIATED,), (0x99, 0xC6), D8_02_02),
    ((State.ASSOCIATED,), (0x60,), Serve.OPEN),
    ((State.ASSOCIATED,), (0x62,), Serve.RELEASE),
    (STATES[Party.SERVER], (0x61, 0x63, 0x0C, 0x0D, 0x2C, 0x0F, 0x18, 0x38, 0xC2, 0xC4, 0xDA, 0xD8, 0x0E), ""),
]
"""The same with short names: each way of referencing refuses the services of the other."""


@pytest.mark.parametrize(
    ("state", "octet", "answer"),
    [(state, octet, answer) for states, octets, answer in SHORT_NAME_ROWS for state, octet in product(states, octets)],
)
def test_rows_with_short_names(state: State, octet: int, answer: Serve | str) -> None:
    found = SHORT_NAME_ANSWERS_BY_OCTET[state][octet]
    assert found is answer if isinstance(answer, Serve) else found == bytes.fromhex(answer)


@pytest.mark.parametrize(
    ("state", "octet", "answer"),
    [(state, octet, answer) for states, octets, answer in ROWS for state, octet in product(states, octets)],
)
def test_rows_of_the_standard(state: State, octet: int, answer: Serve | str) -> None:
    found = ANSWERS_BY_OCTET[state][octet]
    assert found is answer if isinstance(answer, Serve) else found == bytes.fromhex(answer)


def test_the_server_has_an_answer_for_everything() -> None:
    for table, by_octet in ((ANSWERS, ANSWERS_BY_OCTET), (SHORT_NAME_ANSWERS, SHORT_NAME_ANSWERS_BY_OCTET)):
        assert set(table) == set(STATES[Party.SERVER])
        assert all(set(answers) == set(Kind) for answers in table.values())
        assert all(len(answers) == 256 for answers in by_octet.values())


def test_fixed_answers_are_whole_apdus() -> None:
    """And none says "service not allowed, operation not possible" without an association: the official case fails on that."""
    tables = [*ANSWERS.values(), *SHORT_NAME_ANSWERS.values()]
    fixed = {answer for answers in tables for answer in answers.values() if isinstance(answer, bytes) and answer}
    assert all(decode_apdu(answer).encode() == answer for answer in fixed)
    assert bytes.fromhex("D80101") not in fixed


def test_the_client_has_a_treatment_for_everything() -> None:
    assert set(TREATMENTS) == set(STATES[Party.CLIENT])
    assert all(set(treatments) == set(Kind) for treatments in TREATMENTS.values())
    assert all(len(treatments) == 256 for treatments in TREATMENTS_BY_OCTET.values())


@pytest.mark.case("R-043")
@pytest.mark.parametrize(
    ("octet", "states"),
    [
        (0x61, {State.ASSOCIATION_PENDING}),
        (0x63, {State.RELEASE_PENDING}),
        (0xC4, {State.HLS_PENDING, State.ASSOCIATED}),
        (0xCC, {State.HLS_PENDING, State.ASSOCIATED}),
        (0xC0, set()),
        (0xC8, set()),
        (0x60, set()),
        (0x62, set()),
        (0x99, set()),
    ],
)
def test_what_a_client_takes_as_an_answer(octet: int, states: set[State]) -> None:
    """AARE and RLRE only while they are waited for; a request of our own, sent back, never."""
    assert {state for state in State if TREATMENTS_BY_OCTET[state][octet] is Treatment.TAKE} == states


@pytest.mark.parametrize("octet", [0x0F, 0xC2])
def test_notifications_are_kept_whenever_there_is_a_connection(octet: int) -> None:
    states = {state for state in State if TREATMENTS_BY_OCTET[state][octet] is Treatment.NOTIFY}
    assert states == set(State) - {State.INACTIVE}


def test_kinds_of_tags_that_are_declared() -> None:
    """Every tag of the tables of the standard has a kind of its own; all the others are unknown."""
    known = {0x01, 0x05, 0x06, 0x08, 0x0C, 0x0D, 0x0E, 0x0F, 0x10, 0x16, 0x18, 0x60, 0x61, 0x62, 0x63, 0xE6, 0xE7}
    known |= {0x19, 0x1A, 0x1C, 0x1D, 0x1E, 0x1F} | {tag + step for tag in (1, 5, 6, 8, 12, 13, 14, 22, 24) for step in (32, 64)}
    known |= {tag + step for tag in (0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC5, 0xC7) for step in (0, 8, 16)}
    known |= {0xD8, 0xD9, 0xDA, 0xDB, 0xDC, 0xDD, 0xDF, 0xE0}
    assert {tag for tag in range(256) if KINDS[tag] is not Kind.UNKNOWN} == known
