"""What guards a simulated meter and what it takes from others: security log, port protection, third parties, firmware."""

from __future__ import annotations

from dlmskit.apps.simulator.mechanisms import ImageTable, PortProtectionTable, SecurityLogTable, ThirdPartyTable
from dlmskit.cosem.classes.communication_port_protection import CommunicationPortProtection
from dlmskit.cosem.classes.data_protection import DataProtection
from dlmskit.cosem.classes.image_transfer import ImageTransfer
from dlmskit.cosem.objects import ObjectTree
from dlmskit.crypto.ec_keys import PublicKey
from dlmskit.errors import ConfigError
from dlmskit.security.key_pairs import pair_from_hex
from dlmskit.server import Database, Device, Grants, LogicalDevice, StoredRows
from dlmskit.server.firmware import FirmwareKeeper
from dlmskit.server.security_logs import SecurityLogs
from dlmskit.server.storage.images import StoredImage
from dlmskit.types.obis import Obis
from dlmskit.types.sap import MANAGEMENT_LOGICAL_DEVICE
from dlmskit.types.system_title import SystemTitle

IMAGE_TRANSFER, DATA_PROTECTION = Obis("0.0.44.0.0.255"), Obis("0.0.43.2.0.255")
PORTS = {"tcp": Obis("0.0.25.0.0.255"), "hdlc": Obis("0.0.22.0.0.255"), "mbus": Obis("0.0.24.0.0.255")}
"""Set-up objects of the ports that a meter is served on."""


def add_security_log(table: SecurityLogTable, device: Device, database: Database) -> SecurityLogs:
    """The log as objects of the management logical device."""
    name = Obis(bytes((0, 0, 99, 98, table.instance, 255)))
    rows = StoredRows(database, MANAGEMENT_LOGICAL_DEVICE, name)
    tree = device[MANAGEMENT_LOGICAL_DEVICE].tree
    return SecurityLogs(tree, device.log, device.tally, rows, depth=table.depth, instance=table.instance)


def add_image_transfer(table: ImageTable, tree: ObjectTree, database: Database) -> FirmwareKeeper:
    """Image transfer of the management logical device. Raises ConfigError for what is no public key."""
    key = pair_from_hex("signing_public_key", table.public_key)
    if not isinstance(key, PublicKey):
        raise ConfigError("public_key is no public key")
    keeper = FirmwareKeeper(database, key, table.device_type, table.version)
    store = StoredImage(database, MANAGEMENT_LOGICAL_DEVICE, IMAGE_TRANSFER)
    tree.add(
        ImageTransfer(
            IMAGE_TRANSFER,
            store=store,
            keeper=keeper,
            image_block_size=table.block_size,
            image_transfer_enabled=table.enabled,
        )
    )
    return keeper


def add_port_protection(table: PortProtectionTable, tree: ObjectTree) -> CommunicationPortProtection:
    """The object that guards a port. Raises ConfigError for a port that has no name."""
    port = PORTS.get(table.port)
    return tree.add(
        CommunicationPortProtection(
            Obis(table.obis),
            port_reference=Obis(table.port) if port is None else port,
            allowed_failed_attempts=table.allowed_failed_attempts,
            initial_lockout_time=table.initial_lockout_time,
            steepness_factor=table.steepness_factor,
            max_lockout_time=table.max_lockout_time,
        )
    )


def admit_third_party(table: ThirdPartyTable, logical_device: LogicalDevice) -> None:
    """Give a third party its rights. Raises ConfigError where its system title is one, or was given rights before."""
    title = SystemTitle(table.system_title)
    if title in logical_device.third_parties:
        raise ConfigError(f"two third parties have the system title {title}")
    if not logical_device.tree.of(DataProtection):
        logical_device.tree.add(DataProtection(DATA_PROTECTION))
    logical_device.third_parties[title] = Grants.parse(table.read, table.write, table.execute)
