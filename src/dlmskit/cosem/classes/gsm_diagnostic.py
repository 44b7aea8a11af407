"""Interface class 47, GSM diagnostic (Blue Book): the state of a modem in its cellular network."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class GsmDiagnosticV0(InterfaceClass, class_id=47, version=0, name="GSM diagnostic"):
    """Version 0: cells with 16-bit identifiers."""

    operator = attribute(2, "visible-string", dynamic=True)
    status = attribute(
        3,
        (
            "enum{0=not_registered,1=registered_home,2=not_registered_searching,3=registration_denied,4=unknown,"
            "5=registered_roaming}"
        ),
        dynamic=True,
    )
    cs_attachment = attribute(4, "enum{0=inactive,1=incoming_call,2=active}", dynamic=True)
    ps_status = attribute(5, "enum{0=inactive,1=GPRS,2=EDGE,3=UMTS,4=HSDPA}", dynamic=True)
    cell_info = attribute(
        6, "structure{cell_ID:long-unsigned,location_ID:long-unsigned,signal_quality:unsigned,ber:unsigned}", dynamic=True
    )
    adjacent_cells = attribute(7, "array<structure{cell_ID:long-unsigned,signal_quality:unsigned}>", dynamic=True)
    capture_time = attribute(8, "date-time", dynamic=True)


class GsmDiagnosticV1(GsmDiagnosticV0, version=1):
    """Version 1: cells of UMTS and LTE."""

    ps_status = attribute(5, "enum{0=inactive,1=GPRS,2=EDGE,3=UMTS,4=HSDPA,5=LTE,6=CDMA}", dynamic=True)
    cell_info = attribute(
        6,
        (
            "structure{cell_ID:double-long-unsigned,location_ID:long-unsigned,signal_quality:unsigned,ber:unsigned,"
            "mcc:long-unsigned,mnc:long-unsigned,channel_number:double-long-unsigned}"
        ),
        dynamic=True,
    )
    adjacent_cells = attribute(7, "array<structure{cell_ID:double-long-unsigned,signal_quality:unsigned}>", dynamic=True)


class GsmDiagnostic(GsmDiagnosticV1, version=2):
    """Version 2: LTE Cat M1, Cat NB1 and later."""

    ps_status = attribute(
        5, "enum{0=inactive,1=GPRS,2=EDGE,3=UMTS,4=HSDPA,5=LTE,6=CDMA,7=LTE_Cat_M1,8=LTE_Cat_NB1,9=LTE_Cat_NB2}", dynamic=True
    )
