"""What the commands about firmware images share."""

from __future__ import annotations

from typing import Any

from dlmskit.security.firmware import FirmwareHeader


def described(header: FirmwareHeader) -> dict[str, Any]:
    """A header as plain values."""
    return {
        "device_type": header.device_type,
        "version": header.version,
        "identification": header.identification.decode("utf-8", "replace"),
    }
