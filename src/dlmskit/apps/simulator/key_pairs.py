"""Key pairs of a simulated meter and of its clients, in suites 1 and 2: from the description, the key file, or made for the lab.

Lab key pairs are derived from the keys in the description, so that they are the same after every start: whoever has the file has
them, as he has everything else of a laboratory. A key file is asked for its pairs and gets none made up.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dlmskit.apps.simulator.description import Description, Keys
from dlmskit.client.key_file import read_key_file
from dlmskit.client.parties import OWN_ENTRY
from dlmskit.crypto.certificates import Certificate
from dlmskit.crypto.curves import Curve, curve_of
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.crypto.suites import suite_of
from dlmskit.errors import ConfigError, DlmsError
from dlmskit.security.key_pairs import KeyPairs, pair_from_hex
from dlmskit.security.parties import Correspondence, Identity, KnownParty
from dlmskit.types.system_title import SystemTitle


@dataclass(frozen=True, slots=True)
class MeterPairs:
    """What the meter has, and what it knows of its clients."""

    meter: KeyPairs = KeyPairs()  # noqa: RUF009  frozen
    client: KeyPairs = KeyPairs()  # noqa: RUF009  frozen
    """With the private keys where they were made here."""
    certificate: Certificate | None = None
    """The meter's for signatures: it introduces itself with it."""
    trust_anchors: tuple[Certificate, ...] = ()

    def correspondence(self) -> Correspondence:
        """For the associations of the meter: every client has the same key pair here."""
        return Correspondence(
            identity=Identity(signing=self.meter.signing_key, agreement=self.meter.agreement_key),
            directory=self._known,
            random=secrets.token_bytes,
            ephemeral=AgreementKey.generate,
        )

    def _known(self, title: SystemTitle) -> KnownParty:
        return KnownParty(title=title, verification=self.client.signing_public_key, agreement=self.client.agreement_public_key)


def meter_pairs(description: Description, title: SystemTitle, folder: Path) -> MeterPairs:
    """The key pairs of the meter and of its clients; empty in suite 0. Raises ConfigError."""
    suite = suite_of(description.meter.security_suite)
    if suite.curve is None:
        return MeterPairs()
    if description.keys is not None:
        return _pairs_of_table(description.keys, curve_of(suite))
    if description.keys_file is None:
        return MeterPairs()
    vault = read_key_file(folder / description.keys_file)
    entry = vault.entry_for(title)
    client = vault[OWN_ENTRY].pairs if OWN_ENTRY in vault else KeyPairs()
    return MeterPairs(entry.pairs, client, entry.signing_certificate, entry.trust_anchors)


def clients_pairs(description: Description) -> KeyPairs:
    """The key pairs of the clients that a laboratory has; empty in suite 0. Raises ConfigError."""
    suite = suite_of(description.meter.security_suite)
    if suite.curve is None or description.keys is None:
        return KeyPairs()
    return _pairs_of_table(description.keys, curve_of(suite)).client


def _pairs_of_table(table: Keys, curve: Curve) -> MeterPairs:
    meter: dict[str, Any] = {"signing_key": table.signing_key, "agreement_key": table.agreement_key}
    client: dict[str, Any] = {
        "signing_public_key": table.client_signing_public_key,
        "agreement_public_key": table.client_agreement_public_key,
    }
    try:
        given = [{name: pair_from_hex(name, text) for name, text in words.items() if text} for words in (meter, client)]
    except DlmsError as error:
        raise ConfigError(f"keys: {error}") from None
    made: dict[str, dict[str, Any]] = {
        "meter": {"signing_key": _lab_signing(table, curve, "meter"), "agreement_key": _lab_agreement(table, curve, "meter")},
        "client": {"signing_key": _lab_signing(table, curve, "client"), "agreement_key": _lab_agreement(table, curve, "client")},
    }
    for name in given[1]:  # the private half of a public key that was given is not here
        del made["client"][name.replace("_public", "")]
    return MeterPairs(KeyPairs(**(made["meter"] | given[0])), KeyPairs(**(made["client"] | given[1])))


def _lab_signing(table: Keys, curve: Curve, whose: str) -> SigningKey:
    return SigningKey(curve, _number(table, curve, f"{whose} signing"))


def _lab_agreement(table: Keys, curve: Curve, whose: str) -> AgreementKey:
    return AgreementKey(curve, _number(table, curve, f"{whose} agreement"))


def _number(table: Keys, curve: Curve, purpose: str) -> bytes:
    """From 1 to the order less 1, evenly enough for a laboratory."""
    seed = hashlib.shake_256(f"dlmskit lab key pair/{purpose}/{table.guek}/{table.gak}".lower().encode()).digest(64)
    return (int.from_bytes(seed) % (curve.order - 1) + 1).to_bytes(curve.coordinate_octets)
