"""Key files: sealed ones open with their passphrase alone and in no changed form; plain ones must say that they are plain."""

from __future__ import annotations

import base64
import json
import secrets

import pytest

from dlmskit.crypto.passphrase import PassphraseCost
from dlmskit.errors import ConfigError, DlmsError, SecurityError, SecurityReason
from dlmskit.security.keystore import parse_plain, read_vault, seal, unseal
from dlmskit.security.vault_tables import vault_from_tables
from tests.security.parties import GAK, GUEK, SERVER
from tests.security.test_vault import TABLES

CHEAP = PassphraseCost(iterations=1, lanes=1, memory_kib=8)
VAULT = vault_from_tables(TABLES)
PASSPHRASE = b"correct horse battery staple"


@pytest.fixture(scope="module")
def sealed() -> bytes:
    return seal(VAULT, PASSPHRASE, secrets.token_bytes, CHEAP)


def changed(sealed: bytes, change) -> bytes:
    file = json.loads(sealed)
    change(file)
    return json.dumps(file).encode()


def test_there_and_back(sealed: bytes) -> None:
    assert dict(unseal(sealed, PASSPHRASE)) == dict(VAULT)
    assert dict(read_vault(sealed, lambda: PASSPHRASE)) == dict(VAULT)


def test_costs_are_the_recommended_ones_by_default() -> None:
    file = json.loads(seal(VAULT, PASSPHRASE, secrets.token_bytes))
    assert {name: file["kdf"][name] for name in ("name", "iterations", "lanes", "memory_kib")} == {
        "name": "argon2id", "iterations": 3, "lanes": 4, "memory_kib": 65536,
    }  # fmt: skip


@pytest.mark.case("R-112")
def test_the_file_shows_nothing(sealed: bytes) -> None:
    content = base64.b64decode(json.loads(sealed)["sealed"])
    for secret in (bytes.fromhex(GUEK), bytes.fromhex(GAK), b"12345678", SERVER.octets, b"house", PASSPHRASE):
        for form in (secret, secret.hex().encode(), secret.hex().upper().encode()):
            assert form not in sealed
            assert form not in content


def test_no_two_files_are_alike(sealed: bytes) -> None:
    other = json.loads(seal(VAULT, PASSPHRASE, secrets.token_bytes, CHEAP))
    first = json.loads(sealed)
    assert other["kdf"]["salt"] != first["kdf"]["salt"]
    assert other["cipher"]["nonce"] != first["cipher"]["nonce"]
    assert other["sealed"] != first["sealed"]


@pytest.mark.parametrize("wrong", [b"", b"Correct horse battery staple", PASSPHRASE + b"\n"])
def test_a_wrong_passphrase(sealed: bytes, wrong: bytes) -> None:
    with pytest.raises(SecurityError) as caught:
        unseal(sealed, wrong)
    assert caught.value.reason is SecurityReason.KEY_STORE


def test_every_octet_of_the_content_counts(sealed: bytes) -> None:
    content = base64.b64decode(json.loads(sealed)["sealed"])
    for at in range(0, len(content), 7):
        bad = content[:at] + bytes((content[at] ^ 1,)) + content[at + 1 :]
        file = changed(sealed, lambda file, bad=bad: file.update(sealed=base64.b64encode(bad).decode()))
        with pytest.raises(SecurityError) as caught:
            unseal(file, PASSPHRASE)
        assert caught.value.reason is SecurityReason.KEY_STORE


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file["kdf"].update(iterations=2),
        lambda file: file["kdf"].update(memory_kib=16),
        lambda file: file["kdf"].update(salt="00" * 16),
        lambda file: file["cipher"].update(nonce="00" * 12),
        lambda file: file.update(note="added"),
        lambda file: file["kdf"].update(memory_kib=1 << 30),
        lambda file: file["kdf"].update(iterations=10**9),
    ],
)
def test_the_header_is_sealed_too(sealed: bytes, change) -> None:
    with pytest.raises(SecurityError) as caught:
        unseal(changed(sealed, change), PASSPHRASE)
    assert caught.value.reason is SecurityReason.KEY_STORE


@pytest.mark.parametrize(
    "change",
    [
        lambda file: file.pop("sealed"),
        lambda file: file.update(sealed="***"),
        lambda file: file.update(sealed=5),
        lambda file: file.pop("kdf"),
        lambda file: file.update(kdf=[]),
        lambda file: file["kdf"].update(name="pbkdf2"),
        lambda file: file["kdf"].update(iterations="3"),
        lambda file: file["kdf"].update(iterations=True),
        lambda file: file["kdf"].update(extra=1),
        lambda file: file["kdf"].update(salt="00"),
        lambda file: file["cipher"].update(nonce="zz" * 12),
        lambda file: file["cipher"].update(name="aes-128-gcm"),
        lambda file: file.update(version=2),
        lambda file: file.update(format="other"),
    ],
)
def test_a_damaged_file_is_said_to_be_damaged(sealed: bytes, change) -> None:
    with pytest.raises(ConfigError):
        unseal(changed(sealed, change), lambda: pytest.fail("nobody is asked for a passphrase in vain"))


@pytest.mark.parametrize("octets", [b"", b"{", b"[" * 100_000, b"{}", b"\xff\xfe", b'{"format": 1}', b"5"])
def test_no_key_file(octets: bytes) -> None:
    with pytest.raises(ConfigError):
        unseal(octets, PASSPHRASE)
    with pytest.raises(DlmsError):
        read_vault(octets, PASSPHRASE)


def test_a_plain_file() -> None:
    text = f'storage = "plain"\n[keys.default]\nguek = "{GUEK}"\n[keys.house]\nsystem_title = "{SERVER}"\ngak = "{GAK}"\n'
    vault = parse_plain(text)
    assert list(vault) == ["default", "house"]
    assert dict(read_vault(text.encode(), lambda: pytest.fail("no passphrase is needed"))) == dict(vault)


@pytest.mark.case("R-117")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[keys.default]\nguek = "SECRET"', 'need storage = "plain"'),
        ('storage = "sealed"\n[keys.default]\nguek = "SECRET"', 'need storage = "plain"'),
        ('storage = "plain"\n[default]\nguek = "SECRET"', "unknown at the top of the file: default"),
        ('storage = "plain"\nkeys = 5', "a table of entries"),
        ('storage = "plain"\n[keys.default]\nguek = SECRET', "not TOML: Invalid value (at line 3, column 8)"),
        ("storage = [" * 5000, "not TOML"),
        ('storage = "plain"\n[keys.default]\nguek = "SECRET"', "field guek"),
    ],
)
def test_a_plain_file_that_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_plain(text)
    assert message in str(caught.value)
    assert "SECRET" not in str(caught.value)
