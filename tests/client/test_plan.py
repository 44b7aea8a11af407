"""What follows from words and keys: safe defaults, one meaning for URL and call, errors that say what to do."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dlmskit.association.ports import AssociationEvent, EventCode
from dlmskit.association.settings import Wrapping
from dlmskit.client.plan import Plan, WeakSecurityWarning, make_plan
from dlmskit.errors import ConfigError, DlmsError, SecurityError
from dlmskit.security.keys import Key, KeySet, Secret
from dlmskit.security.policy import STRONGEST_SYMMETRIC, SecurityPolicy
from dlmskit.security.vault_tables import vault_from_tables
from dlmskit.types.enums import ApplicationContext, Mechanism
from tests.client.small_meter import GAK, GUEK, KEYS, PASSWORD, TITLE

URL = "tcp://192.0.2.7:4059"
SECRET_TOO = replace(KEYS, hls_secret=Secret(bytes(range(16))))
PASSWORD_ONLY = KeySet(lls_password=Secret.from_text(PASSWORD))
LN, LN_CIPHERED = ApplicationContext.LN, ApplicationContext.LN_CIPHERED


def plan(url: str = URL, keys: Any = None, **words: Any) -> Plan:
    return make_plan(url, keys, {"counters": "memory", **words})  # type: ignore[typeddict-item]


@pytest.mark.parametrize(
    ("keys", "words", "client", "mechanism", "context"),
    [
        (None, {}, 16, Mechanism.LOWEST, LN),
        (KEYS, {}, 1, Mechanism.HLS_GMAC, LN_CIPHERED),
        (KEYS, {"client": 2}, 2, Mechanism.HLS_GMAC, LN_CIPHERED),
        (KEYS, {"client": 16}, 16, Mechanism.LOWEST, LN),
        (KEYS, {"mechanism": 0}, 1, Mechanism.LOWEST, LN_CIPHERED),
        (PASSWORD_ONLY, {"client": 32, "mechanism": "lls", "allow_weak": True}, 32, Mechanism.LLS, LN),
        (KEYS, {"mechanism": 5, "context": "plain", "allow_weak": "yes"}, 1, Mechanism.HLS_GMAC, LN),
    ],
)
@pytest.mark.filterwarnings("ignore::dlmskit.client.plan.WeakSecurityWarning")
def test_what_is_chosen(
    keys: KeySet | None, words: dict[str, Any], client: int, mechanism: Mechanism, context: ApplicationContext
) -> None:
    settings = plan(keys=keys, **words).settings
    assert (settings.client_sap, settings.mechanism, settings.application_context) == (client, mechanism, context)
    assert settings.security_policy == STRONGEST_SYMMETRIC


@pytest.mark.parametrize(
    ("keys", "words", "reason"),
    [
        (None, {"client": 1}, "values travel in clear"),
        (PASSWORD_ONLY, {"mechanism": "lls", "context": "plain"}, "LLS sends the password in clear"),
        (KEYS, {"mechanism": "lls"}, "LLS sends the password in clear"),
        (KEYS, {"context": "plain"}, "values travel in clear"),
        (KEYS, {"protection": "authenticated"}, "not both authenticated and encrypted"),
        (KEYS, {"protection": "encrypted"}, "not both authenticated and encrypted"),
        (KEYS, {"protection": "none"}, "not both authenticated and encrypted"),
        (SECRET_TOO, {"mechanism": 3}, "hls-md5 can be broken"),
        (SECRET_TOO, {"mechanism": 4}, "hls-sha1 can be broken"),
        (SECRET_TOO, {"mechanism": 2}, "hls-manufacturer can be broken"),
    ],
)
def test_weakness_is_a_decision_that_leaves_a_warning(keys: KeySet | None, words: dict[str, Any], reason: str) -> None:
    with warnings.catch_warnings(record=True) as quiet, pytest.raises(ConfigError, match=f"{reason}.*allow_weak=yes"):
        plan(keys=keys, **words)
    assert not quiet
    with pytest.warns(WeakSecurityWarning, match=reason):
        plan(keys=keys, **words, allow_weak=True)
    told: list[AssociationEvent] = []
    with pytest.warns(WeakSecurityWarning):
        make_plan(URL, keys, {"counters": "memory", "allow_weak": True, **words}, on_event=told.append)  # type: ignore[typeddict-item]
    assert [event.code for event in told] == [EventCode.WEAK_SECURITY], "the event log and the trace have it"
    assert reason in told[0].detail
    query = "&".join(f"{word}={value}" for word, value in {**words, "allow_weak": "yes"}.items())
    with pytest.warns(WeakSecurityWarning, match=reason):
        plan(f"{URL}?{query}", keys)


def test_the_safe_ways_warn_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        plan()
        plan(keys=KEYS, dedicated=True, wrapping="general-glo")


def test_the_same_words_in_url_and_call() -> None:
    text = (
        "client=2&server=17&mechanism=hls-gmac&context=ciphered&protection=authenticated-encrypted&wrapping=general-glo"
        "&dedicated=yes&suite=0&client_title=4D4D4D0000000001&server_title=4D4D4D0000BC614E&user=7&pdu=1024&timeout=2.5"
        "&retries=3&invocation_counter=99&counter_obis=0.0.43.1.1.255&check_counter=yes"
    )
    words: dict[str, Any] = dict(part.split("=") for part in text.split("&"))
    numbers = {name: int(words[name]) for name in ("client", "server", "suite", "user", "pdu", "retries", "invocation_counter")}
    typed = words | numbers | {"mechanism": 5, "timeout": 2.5, "dedicated": True, "check_counter": True, "server_title": TITLE}
    plans = [plan(f"{URL}?connect=3&{text}", KEYS), plan(f"{URL}?connect=3", KEYS, **typed)]
    assert plans[0] == plans[1]
    one = plans[0]
    assert one.transport_url(16) == f"{URL}?connect=3&client=16&server=17"
    assert one.settings.wrapping is Wrapping.GENERAL
    assert (one.settings.dedicated_key, one.settings.user_id, one.settings.max_pdu_size) == (True, 7, 1024)
    assert (one.settings.retries, one.limits.response_seconds, one.invocation_counter) == (3, 2.5, 99)
    assert (str(one.counter_obis), one.check_counter, one.foreign_title) == ("0.0.43.1.1.255", True, True)
    assert one.settings.server_system_title == TITLE
    assert one.settings.security_policy == SecurityPolicy(0x6C)


@pytest.mark.parametrize(
    ("url", "words", "message"),
    [
        (f"{URL}?client=1", {"client": 2}, "client is given twice"),
        (f"{URL}?client=1&client=1", {}, "'client' is given twice in the URL"),
        (f"{URL}?klient=1", {}, "'klient', which is not known; there are client, server, mechanism"),
        (URL, {"klient": 1}, "'klient' is not known"),
        (f"{URL}?client=0", {}, "client: a number 1 to 65535"),
        (f"{URL}?pdu=ten", {}, "pdu: a number is expected"),
        (f"{URL}?mechanism=gmac", {}, "mechanism: one of lowest, lls"),
        (f"{URL}?mechanism=9", {}, "mechanism: a number 0 to 7"),
        (f"{URL}?context=open", {}, "context: one of ciphered, plain"),
        (f"{URL}?dedicated=perhaps", {}, "dedicated: one of yes"),
        (f"{URL}?timeout=-1", {}, "timeout: seconds above 0"),
        (f"{URL}?timeout=nan", {}, "timeout: seconds above 0"),
        (f"{URL}?client_title=KFM", {}, "client_title: 16 hexadecimal digits"),
        (f"{URL}?counter_obis=1.2.3", {}, "counter_obis: not an OBIS code"),
        (f"{URL}?client", {}, "the query is not key=value"),
        (URL, {"dedicated": True}, "dedicated key needs an application context with ciphering"),
    ],
)
def test_words_that_make_no_sense(url: str, words: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        plan(url, **words)


@pytest.mark.parametrize("word", ["guek", "gak", "password", "keys", "lls_password"])
def test_secrets_are_no_words_and_are_not_repeated(word: str) -> None:
    for url, words in ((f"{URL}?{word}={GUEK}", {}), (URL, {word: GUEK})):
        with pytest.raises(ConfigError, match="give secrets with keys=") as raised:
            plan(url, **words)
        assert GUEK not in str(raised.value)


@pytest.mark.parametrize("misplaced", ["client_title", "server_title", "client", "mechanism", "pdu", "wrapping"])
def test_a_key_in_a_wrong_place_is_not_repeated(misplaced: str) -> None:
    with pytest.raises(DlmsError) as raised:
        plan(f"{URL}?{misplaced}={GUEK}", KEYS)
    assert GUEK not in str(raised.value)


@pytest.mark.parametrize(
    ("keys", "words", "missing"),
    [
        (PASSWORD_ONLY, {"mechanism": 5}, "mechanism 5 needs guek and gak"),
        (KeySet.from_hex(guek=GUEK), {}, "mechanism 5 needs gak"),
        (None, {"client": 1, "mechanism": 5}, "mechanism 5 needs guek and gak"),
        (None, {"client": 1, "context": "ciphered"}, "a ciphered context needs guek and gak"),
    ],
)
def test_missing_keys_are_named(keys: KeySet | None, words: dict[str, Any], missing: str) -> None:
    with pytest.raises(SecurityError, match=missing):
        plan(keys=keys, **words)


OTHER = "00" * 15 + "01"


def test_the_entry_of_a_vault() -> None:
    both = {"guek": GUEK, "gak": GAK}
    named = {"house": {**both, "system_title": str(TITLE)}, "garden": {"guek": OTHER, "gak": GAK}}
    vault = vault_from_tables(named)
    assert plan(keys=vault, server_title=str(TITLE)).keys.guek == KEYS.guek
    assert plan(keys=vault, entry="garden").keys.guek == Key.from_hex(OTHER)
    pinned = plan(keys=vault, entry="house")
    assert pinned.settings.server_system_title == TITLE, "the title of the file is demanded of the meter"
    with pytest.raises(ConfigError, match=r"2 entries: say which meter this is, with server_title=\.\.\. or entry="):
        plan(keys=vault)
    with pytest.raises(ConfigError, match="no entry 'cellar'"):
        plan(keys=vault, entry="cellar")
    assert plan(keys=vault_from_tables({"x": both})).keys.guek == KEYS.guek
    assert plan(keys=vault_from_tables({str(TITLE): both})).settings.server_system_title == TITLE
    assert plan(keys=vault_from_tables({**named, "default": both})).keys.guek == KEYS.guek
    with pytest.raises(SecurityError, match="not known, and there is no default"):
        plan(keys=vault, server_title="4D4D4D0000BC6FFF")


def test_a_key_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "meter.keys"
    file.write_text(f'storage = "plain"\n[keys.default]\nguek = "{GUEK}"\ngak = "{GAK}"\n')
    file.chmod(0o600)
    assert plan(keys=file).keys.guek == plan(keys=str(file)).keys.guek == KEYS.guek
