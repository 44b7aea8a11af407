"""Interface class 116, IEC 62055-41 attributes (Blue Book): a payment meter of the Standard Transfer Specification (STS)."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class Iec6205541Attributes(InterfaceClass, class_id=116, version=0, name="IEC 62055-41 attributes"):
    """Identification of the meter and of its keys, none of which is here."""

    meter_pan = attribute(
        2,
        "structure{issuer_id:double-long-unsigned,decoder_reference_number:long64-unsigned,PAN_check_digit:unsigned}",
        writable=True,
    )
    commodity = attribute(3, "visible-string", writable=True)
    token_carrier_types = attribute(4, "array<unsigned>", writable=True)
    encryption_algorithm = attribute(5, "unsigned", writable=True)
    supply_group_code = attribute(6, "double-long-unsigned", dynamic=True)
    tariff_index = attribute(7, "unsigned", dynamic=True)
    key_revision_number = attribute(8, "unsigned", dynamic=True)
    key_type = attribute(9, "unsigned", dynamic=True)
    key_expiry_number = attribute(10, "unsigned", dynamic=True)
    no_of_kct_supported = attribute(11, "unsigned", writable=True)
    sts_certificate_no = attribute(12, "visible-string", writable=True)
