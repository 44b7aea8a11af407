"""Interface class 45, GPRS modem setup (Blue Book): access point, PIN and quality of service of a packet modem."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class GprsModemSetup(InterfaceClass, class_id=45, version=0, name="GPRS modem setup"):
    """How a modem attaches to a packet network."""

    apn = attribute(2, "octet-string", writable=True, name="APN")
    pin_code = attribute(3, "long-unsigned", writable=True, name="PIN_code")
    quality_of_service = attribute(
        4,
        (
            "structure{default:structure{precedence:unsigned,delay:unsigned,reliability:unsigned,"
            "peak_throughput:unsigned,mean_throughput:unsigned},requested:structure{precedence:unsigned,delay:unsigned,"
            "reliability:unsigned,peak_throughput:unsigned,mean_throughput:unsigned}}"
        ),
        writable=True,
    )
