"""Vaults: keys found by title, by name or by default; tables that are not understood are refused without showing a value."""

from __future__ import annotations

import pytest

from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from dlmskit.security.keys import KeyRole
from dlmskit.security.vault import KeyVault
from dlmskit.security.vault_tables import tables_from_vault, vault_from_tables
from dlmskit.types.system_title import SystemTitle
from tests.security.parties import CLIENT, GAK, GUEK, SERVER

TABLES = {
    "default": {"guek": GUEK, "gak": GAK, "lls_password": "12345678"},
    "house": {"system_title": str(SERVER), "guek": GUEK[::-1], "hls_secret_hex": "00FF"},
    "4D4D4D0000000001": {"kek": GAK},
}


def test_found_by_title_name_and_default() -> None:
    vault = vault_from_tables(TABLES)
    assert list(vault) == ["default", "house", "4D4D4D0000000001"]
    assert vault.for_title(SERVER) is vault["house"].keys
    assert vault.for_title(CLIENT) is vault["4D4D4D0000000001"].keys
    for unknown in (SystemTitle(b"unknown1"), None):
        assert vault.for_title(unknown) is vault["default"].keys
    house, default = vault["house"], vault["default"].keys
    assert house.keys.hls_secret is not None
    assert house.keys.hls_secret.matches(b"\x00\xff")
    assert house.keys.guek is not None
    assert house.keys.guek.role is KeyRole.GUEK
    assert default.lls_password is not None
    assert default.lls_password.matches(b"12345678")


def test_no_default_no_guess() -> None:
    vault = vault_from_tables({"house": TABLES["house"]})
    for unknown in (CLIENT, None):
        with pytest.raises(SecurityError) as caught:
            vault.for_title(unknown)
        assert caught.value.reason is SecurityReason.MISSING_KEY


def test_tables_there_and_back() -> None:
    vault = vault_from_tables(TABLES)
    again = vault_from_tables(tables_from_vault(vault))
    assert dict(again) == dict(vault)


SECRET = "5A17C3E95A17C3E95A17C3E95A17C3E9"


@pytest.mark.case("R-117")
@pytest.mark.parametrize(
    ("tables", "message"),
    [
        (["x"], "a table of entries"),
        ({"house": SECRET}, "'house' is not a table"),
        ({"house": {"geuk": SECRET}}, "'house' has an unknown field 'geuk'"),
        ({"house": {"guek": 5}}, "field guek: text in quotation marks"),
        ({"house": {"guek": SECRET + "zz"}}, "field guek: a key or secret must be given as hexadecimal"),
        ({"house": {"guek": SECRET + "00"}}, "field guek: wrong-key-length"),
        ({"house": {"system_title": SECRET}}, "field system_title: 16 hexadecimal digits"),
        ({"house": {"lls_password": "a", "lls_password_hex": SECRET}}, "has lls_password and lls_password_hex"),
        ({"a": {"system_title": str(SERVER)}, "b": {"system_title": str(SERVER)}}, "two entries have the system title"),
        ({"a": {"system_title": str(SERVER)}, str(SERVER): {}}, "two entries have the system title"),
    ],
)
def test_what_is_not_understood_is_refused(tables, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        vault_from_tables(tables)
    assert message in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.case("R-112")
def test_shows_nothing() -> None:
    vault = vault_from_tables(TABLES)
    assert isinstance(vault, KeyVault)
    assert repr(vault) == "KeyVault(3 entries)"
    for secret in (GUEK, GAK, "12345678", "00ff"):
        assert secret.lower() not in repr(dict(vault)).lower()
