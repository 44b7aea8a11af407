"""The rows of the support table: every feature of the security concept, with the suites that have it. A new one is one line here.

A feature is shown for a side by a test in which that side itself takes part: a client's or a server's association, or the
program around it. That a message function can do something is no support yet.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

SIDES = ("client", "server")
ALL: tuple[int | None, ...] = (0, 1, 2)
ASYMMETRIC: tuple[int | None, ...] = (1, 2)
ANY: tuple[int | None, ...] = (None,)
"""Of features in which the suite has no part."""


class Cell(NamedTuple):
    """One cell of the table."""

    feature: str
    suite: int | None
    """None: the suite has no part in it."""
    side: str


@dataclass(frozen=True)
class Feature:
    """One row."""

    group: str
    name: str
    suites: tuple[int | None, ...] = ALL
    about: str = ""
    """What the page says beside the name."""

    def cells(self) -> Iterator[Cell]:
        """A cell for each suite that has the feature, and each side."""
        return (Cell(self.name, suite, side) for suite in self.suites for side in SIDES)


PROTECTIONS = ("authenticated", "encrypted", "authenticated+encrypted")

_MECHANISMS = (
    Feature("Authentication, in an association with ciphering", f"mechanism {number}", ASYMMETRIC if number == 7 else ALL, label)
    for number, label in enumerate(
        ("none", "LLS, password", "HLS, manufacturer's", "HLS MD5", "HLS SHA-1", "HLS GMAC", "HLS SHA-256", "HLS ECDSA")
    )
)
_FORMS = (
    Feature("Forms of ciphered APDUs", f"{form} {protection}", suites)
    for form, suites in (
        ("glo", ALL),
        ("ded", ALL),
        ("general-glo", ALL),
        ("general-ded", ALL),
        ("general-ciphering identified key", ALL),
        ("general-ciphering wrapped key", ALL),
        ("general-ciphering one-pass key", ASYMMETRIC),
        ("general-ciphering static-unified key", ASYMMETRIC),
    )
    for protection in PROTECTIONS
)
_LAYERS = (
    Feature("Signatures and layers", name, suites)
    for name, suites in (
        ("general-signing", ASYMMETRIC),
        ("signature over ciphering", ASYMMETRIC),
        ("ciphering over signature", ASYMMETRIC),
        ("third party through the client", ALL),
        ("broadcast under the broadcast key", ALL),
    )
)
_COMPRESSION = (
    Feature("Compression (V.44)", f"{form} compressed", ASYMMETRIC)
    for form in ("general-glo", "general-ded", "general-ciphering")
)
_POLICY = (
    Feature("Security policy and access rights", name, ASYMMETRIC if "signed" in name else (0,) if "version 0" in name else ALL)
    for name in (
        *(
            f"policy demands {what} {which}"
            for which in ("requests", "responses")
            for what in ("authenticated", "encrypted", "signed")
        ),
        "rights demand more than the policy",
        "policy of Security setup version 0",
        "policy of Security setup version 1",
    )
)
_SECURITY_SETUP = (
    Feature("Security setup (class 64)", name, suites)
    for name, suites in (
        ("security_activate", ALL),
        ("key_transfer", ALL),
        ("key_agreement", ASYMMETRIC),
        ("generate_key_pair", ASYMMETRIC),
        ("generate_certificate_request", ASYMMETRIC),
        ("import_certificate", ASYMMETRIC),
        ("export_certificate", ASYMMETRIC),
        ("remove_certificate", ASYMMETRIC),
    )
)
_CERTIFICATES = (
    Feature("Certificates", name, ASYMMETRIC)
    for name in ("path of certificates validated", "revoked certificate refused", "certificate bound to the system title")
)
_COUNTERS = (
    Feature("Counters and replay", name, ANY)
    for name in (
        "counter stored before it is used",
        "repeated message refused",
        "forged counter without effect",
        "counter synchronised",
        "used-up counter refused",
        "leap after a restored backup",
    )
)

FEATURES: tuple[Feature, ...] = (
    *_MECHANISMS, *_FORMS, *_LAYERS, *_COMPRESSION, *_POLICY, *_SECURITY_SETUP, *_CERTIFICATES, *_COUNTERS,
)  # fmt: skip
CELLS: tuple[Cell, ...] = tuple(cell for feature in FEATURES for cell in feature.cells())
"""Every cell that the concept has, in the order of the page."""
