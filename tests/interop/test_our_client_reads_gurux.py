"""Our client against a server of gurux_dlms over TCP: without ciphering and HLS, which it does not have (`test_gurux_faults`)."""

from __future__ import annotations

from typing import Any

import pytest

from dlmskit import sync
from dlmskit.association import AssociationRefused
from dlmskit.security import KeySet, Secret
from tests.interop.gurux_server import PASSWORD, VALUE, GuruxServer, listening

pytestmark = pytest.mark.filterwarnings("ignore::dlmskit.client.plan.WeakSecurityWarning")


def test_the_public_client_reads() -> None:
    with listening(GuruxServer()) as port, sync.connect(f"tcp://127.0.0.1:{port}?client=16") as meter:
        assert meter.get("0.0.96.1.0.255", class_id=1).value == VALUE


def with_password(port: int, password: bytes) -> Any:
    keys = KeySet(lls_password=Secret(password))
    words: dict[str, Any] = {"mechanism": "lls", "context": "plain", "allow_weak": True, "counters": "memory"}
    return sync.connect(f"tcp://127.0.0.1:{port}?client=32", keys=keys, **words)


def test_lls() -> None:
    with listening(GuruxServer()) as port:
        with with_password(port, PASSWORD) as meter:
            assert meter.get("0.0.96.1.0.255", class_id=1).value == VALUE
        with pytest.raises(AssociationRefused), with_password(port, b"87654321"):
            pass
