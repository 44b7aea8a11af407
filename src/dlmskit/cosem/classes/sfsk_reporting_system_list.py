"""Interface class 56, S-FSK Reporting system list (Blue Book): systems that reported to an S-FSK initiator."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class SfskReportingSystemList(InterfaceClass, class_id=56, version=0, name="S-FSK Reporting system list"):
    """System titles, as a discovery found them."""

    reporting_system_list = attribute(2, "array<octet-string>", dynamic=True)
