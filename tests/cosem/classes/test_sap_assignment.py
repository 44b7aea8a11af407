"""The list of logical devices; nothing is connected at run time."""

from __future__ import annotations

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.sap_assignment import SapAssignment
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult


def test_the_list() -> None:
    one = SapAssignment("0.0.41.0.0.255", sap_assignment_list=[(1, b"ABC0000000000001")])
    assert one.sap_assignment_list[0].SAP == 1
    assert one.attributes[2].name == "SAP_assignment_list"
    with pytest.raises(ServiceError) as refusal:
        one.action(1, Data.structure([Data.long_unsigned(2), Data.octet_string(b"x")]))
    assert refusal.value.code == DataAccessResult.OBJECT_UNAVAILABLE
