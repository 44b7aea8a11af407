"""What refusing tests of protection share: a message with other fields, and that nothing moved when it was refused."""

from __future__ import annotations

from typing import Any

import pytest

from dlmskit.apdu.ciphering import GeneralCiphering
from dlmskit.errors import SecurityError, SecurityReason
from dlmskit.security.context import SecurityContext
from dlmskit.security.protection import unprotect


def refused(reason: SecurityReason, octets: bytes, context: SecurityContext) -> None:
    """Refused for this reason, and nothing moved, no key became the established one."""
    before = state(context)
    with pytest.raises(SecurityError) as caught:
        unprotect(octets, context)
    assert caught.value.reason is reason, caught.value
    assert state(context) == before


def state(context: SecurityContext) -> Any:
    windows = {name: window.lowest_acceptable for name, window in context.received._windows.items() if window.lowest_acceptable}
    return windows, dict(context.received._fresh._lowest), dict(context.fresh_keys.receiving)


def changed(octets: bytes, **fields: Any) -> bytes:
    """The same message with other fields; its tag is left as it is."""
    apdu = GeneralCiphering.decode(octets)
    values = {name: getattr(apdu, name) for name in apdu.__struct_fields__} | fields
    return GeneralCiphering(**values).encode()
