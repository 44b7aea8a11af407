"""Settings refuse what cannot go together, and say what follows from them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dlmskit.association import SUPPORTED, AssociationSettings
from dlmskit.errors import ConfigError
from dlmskit.security.policy import STRONGEST_SYMMETRIC, SecurityPolicy
from dlmskit.types.conformance import LOGICAL_NAME_REFERENCING, SHORT_NAME_REFERENCING, Conformance
from dlmskit.types.enums import ApplicationContext, Mechanism
from tests.association.peers import CIPHERED, HLS, LLS, PLAIN, settings


@pytest.mark.parametrize(
    "changes",
    [
        {"dedicated_key": True},
        {"max_pdu_size": 11},
        {"max_pdu_size": 0x10000},
        {"challenge_octets": 7},
        {"challenge_octets": 65},
        {"server_sap": 0x7F},
        {"pre_established": True, "mechanism": Mechanism.LLS},
    ],
    ids=str,
)
def test_refused(changes: dict) -> None:
    with pytest.raises(ConfigError):
        AssociationSettings(**changes)


def test_what_follows() -> None:
    assert (PLAIN.ciphered, LLS.needs_titles, HLS.needs_titles, CIPHERED.needs_titles) == (False, False, True, True)
    assert PLAIN.policy == SecurityPolicy.NOTHING
    assert CIPHERED.policy == STRONGEST_SYMMETRIC, "a ciphered association protects everything unless it is told otherwise"
    unsupported = Conformance.DELTA_VALUE_ENCODING
    assert AssociationSettings(conformance=Conformance.GET | unsupported).proposed_conformance == Conformance.GET


def test_each_way_of_referencing_has_its_own_bits() -> None:
    usual = SUPPORTED & ~Conformance.GENERAL_BLOCK_TRANSFER
    assert PLAIN.proposed_conformance == usual & LOGICAL_NAME_REFERENCING
    short = settings(application_context=ApplicationContext.SN)
    assert short.grantable_conformance == usual & SHORT_NAME_REFERENCING
    assert not SUPPORTED & Conformance.DELTA_VALUE_ENCODING


def test_a_window_asks_for_general_block_transfer() -> None:
    bit = int(Conformance.GENERAL_BLOCK_TRANSFER)
    assert not (PLAIN.proposed_conformance | PLAIN.grantable_conformance) & bit
    wanted = replace(PLAIN, block_window=1)
    assert wanted.proposed_conformance & wanted.grantable_conformance & bit
