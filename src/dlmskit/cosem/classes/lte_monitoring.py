"""Interface class 151, LTE monitoring (Blue Book): timers and signal of an LTE modem."""

from __future__ import annotations

from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass


class LteMonitoringV0(InterfaceClass, class_id=151, version=0, name="LTE monitoring"):
    """Version 0: one structure of timers and signal."""

    lte_network_parameters = attribute(
        2,
        "structure{T3402:long-unsigned,T3412:long-unsigned,RSRQ:unsigned,RSRP:unsigned,qRxlevMin:integer}",
        dynamic=True,
        name="LTE_network_parameters",
    )


class LteMonitoring(LteMonitoringV0, version=1):
    """Version 1: parameters of the network (s) apart from the quality of service."""

    lte_network_parameters = attribute(
        2,
        (
            "structure{T3402:long-unsigned,T3412:long-unsigned,T3412ext2:double-long-unsigned,T3324:long-unsigned,"
            "TeDRX:double-long-unsigned,TPTW:long-unsigned,qRxlevMin:integer,qRxlevMinCE:integer,qRxlevMinCE1:integer}"
        ),
        dynamic=True,
        name="LTE_network_parameters",
    )
    lte_quality_of_service = attribute(
        3,
        "structure{RSRQ:integer,RSRP:integer,SNR:integer,coverage_enhancement:enum}",
        dynamic=True,
        name="LTE_quality_of_service",
    )
