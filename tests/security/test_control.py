"""The security header: every octet can be read and written; what a suite does not offer is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.crypto.suites import SUITE_0, SUITE_1, SUITE_2
from dlmskit.errors import DecodeError, SecurityError, SecurityReason
from dlmskit.security.control import Protection, SecurityControl, SecurityHeader

BOTH = Protection.AUTHENTICATED | Protection.ENCRYPTED


@pytest.mark.parametrize(
    ("octet", "suite", "protection", "broadcast", "compressed", "text"),
    [
        (0x10, SUITE_0, Protection.AUTHENTICATED, False, False, "suite 0, authenticated"),
        (0x20, SUITE_0, Protection.ENCRYPTED, False, False, "suite 0, encrypted"),
        (0x30, SUITE_0, BOTH, False, False, "suite 0, authenticated and encrypted"),
        (0x31, SUITE_1, BOTH, False, False, "suite 1, authenticated and encrypted"),
        (0x70, SUITE_0, BOTH, True, False, "suite 0, authenticated and encrypted, broadcast key"),
        (0xB2, SUITE_2, BOTH, False, True, "suite 2, authenticated and encrypted, compressed"),
    ],
)
def test_common_values(octet, suite, protection, broadcast, compressed, text) -> None:
    control = SecurityControl.of(suite, protection, broadcast=broadcast, compressed=compressed)
    assert control == octet
    assert (control.suite, control.protection, control.broadcast, control.compressed) == (
        suite.id, protection, broadcast, compressed,
    )  # fmt: skip
    assert str(control) == text
    control.check(suite)


@pytest.mark.case("R-009")
def test_every_octet_is_shown() -> None:
    for octet in range(256):
        control = SecurityControl(octet)
        assert control.suite == octet & 15
        assert repr(control).startswith(f"SecurityControl(0x{octet:02X}: suite {octet & 15}")
    for octet in (-1, 256):
        with pytest.raises(DecodeError):
            SecurityControl(octet)


@pytest.mark.case("R-009", "R-046")
@pytest.mark.parametrize("suite", [SUITE_0, SUITE_1, SUITE_2])
def test_only_what_the_suite_offers(suite) -> None:
    for octet in range(256):
        if octet & 15 != suite.id:
            reason = SecurityReason.SUITE_MISMATCH
        elif not octet & 0x30 or (octet & 0x80 and not suite.compression):
            reason = SecurityReason.SECURITY_CONTROL_INVALID
        else:
            SecurityControl(octet).check(suite)
            continue
        with pytest.raises(SecurityError) as caught:
            SecurityControl(octet).check(suite)
        assert caught.value.reason is reason


@given(st.integers(0, 255), st.integers(0, 0xFFFFFFFF))
def test_header_there_and_back(octet: int, counter: int) -> None:
    header = SecurityHeader(SecurityControl(octet), counter)
    assert SecurityHeader.decode(b"\x21\x09" + header.encode(), 2) == header


@pytest.mark.case("R-004")
@pytest.mark.parametrize("size", range(5))
def test_a_cut_header_is_refused(size: int) -> None:
    with pytest.raises(DecodeError):
        SecurityHeader.decode(bytes(size))


def test_labels() -> None:
    assert Protection.NONE.label == "not protected"
    assert (BOTH | Protection.SIGNED).label == "authenticated and encrypted and signed"
