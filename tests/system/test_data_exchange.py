"""What somebody in the middle of a real connection reads and changes, protection by protection (requirements A-2 and A-5)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

import dlmskit
from dlmskit.apps.simulator.serving import Served
from dlmskit.client.plan import WeakSecurityWarning
from dlmskit.codec.data import Data
from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from dlmskit.security.keys import KeySet, Secret
from tests.system.lab import NOTE, PASSWORD, client, meter, plain_role_text, role_text
from tests.system.middle import Middle, Touch, untouched

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.filterwarnings(f"ignore::{WeakSecurityWarning.__module__}.{WeakSecurityWarning.__name__}"),
]

LLS, CLEAR, AUTHENTICATED, ENCRYPTED, BOTH, LLS_CIPHERED = range(20, 26)
TRUE, FALSE = b"credit 0000010", b"credit 9999910"
PLAIN: dict[str, Any] = {"context": "plain", "allow_weak": True}


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    """A meter that its owner has left open in every way there is."""
    roles = (
        plain_role_text("password", LLS, "lls")
        + plain_role_text("in clear", CLEAR, "hls-gmac")
        + role_text("authenticated", AUTHENTICATED, words=("authenticated",))
        + role_text("encrypted", ENCRYPTED, words=("encrypted",))
        + role_text("both", BOTH, words=("authenticated", "encrypted"))
        + role_text("password, ciphered", LLS_CIPHERED, words=("authenticated", "encrypted"), mechanism="lls").replace(
            'mechanism = "lls"', f'mechanism = "lls"\npassword = "{PASSWORD}"'
        )
    )
    async with meter(tmp_path_factory.mktemp("exchange"), 0, roles) as served:
        yield served


def shift(apdu: bytes) -> tuple[bytes]:
    """Another amount where the true one lies in clear."""
    return (apdu.replace(TRUE, FALSE),)


def turn(apdu: bytes) -> tuple[bytes]:
    """Turn those bits in which the amounts differ where the true one lies encrypted: at the end of the APDU, without a tag."""
    mask = bytes(len(apdu) - len(TRUE)) + bytes(one ^ other for one, other in zip(TRUE, FALSE, strict=True))
    return (bytes(octet ^ bits for octet, bits in zip(apdu, mask, strict=True)),) if apdu[0] in {0xC9, 0xCC} else (apdu,)


def turn_before_the_tag(apdu: bytes) -> tuple[bytes]:
    """The same where a tag of 12 octets stands behind."""
    return (turn(apdu[:-12])[0] + apdu[-12:],)


def held(running: Served) -> Any:
    """What the meter holds."""
    return running.meter.device[1].tree.get(1, dlmskit.Obis(NOTE)).value  # type: ignore[attr-defined]


async def write(there: Any) -> None:
    await there.write(NOTE, 2, Data.octet_string(TRUE))


@pytest.mark.parametrize("sap", [LLS, LLS_CIPHERED])
async def test_a_password_is_sniffed(running: Served, sap: int) -> None:
    """It crosses the line as it is, in a ciphered context too, and opens the meter to whoever listened."""
    words: dict[str, Any] = {"mechanism": "lls", "allow_weak": True} | (PLAIN if sap == LLS else {})
    async with Middle(running.url) as middle, client(middle.url, running, sap, **words):
        pass
    sniffed = middle.of("client")[0].partition(PASSWORD.encode())
    assert sniffed[1] == PASSWORD.encode()
    keys = KeySet(lls_password=Secret(sniffed[1]))
    if sap == LLS:
        async with dlmskit.connect(f"{running.url}?client={LLS}", keys=keys, mechanism="lls", **PLAIN) as attacker:
            await attacker.read(NOTE)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ({"mechanism": "lls"}, "LLS sends the password in clear"),
        ({"context": "plain"}, "values travel in clear and can be changed"),
        ({"protection": "authenticated"}, "not both authenticated and encrypted"),
        ({"protection": "encrypted"}, "not both authenticated and encrypted"),
        ({"protection": "none"}, "not both authenticated and encrypted"),
        ({"mechanism": "hls-md5"}, "hls-md5 can be broken"),
        ({"mechanism": "hls-sha1"}, "hls-sha1 can be broken"),
    ],
)
async def test_without_the_word_nothing_is_sent(running: Served, words: dict[str, Any], why: str) -> None:
    async with Middle(running.url) as middle:
        with pytest.raises(ConfigError, match=why):
            client(middle.url, running, CLEAR, **words)
        assert not middle.seen


async def test_in_clear_all_is_read_and_changed(running: Served) -> None:
    async with Middle(running.url) as middle, client(middle.url, running, CLEAR, **PLAIN) as there:
        middle.requests = shift
        await write(there)
        assert held(running) == FALSE, "the meter holds what the attacker wrote"
        assert any(TRUE in apdu for apdu in middle.of("client"))
        await _back(running, middle, there)
        middle.responses = shift
        assert await there.read(NOTE) == FALSE
        assert TRUE in middle.of("server")[-1]


async def _back(running: Served, middle: Middle, there: Any) -> None:
    middle.requests = untouched
    await write(there)
    assert held(running) == TRUE


async def changes_are_seen(running: Served, middle: Middle, there: Any, change: Touch) -> None:
    """By the meter in a request, by the client in a response; the association lives on."""
    middle.requests = change
    with pytest.raises(dlmskit.DlmsError):
        await there.write(NOTE, 2, Data.octet_string(TRUE))
    assert held(running) == TRUE
    middle.requests, middle.responses = untouched, change
    with pytest.raises(SecurityError) as caught:
        await there.read(NOTE)
    assert caught.value.reason is SecurityReason.DECIPHERING_FAILED
    middle.responses = untouched
    assert await there.read(NOTE) == TRUE


async def test_authentication_alone_hides_nothing(running: Served) -> None:
    """The content is there to read; a change is seen by whoever receives it."""
    words: dict[str, Any] = {"protection": "authenticated", "allow_weak": True}
    async with Middle(running.url) as middle, client(middle.url, running, AUTHENTICATED, **words) as there:
        await write(there)
        assert any(TRUE in apdu for apdu in middle.of("client"))
        await changes_are_seen(running, middle, there, shift)
        assert TRUE in middle.of("server")[-1]


async def test_encryption_alone_is_changed_unseen(running: Served) -> None:
    """Who knows or guesses what is written writes what he likes, without a key: GCM without its tag is a stream of bits."""
    words: dict[str, Any] = {"protection": "encrypted", "allow_weak": True}
    async with Middle(running.url) as middle, client(middle.url, running, ENCRYPTED, **words) as there:
        middle.requests = turn
        await write(there)
        assert held(running) == FALSE
        await _back(running, middle, there)
        middle.responses = turn
        assert await there.read(NOTE) == FALSE
        assert not any(TRUE in apdu for _, apdu in middle.seen), "nothing was to be read"


async def test_authenticated_encryption_stops_both(running: Served) -> None:
    """No word of security but the key file."""
    async with Middle(running.url) as middle, client(middle.url, running, BOTH) as there:
        await write(there)
        await changes_are_seen(running, middle, there, turn_before_the_tag)
        assert not any(TRUE in apdu or FALSE in apdu for _, apdu in middle.seen)
