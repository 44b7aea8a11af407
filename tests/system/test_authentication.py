"""Authentication on real sockets: what a failure shows to the peer and to the local log, and how a client meets a false meter.

To the peer every failure looks alike, octet by octet; the log of the meter has the reason, the port and the number of attempts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from dlmskit.apdu import Aare, Aarq, ActionRequestNormal, application_context_name, mechanism_name
from dlmskit.apps.simulator.serving import Served
from dlmskit.association.ports import EventCode
from dlmskit.client.key_file import read_key_file
from dlmskit.client.plan import WeakSecurityWarning
from dlmskit.codec.ber import AuthenticationValue
from dlmskit.codec.data import Data
from dlmskit.errors import DlmsError, SecurityError, SecurityReason
from dlmskit.security.vault_tables import tables_from_vault, vault_from_tables
from tests.system.attackers import Line
from tests.system.lab import (
    CIPHERED,
    MECHANISMS,
    NOTE,
    PASSWORD,
    PLAIN,
    TITLE,
    client,
    every_mechanism,
    meter,
    plain_role_text,
    role_text,
)
from tests.system.middle import Middle

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings(f"ignore::{WeakSecurityWarning.__module__}.{WeakSecurityWarning.__name__}"),
]

LLS, ALONE = 19, 40
"""Client SAPs beside those of `every_mechanism`."""
ACTION_REQUEST = 0xC3


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    alone = role_text("one at a time", ALONE, words=("authenticated", "encrypted"))
    roles = (
        every_mechanism()
        + plain_role_text("password", LLS, "lls")
        + alone.replace("most_associations = 8", "most_associations = 1")
    )
    async with meter(tmp_path_factory.mktemp("authentication"), 1, roles) as served:
        yield served


def logged(running: Served, sap: int, code: EventCode = EventCode.AUTHENTICATION_FAILED) -> list[Any]:
    return [entry for entry in running.meter.device.log if (entry.code, entry.client_sap) == (code, sap)]


def with_other(running: Served, **values: str) -> Any:
    """The keys of the meter, some of them changed."""
    assert running.key_file is not None
    tables = tables_from_vault(read_key_file(running.key_file))
    tables[str(TITLE)] |= values
    return vault_from_tables(tables)


# --- The meter, and who cannot prove himself ---

Spoil = Callable[[bytes], Data | None]
SPOILT: dict[str, Spoil] = {
    "first octet changed": lambda right: Data.octet_string(bytes((right[0] ^ 1,)) + right[1:]),
    "last octet changed": lambda right: Data.octet_string(right[:-1] + bytes((right[-1] ^ 1,))),
    "cut": lambda right: Data.octet_string(right[:-1]),
    "too long": lambda right: Data.octet_string(right + b"\0"),
    "empty": lambda right: Data.octet_string(b""),
    "zeros": lambda right: Data.octet_string(bytes(len(right))),
    "another type": lambda right: Data.visible_string("a" * len(right)),
    "nothing": lambda right: None,
}


@pytest.mark.case("R-039")
@pytest.mark.parametrize("mechanism", MECHANISMS)
async def test_every_wrong_pass_3_looks_alike(running: Served, mechanism: int) -> None:
    """One answer for all; and behind it the association is gone, the right answer comes too late."""
    sap, answers = PLAIN + mechanism, set()
    words: dict[str, Any] = {"mechanism": mechanism, "context": "plain", "allow_weak": True}
    before = sum(entry.times for entry in logged(running, sap))
    for spoil in SPOILT.values():
        async with Middle(running.url) as middle:
            middle.requests = partial(_with_spoilt, spoil)
            with pytest.raises(DlmsError):
                async with client(middle.url, running, sap, **words):
                    pass
            answers.add(middle.of("server")[1])
    assert len(answers) == 1
    assert sum(entry.times for entry in logged(running, sap)) - before == len(SPOILT)
    async with client(running.url, running, sap, **words) as there:
        await there.read(NOTE)


def _with_spoilt(spoil: Spoil, apdu: bytes) -> Sequence[bytes]:
    return (_spoilt(apdu, spoil), apdu) if apdu[0] == ACTION_REQUEST else (apdu,)


def _spoilt(apdu: bytes, spoil: Spoil) -> bytes:
    request = ActionRequestNormal.decode(apdu)
    right = request.method_invocation_parameters
    assert right is not None
    return msgspec.structs.replace(request, method_invocation_parameters=spoil(right.value)).encode()


@pytest.mark.parametrize("mechanism", [3, 4, 6])
async def test_a_wrong_secret_is_a_wrong_answer(running: Served, mechanism: int) -> None:
    """Ciphered: the two answers have one length, and the client is told the same."""
    told = set()
    for secret in (bytes(32), b"\xff" * 32):
        async with Middle(running.url) as middle:
            with pytest.raises(SecurityError) as caught:
                async with client(
                    middle.url,
                    running,
                    CIPHERED + mechanism,
                    mechanism=mechanism,
                    allow_weak=True,
                    keys=with_other(running, hls_secret_hex=secret.hex()),
                ):
                    pass
            told.add((str(caught.value), len(middle.of("server")[1])))
    assert len(told) == 1


@pytest.mark.case("R-026")
async def test_every_unreadable_proposal_looks_alike(running: Served) -> None:
    """Another encryption key, another authentication key, less protection, another suite, a changed octet: one AARE for all."""
    sap, answers, other = CIPHERED + 5, set(), "0f" * 16
    before = len(logged(running, sap))
    cases: list[dict[str, Any]] = [
        {"keys": with_other(running, guek=other)},
        {"keys": with_other(running, gak=other)},
        {"keys": with_other(running, guek=other, gak=other)},
        {"protection": "authenticated", "allow_weak": True},
        {"protection": "encrypted", "allow_weak": True},
        {"protection": "none", "allow_weak": True},
        {"suite": 0},
        {},
    ]
    for words in cases:
        async with Middle(running.url) as middle:
            if not words:
                middle.requests = lambda apdu: (apdu[:-1] + bytes((apdu[-1] ^ 1,)),)
            with pytest.raises(DlmsError):
                async with client(middle.url, running, sap, invocation_counter=100_000, **words):
                    pass
            answers.add(middle.of("server")[0])
    assert len(answers) == 1
    reasons = {entry.reason for entry in logged(running, sap)[before:]}
    assert {SecurityReason.DECIPHERING_FAILED, SecurityReason.PROTECTION_TOO_WEAK, SecurityReason.SUITE_MISMATCH} <= reasons


@pytest.mark.case("R-040")
async def test_guessing_a_password(running: Served) -> None:
    """A thousand attempts and the right password with something more or less: one answer, counted, and the meter lives."""
    right = PASSWORD.encode()
    guesses = [b"%08d" % number for number in range(1000)]
    guesses += [b"", right + b"\0", right[:-1], b"\0" + right, right + b" ", right.upper(), right * 2]
    before = sum(entry.times for entry in logged(running, LLS))
    line = await Line.to(running.url, LLS)
    answers = {await line.ask(_with_password(guess)) for guess in guesses}
    assert len(answers) == 1
    assert Aare.decode(answers.pop()).result == 1
    assert sum(entry.times for entry in logged(running, LLS)) - before == len(guesses)
    assert all(right not in str(entry.to_json()).encode() for entry in logged(running, LLS))
    assert Aare.decode(await line.ask(_with_password(right))).result == 0
    line.close()


def _with_password(password: bytes) -> bytes:
    return Aarq(
        application_context_name=application_context_name(1),
        sender_acse_requirements=b"\x07\x80",
        mechanism_name=mechanism_name(1),
        calling_authentication_value=AuthenticationValue(password),
        user_information=bytes.fromhex("01000000065F1F0400007E1FFFFF"),
    ).encode()


@pytest.mark.case("R-034")
async def test_a_client_is_there_once(running: Served) -> None:
    """The same client, with the same system title, from another port: refused, both ports in the log; the first one goes on."""
    async with client(running.url, running, ALONE) as one:
        await one.read(NOTE)
        with pytest.raises(DlmsError):
            async with client(running.url, running, ALONE):
                pass
        entry = logged(running, ALONE, EventCode.AARQ_REFUSED)[-1]
        first = running.meter.device[1].clients[ALONE].ports
        assert len(first) == 1
        assert first[0] in entry.detail
        assert entry.port not in first
        await one.read(NOTE)
    async with client(running.url, running, ALONE) as again:
        await again.read(NOTE)


# --- The client, and a meter that is none ---


def _reflecting(aare: Aare, challenge: bytes) -> Aare:
    return msgspec.structs.replace(aare, responding_authentication_value=AuthenticationValue(challenge))


FALSE: dict[str, tuple[Callable[[Aare, bytes], Aare], str]] = {
    "the client's own challenge": (_reflecting, "R-031"),
    "a challenge of 7 octets": (lambda aare, _: _reflecting(aare, bytes(range(7))), "R-036"),
    "a challenge of 65 octets": (lambda aare, _: _reflecting(aare, bytes(range(65))), "R-036"),
    "a constant challenge": (lambda aare, _: _reflecting(aare, b"\x55" * 32), "R-036"),
    "no challenge": (lambda aare, _: msgspec.structs.replace(aare, responding_authentication_value=None), "R-028"),
    "another mechanism": (lambda aare, _: msgspec.structs.replace(aare, mechanism_name=mechanism_name(1)), "R-028"),
    "another HLS mechanism": (lambda aare, _: msgspec.structs.replace(aare, mechanism_name=mechanism_name(3)), "R-028"),
    "another context": (
        lambda aare, _: msgspec.structs.replace(aare, application_context_name=application_context_name(1)),
        "R-028",
    ),
    "another title": (lambda aare, _: msgspec.structs.replace(aare, responding_ap_title=b"LAB00000"), "R-032"),
}


@pytest.mark.parametrize(
    "what", [pytest.param(what, marks=pytest.mark.case(case)) for what, (_, case) in FALSE.items()], ids=list(FALSE)
)
async def test_a_false_grant_is_not_answered(running: Served, what: str) -> None:
    """No pass 3 and no request leaves the client: it has said nothing but its AARQ."""
    change = FALSE[what][0]
    async with Middle(running.url) as middle:

        def false(apdu: bytes) -> tuple[bytes]:
            challenge = Aarq.decode(middle.of("client")[0]).calling_authentication_value
            assert challenge is not None
            return (change(Aare.decode(apdu), challenge.octets).encode(),) if apdu[0] == 0x61 else (apdu,)

        middle.responses = false
        with pytest.raises(DlmsError):
            async with client(middle.url, running, CIPHERED + 5):
                pass
        ours = [apdu for apdu in middle.of("client") if apdu[0] in {0xC3, 0xCB, 0xC0, 0xC8}]
        assert not ours
    async with client(running.url, running, CIPHERED + 5) as there:
        await there.read(NOTE)


async def test_challenges_are_long_and_never_the_same(running: Served) -> None:
    """Of both sides, over fifty associations: 32 octets, all different."""
    async with Middle(running.url) as middle:
        for _ in range(50):
            async with client(middle.url, running, CIPHERED + 5):
                pass
        values = [Aarq.decode(apdu).calling_authentication_value for apdu in middle.of("client") if apdu[0] == 0x60]
        values += [Aare.decode(apdu).responding_authentication_value for apdu in middle.of("server") if apdu[0] == 0x61]
    drawn = [value.octets for value in values if value is not None]
    assert len(set(drawn)) == len(drawn) == 100
    assert {len(one) for one in drawn} == {32}
