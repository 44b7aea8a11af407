"""What is measured works: every form is opened again, peers make the same octets, and the page of costs says what is so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from dlmskit.apps.bench.forms import CLIENT, FORMS, REQUEST, RESPONSE, SERVER, cases_of, context_of, protect_with
from dlmskit.apps.bench.peers import find_peers
from dlmskit.crypto.suites import SUITES
from dlmskit.security.protection import unprotect
from scripts.form_costs import HEAD, PAGE, Times, octets_added, page
from tests.support.features import FEATURES

PEERS = {peer.name.split()[0]: peer for peer in find_peers(Path(__file__).parents[3] / "benchmarks" / "peers")}
PAIRS = [(form, suite) for form in FORMS for suite in form.suites]
EACH = [pytest.param(form, suite, id=f"{form.name}-{suite.id}") for form, suite in PAIRS]
GURUX = [one for one, (form, _) in zip(EACH, PAIRS, strict=True) if re.match(r"(general-)?(glo|ded) [ae]", form.name)]


@pytest.mark.parametrize(("form", "suite"), EACH)
@pytest.mark.parametrize("apdu", [REQUEST, RESPONSE], ids=["request", "response"])
def test_what_is_measured_is_opened_again(form: Any, suite: Any, apdu: bytes) -> None:
    protected = protect_with(form, apdu, context_of(CLIENT, SERVER, suite))
    verified = unprotect(protected, context_of(SERVER, CLIENT, suite))
    assert verified.plain == apdu
    assert len(verified.layers) == len(form.steps)


@pytest.mark.parametrize(("form", "suite"), EACH)
def test_both_directions_are_measured_against_the_bare_calls(form: Any, suite: Any) -> None:
    for case in cases_of(form, suite):
        case.ours()
        bare = PEERS["bare"].work_for(case)
        assert bare is not None
        bare()


@pytest.mark.parametrize(("form", "suite"), GURUX)
def test_gurux_makes_and_opens_the_same_octets(form: Any, suite: Any) -> None:
    """Its adapter compares before it is measured: the tag of ours is right for somebody else."""
    assert all(PEERS["gurux_dlms"].work_for(case) for case in cases_of(form, suite))


@pytest.mark.parametrize("suite", SUITES.values(), ids=str)
def test_dlms_cosem_makes_and_opens_the_same_octets(suite: Any) -> None:
    by_name = {form.name: form for form in FORMS}
    both = cases_of(by_name["glo authenticated+encrypted"], suite)
    _, opened = cases_of(by_name["general-glo authenticated+encrypted"], suite)
    assert all(PEERS["dlms-cosem"].work_for(case) for case in (*both, opened))


def test_every_form_of_the_support_table_is_measured() -> None:
    """The protections of general-ciphering differ by no octet but the tag, so one of them stands for all."""
    groups = ("Forms of ciphered APDUs", "Signatures and layers", "Compression (V.44)")
    asked = {feature.name for feature in FEATURES if feature.group in groups}
    asked -= {"third party through the client", "broadcast under the broadcast key", "general-ded compressed"}
    names = {form.name for form in FORMS}
    short = {name.removesuffix(" authenticated+encrypted") for name in names}
    assert {name for name in asked if name not in names and not name.startswith(tuple(short))} == set()


def test_the_page_has_the_octets_of_every_form() -> None:
    found = re.findall(r"^\| ([^|]+) \| ([+-]\d+) \| ([+-]\d+) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    made = [
        (form.name, *(f"{added:+d}" for added in octets_added(form, suite)))
        for suite in SUITES.values()
        for form in FORMS
        if suite in form.suites
    ]
    assert found == made


def test_the_page_is_what_the_command_writes() -> None:
    """But for the times, which belong to a run."""
    none = dict.fromkeys(((form.name, suite.id) for form in FORMS for suite in form.suites), Times(0, 0, 0, 0))
    times = re.compile(r" \d+(\.\d)?(?= \|)|^\(.*, CPython 3[\d.]+(?=\):)", re.MULTILINE)
    assert times.sub("", PAGE.read_text(encoding="utf-8")) == times.sub("", page(none))
    assert HEAD in PAGE.read_text(encoding="utf-8")
