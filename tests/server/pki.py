"""A meter with its certificates, and an owner who can agree on keys with it: personalised through its own security setup."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from dlmskit.codec.data import Data
from dlmskit.crypto import ecdsa
from dlmskit.crypto.certificates import Certificate, CertificateAuthority, CertificateRequest, Role, Validity
from dlmskit.crypto.curves import Curve, curve_of
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.crypto.ecdh import AgreementKey
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.crypto.kdf import algorithm_id, ephemeral_unified_info
from dlmskit.crypto.suites import SUITES
from dlmskit.security.keys import KeyRole, KeySet
from dlmskit.server import Database, Device
from dlmskit.types.system_title import SystemTitle
from tests.server.keyed import HEAD_END, ROLES, Owner, authority, fresh_keys, key_list, meter
from tests.server.peers import METER

VALIDITY = Validity(datetime(2020, 1, 1, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC))


@dataclass
class Personalised:
    """A meter with signature certificates on both sides."""

    suite: int
    keys: KeySet
    device: Device
    root: CertificateAuthority
    signer: SigningKey
    """Of the owner."""
    meter_certificate: Certificate

    @property
    def curve(self) -> Curve:
        return curve_of(SUITES[self.suite])

    def owner(self, keys: KeySet | None = None, **settings: Any) -> Owner:
        return Owner(self.device, keys or self.keys, security_suite=self.suite, **settings)

    def agree(self, owner: Owner, *roles: KeyRole, spoil: Any = None) -> tuple[int, dict[KeyRole, bytes]]:
        """key_agreement as a client does it: its result, and the keys that came of it."""
        pairs = {role: AgreementKey.generate(self.curve) for role in roles}
        sent = {}
        for role, pair in pairs.items():
            number = bytes((ROLES.index(role),))
            sent[number[0]] = pair.public.octets + self.signer.sign(number + pair.public.octets)
        if spoil is not None:
            sent = spoil(sent)
        answer = owner.call(3, key_list(sent))
        if answer.result:
            return int(answer.result), {}
        new = {}
        for key_id, octets in answer.return_parameters.value:
            role, size = ROLES[key_id], self.curve.public_key_octets
            ecdsa.verify(self.meter_certificate.public_key, bytes((key_id,)) + octets[:size], octets[size:])
            suite = SUITES[self.suite]
            info = ephemeral_unified_info(algorithm_id(suite, wrapping=role is KeyRole.KEK), owner.title, METER)
            new[role] = pairs[role].derive(PublicKey(self.curve, octets[:size]), suite, info)
        return 0, new


def personalise(
    suite: int,
    database: Database | None = None,
    root: CertificateAuthority | None = None,
    title: SystemTitle = HEAD_END,
    **words: Any,
) -> Personalised:
    """Key pair, request and certificates through methods 4, 5 and 6."""
    keys, root = fresh_keys(suite), root or authority(suite)
    device = meter(keys, database, anchors=(root.certificate,), settings={"security_suite": suite}, **words)
    owner = Owner(device, keys, title, security_suite=suite).open()
    assert owner.call(4, Data.enum(0)).result == 0
    request = CertificateRequest(owner.call(5, Data.enum(0)).return_parameters.value)
    certificate = root.certify(request, METER, Role.SIGNATURE, 1001, VALIDITY)
    assert owner.call(6, Data.octet_string(certificate.octets)).result == 0
    signer = SigningKey.generate(curve_of(SUITES[suite]))
    own = root.issue(title, signer.public, Role.SIGNATURE, 1002, VALIDITY)
    assert owner.call(6, Data.octet_string(own.octets)).result == 0
    owner.release()
    owner.lose()
    return Personalised(suite, keys, device, root, signer, certificate)
