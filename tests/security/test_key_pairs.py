"""Key pairs in key files: there and back, the public half of a private key, lengths that say the curve, nothing shown."""

from __future__ import annotations

import pytest

from dlmskit.crypto.curves import P_256, P_384
from dlmskit.errors import ConfigError
from dlmskit.security.vault_tables import tables_from_vault, vault_from_tables
from tests.vectors import load

VECTORS = {vector["name"]: vector for vector in load("security")}
PAIR = VECTORS["signature_key_pair_client"]
PRIVATE, PUBLIC = PAIR["inputs"]["private"].lower(), PAIR["outputs"]["public_raw_xy"].lower()
PRIVATE_384 = VECTORS["ecdsa_p384_suite_b"]["inputs"]["private"].lower()
PUBLIC_384 = VECTORS["ecdsa_p384_suite_b"]["outputs"]["public_raw_xy"].lower()


def test_there_and_back() -> None:
    tables = {
        "us": {"signing_key": PRIVATE, "agreement_key": PRIVATE_384},
        "meter": {"signing_public_key": PUBLIC_384, "agreement_public_key": PUBLIC},
    }
    vault = vault_from_tables(tables)
    assert tables_from_vault(vault) == tables
    us, meter = vault["us"].pairs, vault["meter"].pairs
    assert us.signing_public_key is not None
    assert us.signing_public_key.octets.hex() == PUBLIC
    assert (us.signing_public_key.curve, us.agreement_key and us.agreement_key.public.curve) == (P_256, P_384)
    assert [(purpose, private is None) for purpose, _, private in meter.named()] == [("signing", True), ("agreement", True)]
    assert meter.agreement_public_key == us.signing_public_key


@pytest.mark.case("R-112")
def test_shows_nothing() -> None:
    text = repr(dict(vault_from_tables({"us": {"signing_key": PRIVATE, "agreement_key": PRIVATE_384}})))
    assert PRIVATE not in text.lower()
    assert str(int(PRIVATE, 16)) not in text


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"signing_key": PRIVATE, "signing_public_key": PUBLIC_384}, "signing_public_key is not the public half of signing_key"),
        ({"signing_key": PRIVATE[2:]}, "field signing_key: a private key has 32 or 48 octets"),
        ({"agreement_key": "00" * 32}, "field agreement_key: wrong-key-length"),
        ({"agreement_key": "FF" * 32}, "field agreement_key: wrong-key-length"),
        ({"agreement_key": PRIVATE + "z"}, "hexadecimal digits"),
        ({"signing_public_key": PUBLIC[:-2] + "00"}, "field signing_public_key: public-key-invalid"),
        ({"signing_public_key": PRIVATE}, "a public key 64 or 96"),
    ],
)
def test_what_is_refused(table: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as raised:
        vault_from_tables({"us": table})
    assert message in str(raised.value)
    assert PRIVATE[:16] not in str(raised.value)
