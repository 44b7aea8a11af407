"""Interface class 126, SCHC-LPWAN setup (Blue Book): header compression and fragmentation (SCHC, RFC 8724) on an LPWAN."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class SchcLpwanSetup(InterfaceClass, class_id=126, version=0, name="SCHC-LPWAN setup"):
    """Rules of SCHC; their inner structure is not established, so any data is held."""

    lpwan_reference = attribute(2, "octet-string", writable=True)
    schc_cd_rules = attribute(3, "array<any>", writable=True)
    schc_fr_param = attribute(4, "any", writable=True)
