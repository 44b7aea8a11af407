"""Writes what each form of protection costs: ``python -m scripts.form_costs``; ``make form-costs`` does the same.

Octets are what the forms make and do not depend on the machine; a test compares them with the page. Times are of this run.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from dlmskit.apps.bench.forms import CLIENT, FORMS, REQUEST, RESPONSE, SERVER, MeasuredForm, cases_of, context_of, protect_with
from dlmskit.apps.bench.peers import FOLDER, find_peers
from dlmskit.apps.bench.runner import measure
from dlmskit.crypto.suites import SUITES, SecuritySuite

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "explanation" / "form-costs.md"
HEAD = "| form | request | response | sender | of that bare | receiver | of that bare |"
_INTRODUCTION = """\
Octets that a form adds to a GET request of {request} octets and to a response of {response} octets, four rows of a load
profile; they are exact, a test makes them again. Titles and transaction ids have 8 octets, nothing is optional. What is
compressed may become shorter than it was; the request does not, so it goes uncompressed.

Microseconds of processor time to protect and to unprotect the response, from one run on two cores that others shared
({machine}, CPython {python}): they say what is dear and what is not, and no more. *Bare* are the calls of the
crypto library that the form cannot do without, alone: AES-GCM, key wrap, ECDSA, ECDH and the making of an ephemeral
key pair. The rest is ours: header, counter, window, key derivation, checks, encoding, and V.44, which has no bare call.
"""


class Times(NamedTuple):
    """Microseconds for one message: ours, and the bare calls of the library; of sender and receiver."""

    sender: float
    sender_bare: float
    receiver: float
    receiver_bare: float


def octets_added(form: MeasuredForm, suite: SecuritySuite) -> tuple[int, int]:
    """How much longer the form makes the request and the response; below zero where compression gains more."""
    client = context_of(CLIENT, SERVER, suite)
    added = (len(protect_with(form, apdu, client)) - len(apdu) for apdu in (REQUEST, RESPONSE))
    return next(added), next(added)


def measured(progress: Callable[[str], None] = print) -> Mapping[tuple[str, int], Times]:
    """The times of this machine, by form and suite."""
    (bare,) = (peer for peer in find_peers(ROOT / FOLDER) if peer.name.startswith("bare"))
    times = {}
    for suite in SUITES.values():
        for form in FORMS:
            if suite in form.suites:
                progress(f"suite {suite.id}: {form.name}")
                results = [measure(case, [bare])[0] for case in cases_of(form, suite)]
                seconds = [second for one in results for second in (one.ours, one.theirs or 0.0)]
                times[form.name, suite.id] = Times(*(1e6 * second for second in seconds))
    return times


def page(times: Mapping[tuple[str, int], Times]) -> str:
    """The page, a table for each suite."""
    lines = [
        "# What each form costs",
        "",
        "```sh",
        "make form-costs               # measures, and writes this page",
        'dlmskit bench "[suite 1]"     # the same forms side by side with gurux_dlms and dlms-cosem',
        "```",
        "",
        *_INTRODUCTION.format(
            request=len(REQUEST), response=len(RESPONSE), machine=platform.machine(), python=platform.python_version()
        ).splitlines(),
    ]
    for suite in SUITES.values():
        lines += ["", f"## Suite {suite.id}", "", HEAD, "| --- |" + " ---: |" * 6]
        lines += _rows(suite, times)
    lines += ["", "*Made by `scripts/form_costs.py`.*", ""]
    return "\n".join(lines)


def _rows(suite: SecuritySuite, times: Mapping[tuple[str, int], Times]) -> Iterator[str]:
    for form in FORMS:
        if suite in form.suites:
            cells = [f"{added:+d}" for added in octets_added(form, suite)]
            cells += [_short(value) for value in times[form.name, suite.id]]
            yield f"| {form.name} | {' | '.join(cells)} |"


def _short(microseconds: float) -> str:
    return f"{microseconds:.1f}" if microseconds < 10 else f"{microseconds:.0f}"


def main() -> None:
    """Measure, and write the page."""
    PAGE.write_text(page(measured()), encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
