"""Form x suite x protection on real sockets: client and meter use each other, and every octet that passes is changed on the way.

What is changed in a request has no effect, and what is changed in a response gives no value: not one octet of a protected APDU is
free, its length and tag included. The association survives all of it. Encryption alone is the exception that the concept makes:
there a changed octet may go through, and the test shows that it does.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import product
from typing import Any

import pytest

from dlmskit.apdu import Aare, Aarq, GeneralCiphering
from dlmskit.apps.simulator.serving import Served
from dlmskit.client.aio import Meter
from dlmskit.client.plan import WeakSecurityWarning
from dlmskit.codec.data import Data
from dlmskit.errors import DlmsError
from dlmskit.security.envelope import GENERAL_CIPHERING, PROTECTED_TAGS
from dlmskit.server.handler import ObjectHandler
from tests.system.conftest import MeterOf
from tests.system.lab import COUNTER, NOTE, POLICIES, SAPS, client, policy_of
from tests.system.middle import Middle, untouched

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings(f"ignore::{WeakSecurityWarning.__module__}.{WeakSecurityWarning.__name__}"),
]

FORMS: dict[str, tuple[dict[str, Any], int, int]] = {
    "glo": ({}, 0xC9, 0xCC),
    "ded": ({"dedicated": True}, 0xD1, 0xD4),
    "general-glo": ({"wrapping": "general-glo"}, 0xDB, 0xDB),
    "general-ded": ({"wrapping": "general-glo", "dedicated": True}, 0xDC, 0xDC),
    "general-ciphering identified key": ({"wrapping": "general-ciphering"}, 0xDD, 0xDD),
    "general-ciphering wrapped key": ({"wrapping": "general-ciphering", "general_key": "wrapped"}, 0xDD, 0xDD),
    "general-ciphering one-pass key": ({"wrapping": "general-ciphering", "general_key": "one-pass"}, 0xDD, 0xDD),
    "general-ciphering static-unified key": ({"wrapping": "general-ciphering", "general_key": "static-unified"}, 0xDD, 0xDD),
}
"""The words for each form, and the tags of a SET request and a GET response in it."""
AGREED = ("general-ciphering one-pass key", "general-ciphering static-unified key")
SIGNING = 0xDF
AARQ, AARE = 0x60, 0x61
REFUSALS = frozenset((0xD8, 0x0E))
"""exception-response and confirmed service error."""
DROPPED = 5
"""Octets whose change makes no answer of an answer: its tag, and its invocation counter."""
SYMMETRIC = [protection for protection in POLICIES if POLICIES[protection]]
OLD, NEW, LONG = b"old", b"new", b"every meter says the same again " * 4


class Calls(list[str]):
    """What reached the objects of the meter."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for service in ("get", "set", "action"):
            monkeypatch.setattr(ObjectHandler, service, self._noting(service, getattr(ObjectHandler, service)))

    def _noting(self, service: str, serve: Any) -> Any:
        def noted(*given: Any) -> Any:
            self.append(service)
            return serve(*given)

        return noted


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Calls:
    caplog.set_level(logging.CRITICAL, "dlmskit")  # thousands of refusals
    return Calls(monkeypatch)


def changed(octets: bytes, at: int) -> bytes:
    """One bit of one octet the other way round; not always the same bit."""
    return octets[:at] + bytes((octets[at] ^ 1 << at % 8,)) + octets[at + 1 :]


class Tamperer:
    """Changes what passes, octet by octet, and looks at what comes of it.

    ``content_alone``: leave the header of general-ciphering as it is, where encryption alone is around a signature.
    Nothing covers that header then; what is signed inside is safe.
    """

    def __init__(self, middle: Middle, calls: Calls, *, content_alone: bool = False) -> None:
        self.middle = middle
        self.calls = calls
        self.content_alone = content_alone
        self.accepted = 0

    def span(self, apdu: bytes) -> range:
        """The octets that are changed."""
        bound = self.content_alone and apdu[0] == GENERAL_CIPHERING
        return range(len(apdu) - len(GeneralCiphering.decode(apdu).ciphered_content) if bound else 0, len(apdu))

    def open(self) -> None:
        """For the AARQ to come: first with every octet of its protected proposal changed, then as it is."""
        self.middle.requests, self.middle.responses = self._proposals, self._decisions

    def _proposals(self, aarq: bytes) -> Sequence[bytes]:
        if aarq[0] != AARQ:
            return (aarq,)
        self.middle.requests = untouched
        proposal = Aarq.decode(aarq).user_information
        assert proposal is not None
        first = aarq.rindex(proposal)
        return (*(changed(aarq, first + at) for at in self.span(proposal)), aarq)

    def _decisions(self, aare: bytes) -> Sequence[bytes]:
        """What refuses, or is no AARE, was the answer to a forgery."""
        if aare[0] == AARE and Aare.decode(aare).result:
            return ()
        self.accepted += aare[0] == AARE
        return () if aare[0] in REFUSALS else (aare,)

    async def requests(self, there: Meter, value: bytes) -> None:
        """A SET, every octet of it changed, and then the genuine one: that one alone has an effect."""
        self.middle.requests, self.middle.responses = self._all_and_genuine, lambda apdu: () if apdu[0] in REFUSALS else (apdu,)
        before = len(self.middle.seen)
        self.calls.clear()
        await there.write(NOTE, 2, Data.octet_string(value))
        assert self.calls == ["set"]
        self.middle.responses = untouched
        assert await there.read(NOTE) == value
        answers = [apdu for side, apdu in self.middle.seen[before:] if side == "server"]
        assert sum(apdu[0] in PROTECTED_TAGS for apdu in answers) == 2, "the genuine SET and the GET behind it"
        assert sum(apdu[0] in REFUSALS for apdu in answers) == len(answers) - 2

    def _all_and_genuine(self, apdu: bytes) -> Sequence[bytes]:
        self.middle.requests = untouched
        return (*(changed(apdu, at) for at in self.span(apdu)), apdu)

    async def responses(self, there: Meter, value: bytes, every: int) -> None:
        """A GET for each octet of its answer: that octet changed comes first, the genuine answer behind it."""
        assert await there.read(NOTE) == value
        span = self.span(self.middle.of("server")[-1])[::every]
        dropped = 0
        for at in span:
            self.middle.responses = lambda apdu, at=at: (changed(apdu, min(at, len(apdu) - 1)), apdu)  # type: ignore[misc]
            try:
                found = await there.read(NOTE)
            except DlmsError:
                continue
            dropped += 1
            assert found == value, f"octet {at}"
        assert dropped <= DROPPED, "another tag, or a counter that was used before; all the others are refused"
        self.middle.responses = untouched


async def use(there: Meter) -> None:
    """Write, read back, invoke."""
    await there.write(NOTE, 2, Data.octet_string(OLD))
    assert await there.read(NOTE) == OLD
    await there.call(COUNTER, "reset", class_id=3)


def found_tags(middle: Middle) -> tuple[int, int]:
    """The first octets of the last SET request, and of the answer to the GET behind it."""
    return middle.of("client")[-3][0], middle.of("server")[-2][0]


async def cell(running: Served, calls: Calls, protection: str, signed: str, form: str, *, every: int = 1, **more: Any) -> None:
    """Everything about one cell. ``every``: how many octets of responses from one that is changed to the next."""
    free = not signed and protection == "encrypted"
    words, request, response = FORMS[form]
    words = {**words, **more, "protection": policy_of(protection), "allow_weak": True}
    async with Middle(running.url) as middle:
        tamperer = Tamperer(middle, calls, content_alone=(protection, signed) == ("encrypted", "inside"))
        if not free:
            tamperer.open()
        async with client(middle.url, running, SAPS[protection, bool(signed)], sign=signed or False, **words) as there:
            middle.responses = untouched
            assert free or tamperer.accepted == 1
            await use(there)
            outside = SIGNING if signed == "yes" else None
            assert found_tags(middle) == (outside or request, outside or response)
            if free:
                await flip_unseen(there, middle)
            else:
                value = LONG if more.get("compress") else NEW
                await tamperer.requests(there, value)
                await tamperer.responses(there, value, every)
            await use(there)


async def flip_unseen(there: Meter, middle: Middle) -> None:
    """Requirement A-5: under encryption alone a bit of the value is turned round on the way, and nobody notices."""
    middle.responses = lambda apdu: (changed(apdu, len(apdu) - 1),)
    found = await there.read(NOTE)
    flipped = 1 << (len(middle.of("server")[-1]) - 1) % 8
    assert found == OLD[:-1] + bytes((OLD[-1] ^ flipped,))
    middle.responses = untouched


@pytest.mark.case("R-045")
@pytest.mark.supports("{form} {protection}", "mechanism 5", suite="{suite}")
@pytest.mark.parametrize("protection", SYMMETRIC)
@pytest.mark.parametrize(("suite", "form"), [cell for cell in product((0, 1, 2), FORMS) if cell[0] or cell[1] not in AGREED])
async def test_ciphered(meter_of: MeterOf, calls: Calls, suite: int, form: str, protection: str) -> None:
    await cell(await meter_of(suite), calls, protection, "", form)


LAYERS = {"yes": "signature over ciphering", "inside": "ciphering over signature"}
SIGNED = [
    (suite, form, layers, protection)
    for suite, form, layers, protection in product((1, 2), FORMS, LAYERS.values(), SYMMETRIC)
    if form not in {"glo", "ded"} or layers == LAYERS["yes"]
]
THOROUGH = {(1, form, "authenticated+encrypted") for form in FORMS} | {
    (2, form, "authenticated+encrypted") for form in ("glo", "general-ciphering one-pass key")
}
"""Signed cells in which every octet of responses is changed here; in the others it is every eighth, and all of them in
`test_signed_thoroughly`. Of requests it is every octet in all of them."""


@pytest.mark.case("R-045")
@pytest.mark.supports("general-signing", "{layers}", suite="{suite}")
@pytest.mark.parametrize(("suite", "form", "layers", "protection"), SIGNED)
async def test_signed(meter_of: MeterOf, calls: Calls, suite: int, form: str, layers: str, protection: str) -> None:
    every = 1 if (suite, form, protection) in THOROUGH else 8
    await cell(await meter_of(suite), calls, protection, word_of(layers), form, every=every)


@pytest.mark.soak
@pytest.mark.parametrize(
    ("suite", "form", "layers", "protection"), [one for one in SIGNED if (one[0], one[1], one[3]) not in THOROUGH]
)
async def test_signed_thoroughly(meter_of: MeterOf, calls: Calls, suite: int, form: str, layers: str, protection: str) -> None:
    await cell(await meter_of(suite), calls, protection, word_of(layers), form)


def word_of(layers: str) -> str:
    """What ``sign`` is told for these layers."""
    return next(word for word, name in LAYERS.items() if name == layers)


@pytest.mark.supports("general-signing", suite="{suite}")
@pytest.mark.parametrize("suite", [1, 2])
async def test_signed_alone(meter_of: MeterOf, calls: Calls, suite: int) -> None:
    await cell(await meter_of(suite), calls, "nothing else", "yes", "glo")


@pytest.mark.parametrize(
    ("suite", "form"),
    [
        pytest.param(suite, form, marks=pytest.mark.supports(f"{form.split(' ')[0]} compressed", suite=suite))
        for suite, form in product((1, 2), FORMS)
        if form not in {"glo", "ded"}
    ],
)
async def test_compressed(meter_of: MeterOf, calls: Calls, suite: int, form: str) -> None:
    running = await meter_of(suite)
    await cell(running, calls, "authenticated+encrypted", "", form, compress=True)
