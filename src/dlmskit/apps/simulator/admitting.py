"""Who may associate with a simulated meter: a client of its description as one of the server's."""

from __future__ import annotations

from dlmskit.apps.simulator.description import Description
from dlmskit.apps.simulator.key_pairs import MeterPairs
from dlmskit.apps.simulator.role_tables import Client
from dlmskit.apps.simulator.roles import grants_of, policy_of, versions_of
from dlmskit.apps.simulator.secrets import client_keys
from dlmskit.association.credentials import Credentials
from dlmskit.association.settings import AssociationSettings
from dlmskit.crypto.certificates import Certificate, Trust
from dlmskit.crypto.suites import suite_of
from dlmskit.security.introduction import CertificateCheck
from dlmskit.security.keys import KeySet
from dlmskit.server import ClientConfig, Device, Grants, LogicalDevice
from dlmskit.types.enums import ApplicationContext, Mechanism
from dlmskit.types.system_title import SystemTitle

_MECHANISMS = {mechanism.label: mechanism for mechanism in Mechanism}
_CONTEXTS = {
    ("logical", False): ApplicationContext.LN,
    ("logical", True): ApplicationContext.LN_CIPHERED,
    ("short", False): ApplicationContext.SN,
    ("short", True): ApplicationContext.SN_CIPHERED,
}


def admit(
    client: Client,
    logical_device: LogicalDevice,
    *,
    device: Device,
    description: Description,
    keys: KeySet,
    pairs: MeterPairs,
    anchors: tuple[Certificate, ...],
    grants: Grants | None = None,
) -> None:
    """Let a client in, with the rights of its table where no others are given. Raises ConfigError."""
    settings = _settings(client, device, description)
    config = ClientConfig(
        name=client.name,
        settings=settings,
        credentials=Credentials(
            keys=client_keys(client, keys),
            correspondence=pairs.correspondence(),
            certificate=None if pairs.certificate is None else pairs.certificate.octets,
            certificate_check=_certificate_check(device, description, anchors),
            transmit=device.transmit,
            received=device.received,
        ),
        most_associations=client.most_associations or (1 if settings.needs_titles else 8),
        newest_wins=client.newest_wins,
        trust_anchors=anchors,
        **versions_of(client),
    )
    logical_device.admit(config, grants_of(client) if grants is None else grants, last_counter=device.last_counter)


def _settings(client: Client, device: Device, description: Description) -> AssociationSettings:
    return AssociationSettings(
        client_sap=client.sap,
        server_sap=client.logical_device,
        application_context=_CONTEXTS[client.names, client.ciphered],
        mechanism=_MECHANISMS[client.mechanism],
        security_suite=description.meter.security_suite,
        security_policy=policy_of(client),
        server_system_title=device.system_title,
        client_system_title=None if client.system_title is None else SystemTitle(client.system_title),
        max_pdu_size=description.meter.max_pdu_size,
        block_window=description.meter.block_window,
    )


def _certificate_check(device: Device, description: Description, anchors: tuple[Certificate, ...]) -> CertificateCheck | None:
    """Clients may introduce themselves where the meter believes an authority."""
    if not anchors:
        return None
    trust = Trust(suite=suite_of(description.meter.security_suite), anchors=anchors)
    return CertificateCheck(trust=trust, now=device.clock.utc_now)
