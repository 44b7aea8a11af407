"""What an association needs of a key file is asked for before anything is dialled; our own entry is never taken for a meter's."""

from __future__ import annotations

from typing import Any

import pytest

from dlmskit.client.parties import OWN_ENTRY, own_entry_name
from dlmskit.client.plan import make_plan
from dlmskit.crypto.curves import P_256
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.errors import ConfigError, DlmsError, SecurityError, SecurityReason
from dlmskit.security.key_pairs import KeyPairs
from dlmskit.security.keys import Key, KeyRole, KeySet
from dlmskit.security.vault import KeyVault, VaultEntry
from dlmskit.types.enums import Mechanism
from dlmskit.types.system_title import SystemTitle

METER, OURS = SystemTitle("4D4D4D0000000001"), SystemTitle("4D4D4D0000BC614E")
KEYS = KeySet(guek=Key(bytes(range(16)), KeyRole.GUEK), gak=Key(bytes(range(50, 66)), KeyRole.GAK))
OWN = KeyPairs(signing_key=SigningKey.generate(P_256), agreement_key=AgreementKey.generate(P_256))
PUBLIC = KeyPairs(signing_public_key=SigningKey.generate(P_256).public, agreement_public_key=AgreementKey.generate(P_256).public)
ALL = KeyVault({OWN_ENTRY: VaultEntry(KeySet(), OURS, OWN), str(METER): VaultEntry(KEYS, None, PUBLIC)})
NO_PAIRS = KeyVault({str(METER): VaultEntry(KEYS)})


def plan(vault: KeyVault, **words: Any) -> Any:
    return make_plan("tcp://192.0.2.7:4059", vault, {"counters": "memory", **words})  # type: ignore[typeddict-item]


def test_our_title_and_both_parties_come_from_the_key_file() -> None:
    found = plan(ALL, suite=1, mechanism="hls-ecdsa", sign="yes")
    assert found.settings.mechanism is Mechanism.HLS_ECDSA
    assert (found.settings.client_system_title, found.settings.server_system_title) == (OURS, METER)
    assert found.foreign_title
    assert found.correspondence.identity.signing is OWN.signing_key
    assert found.correspondence.directory(METER).verification == PUBLIC.signing_public_key


@pytest.mark.parametrize(
    ("words", "missing"),
    [
        ({"suite": 1, "mechanism": 7}, "signing_key"),
        ({"suite": 1, "sign": True}, "signing_public_key of the meter"),
        ({"mechanism": 6}, "hls_secret"),
        ({"suite": 1, "wrapping": "general-ciphering", "general_key": "one-pass"}, "agreement_key"),
        ({"suite": 1, "wrapping": "general-ciphering", "general_key": "static-unified"}, "agreement_public_key of the meter"),
        ({"wrapping": "general-ciphering", "general_key": "wrapped"}, "kek"),
    ],
)
def test_what_is_missing_is_said(words: dict[str, Any], missing: str) -> None:
    with pytest.raises(SecurityError, match=missing) as caught:
        plan(NO_PAIRS, **words)
    assert caught.value.reason is SecurityReason.MISSING_KEY


@pytest.mark.parametrize("words", [{"sign": "yes"}, {"mechanism": 7}, {"compress": "yes", "wrapping": "general-glo"}])
def test_suite_0_has_none_of_it(words: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="suite"):
        plan(ALL, **words)


def test_words_that_are_none() -> None:
    for words in ({"sign": "perhaps"}, {"wrapping": "general"}, {"general_key": "guek"}):
        with pytest.raises(DlmsError, match="is expected"):
            plan(ALL, suite=1, **words)


def test_a_recipient_must_have_a_name() -> None:
    with pytest.raises(ConfigError, match="server_title"):
        plan(KeyVault({"default": VaultEntry(KEYS)}), wrapping="general-ciphering")


def test_which_entry_is_ours() -> None:
    assert own_entry_name(ALL, None) == OWN_ENTRY
    assert own_entry_name(ALL, METER) == str(METER)
    assert own_entry_name(NO_PAIRS, OURS) is None
