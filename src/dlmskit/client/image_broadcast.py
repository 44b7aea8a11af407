"""Blocks of an image to many meters at once: unconfirmed, under the broadcast key; what gets lost is filled in by unicast.

Each meter is told to begin by unicast first, and all with the same image. Nobody answers a broadcast, so there is nothing to wait
for but the medium: ``pause`` is the time between two blocks, in s.
"""

from __future__ import annotations

import asyncio
from secrets import token_bytes

from dlmskit.apdu import CosemMethodDescriptor
from dlmskit.association.client.association import ClientAssociation
from dlmskit.association.credentials import Credentials
from dlmskit.association.settings import AssociationSettings
from dlmskit.client.image_transfer import CLASS_ID, IMAGE_TRANSFER, Progress, block, nobody
from dlmskit.cosem.images import blocks_of
from dlmskit.security.keys import KeySet
from dlmskit.security.policy import STRONGEST_SYMMETRIC
from dlmskit.transport.base import Transport
from dlmskit.types.enums import ApplicationContext, Mechanism
from dlmskit.types.sap import ALL_STATION
from dlmskit.types.system_title import SystemTitle

BROADCAST_CLIENT = 102
"""Client SAP of the pre-established association of IDIS meters."""
_BLOCK_TRANSFER = CosemMethodDescriptor(CLASS_ID, IMAGE_TRANSFER.octets, 2)


def broadcast_settings(client_title: SystemTitle, *, client_sap: int = BROADCAST_CLIENT, suite: int = 0) -> AssociationSettings:
    """The association of a broadcast client: pre-established, every message authenticated and encrypted."""
    return AssociationSettings(
        client_sap=client_sap,
        server_sap=ALL_STATION,
        application_context=ApplicationContext.LN_CIPHERED,
        mechanism=Mechanism.LOWEST,
        pre_established=True,
        security_suite=suite,
        security_policy=STRONGEST_SYMMETRIC,
        client_system_title=client_title,
    )


async def broadcast_image(
    transport: Transport,
    settings: AssociationSettings,
    keys: KeySet | Credentials,
    image: bytes,
    block_size: int,
    *,
    pause: float = 0.0,
    progress: Progress = nobody,
) -> None:
    """Send every block once, to whoever listens. The transport is open.

    Keys: the broadcast key and the authentication key of the group; as `Credentials` with counters that are kept. Raises
    SecurityError (missing-key), TransportError.
    """
    credentials = keys if isinstance(keys, Credentials) else Credentials(keys=keys)
    association = ClientAssociation(settings, credentials, random=token_bytes)
    count = blocks_of(len(image), block_size)
    for number in range(count):
        progress("broadcast", number, count)
        await transport.send(association.action_unconfirmed(_BLOCK_TRANSFER, block(image, number, block_size)))
        await asyncio.sleep(pause)
    progress("broadcast", count, count)
