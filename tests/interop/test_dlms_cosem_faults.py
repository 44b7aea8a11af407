"""Where dlms-cosem 25.1.0 departs from the standard. What it does right is measured and compared in `tests/apps/bench`."""

from __future__ import annotations

import pytest
from dlms_cosem.protocol.xdlms.general_global_cipher import GeneralGlobalCipher
from dlms_cosem.security import SecurityControlField, encrypt

from dlmskit.apps.bench.forms import CLIENT, FORMS, RESPONSE, SERVER, context_of, protect_with
from dlmskit.crypto.suites import SUITE_0
from dlmskit.errors import DecodeError
from dlmskit.security.protection import unprotect
from tests.interop.gurux_client import GAK, GUEK

BY_NAME = {form.name: form for form in FORMS}
BOTH = SecurityControlField(0, authenticated=True, encrypted=True)


@pytest.mark.parametrize(
    ("name", "control"),
    [
        ("glo authenticated", SecurityControlField(0, authenticated=True, encrypted=False)),
        ("glo encrypted", SecurityControlField(0, authenticated=False, encrypted=True)),
    ],
)
def test_dlms_cosem_knows_authenticated_encryption_alone(name: str, control: SecurityControlField) -> None:
    """It enciphers where only a tag is due, and appends a tag where there is none."""
    theirs = encrypt(control, CLIENT.octets, 0, GUEK, RESPONSE, GAK)
    ours = protect_with(BY_NAME[name], RESPONSE, context_of(CLIENT, SERVER, SUITE_0))
    assert not ours.endswith(theirs)
    assert len(theirs) == len(RESPONSE) + 12
    assert theirs[: len(RESPONSE)] != RESPONSE


def test_dlms_cosem_writes_a_length_of_one_octet() -> None:
    def general(plain: bytes) -> bytes:
        return GeneralGlobalCipher(CLIENT.octets, BOTH, 0, encrypt(BOTH, CLIENT.octets, 0, GUEK, plain, GAK)).to_bytes()

    server = context_of(SERVER, CLIENT, SUITE_0)
    assert unprotect(general(RESPONSE[:100]), server).plain == RESPONSE[:100]
    with pytest.raises(DecodeError):
        unprotect(general(RESPONSE), server)
