"""Key derivation against every published value: the three schemes, both algorithm ids, both suites."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.crypto.kdf import algorithm_id, derive_key, ephemeral_unified_info, one_pass_info, static_unified_info
from dlmskit.crypto.suites import SUITE_0, SUITE_1, SUITE_2
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.types.system_title import SystemTitle
from tests.vectors import load, parameters

CLIENT, SERVER = SystemTitle("4D4D4D0000BC614E"), SystemTitle("4D4D4D0000000001")
TRANSACTION = bytes.fromhex("0102030405060708")

CURRENT, LEGACY, WRAPPING = algorithm_id(SUITE_1), algorithm_id(SUITE_1, legacy=True), algorithm_id(SUITE_1, wrapping=True)
INFORMATION = {
    "c2e0s_kdf_guek": ephemeral_unified_info(CURRENT, CLIENT, SERVER),
    "c2e0s_kdf_guek_legacy_algorithm_id": ephemeral_unified_info(LEGACY, CLIENT, SERVER),
    "c2e0s_kdf_kek_own": ephemeral_unified_info(WRAPPING, CLIENT, SERVER),
    "c1e1s_client_to_server": one_pass_info(CURRENT, CLIENT, SERVER),
    "c1e1s_client_to_server_legacy_algorithm_id": one_pass_info(LEGACY, CLIENT, SERVER),
    "c1e1s_server_to_client": one_pass_info(CURRENT, SERVER, CLIENT),
    "c1e1s_server_to_client_legacy_algorithm_id": one_pass_info(LEGACY, SERVER, CLIENT),
    "c0e2s_static_unified": static_unified_info(CURRENT, CLIENT, SERVER, TRANSACTION),
    "c1e1s_suite2_own": one_pass_info(algorithm_id(SUITE_2), CLIENT, SERVER),
}


def test_every_derivation_of_the_file_is_here() -> None:
    assert {entry["name"] for entry in load("security", kind="kdf")} == set(INFORMATION)


@pytest.mark.parametrize("entry", parameters(load("security", kind="kdf")))
def test_published_keys(entry) -> None:
    known = entry["inputs"] | entry["outputs"]
    information = INFORMATION[entry["name"]]
    assert information.hex().upper() == known["other_info"]
    suite = SUITE_2 if "suite2" in entry["name"] else SUITE_1
    key = derive_key(suite, bytes.fromhex(known["z"]), information)
    assert key.hex().upper() == (known.get("ek") or known.get("guek") or known["kek"])


@pytest.mark.parametrize(
    ("suite", "wrapping", "legacy", "octets"),
    [
        (SUITE_1, False, False, "60857405080300"),
        (SUITE_2, False, False, "60857405080301"),
        (SUITE_1, True, False, "60857405080302"),
        (SUITE_2, True, False, "60857405080303"),
        (SUITE_1, False, True, "60857406080300"),
        (SUITE_2, True, True, "60857406080303"),
    ],
)
def test_algorithm_ids(suite, wrapping: bool, legacy: bool, octets: str) -> None:
    assert algorithm_id(suite, wrapping=wrapping, legacy=legacy).hex() == octets


@given(st.binary(min_size=48, max_size=48), st.binary(max_size=60))
def test_is_one_hash(z: bytes, information: bytes) -> None:
    """The construction as SP 800-56A writes it, with the hash of the standard library."""
    assert derive_key(SUITE_2, z, information) == hashlib.sha384(b"\x00\x00\x00\x01" + z + information).digest()[:32]
    assert derive_key(SUITE_1, z[:32], information) == hashlib.sha256(b"\x00\x00\x00\x01" + z[:32] + information).digest()[:16]


def test_suite_0_derives_nothing() -> None:
    for attempt in (lambda: algorithm_id(SUITE_0), lambda: derive_key(SUITE_0, bytes(32), b"")):
        with pytest.raises(SecurityError) as caught:
            attempt()
        assert caught.value.reason is SecurityReason.UNSUPPORTED


@pytest.mark.parametrize(("suite", "size"), [(SUITE_1, 31), (SUITE_1, 33), (SUITE_1, 48), (SUITE_2, 32), (SUITE_2, 47)])
def test_a_shared_secret_is_one_coordinate(suite, size: int) -> None:
    with pytest.raises(SecurityError) as caught:
        derive_key(suite, b"\x5a" * size, b"")
    assert caught.value.reason is SecurityReason.WRONG_KEY_LENGTH


@pytest.mark.parametrize("size", [0, 128, 200])
def test_the_static_scheme_needs_its_transaction_id(size: int) -> None:
    with pytest.raises(SecurityError):
        static_unified_info(CURRENT, CLIENT, SERVER, bytes(size))
    assert static_unified_info(CURRENT, CLIENT, SERVER, bytes(127))[15:17] == b"\x7f\x00"
