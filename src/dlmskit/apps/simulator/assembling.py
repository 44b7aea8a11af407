"""A simulated meter is put together from its description: logical devices, objects, mechanisms, clients, in that order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from dlmskit.apps.simulator.admitting import admit
from dlmskit.apps.simulator.description import Description, PushTable, Register, clients_of
from dlmskit.apps.simulator.forgetting import CounterMemory
from dlmskit.apps.simulator.guarding import add_image_transfer, add_port_protection, add_security_log, admit_third_party
from dlmskit.apps.simulator.key_pairs import meter_pairs
from dlmskit.apps.simulator.limits import add_limiter
from dlmskit.apps.simulator.listed_rights import ListedRights
from dlmskit.apps.simulator.load_curve import Household
from dlmskit.apps.simulator.measuring import Measurement
from dlmskit.apps.simulator.modelled import add_model, measure
from dlmskit.apps.simulator.models import Model, model
from dlmskit.apps.simulator.objects import (
    MeasuredProfile,
    SimulatedTime,
    clock_object,
    general_object,
    profile_object,
    register_object,
)
from dlmskit.apps.simulator.past import commissioning
from dlmskit.apps.simulator.payment import Tokens, add_payment
from dlmskit.apps.simulator.pushing import push_object
from dlmskit.apps.simulator.role_tables import Client, RoleTable
from dlmskit.apps.simulator.secrets import device_secret, meter_keys, payment_key, trust_anchors
from dlmskit.apps.simulator.supply import Supply
from dlmskit.apps.simulator.tariffs import Tariffs
from dlmskit.apps.simulator.twins import add_twin, twin_rights
from dlmskit.cosem.classes.profile_generic import ProfileGeneric
from dlmskit.cosem.classes.push_setup import PushSetupV0
from dlmskit.cosem.classes.register import Register as RegisterObject
from dlmskit.cosem.model import InterfaceClass
from dlmskit.errors import ConfigError, DlmsError
from dlmskit.server import Database, Device, Grants, LogicalDevice, StoredRows
from dlmskit.server.security_logs import SecurityLogs
from dlmskit.types.obis import Obis
from dlmskit.types.sap import MANAGEMENT_LOGICAL_DEVICE
from dlmskit.types.system_title import SystemTitle


class Assembly:
    """The device of a description, its objects in place and its clients admitted, not yet alive.

    Raises ConfigError for a description that makes no sense, with the table that is wrong.
    """

    def __init__(
        self, description: Description, database: Database, folder: Path, time: SimulatedTime, device_words: Mapping[str, Any]
    ) -> None:
        self.description, self.database, self.time = description, database, time
        title = SystemTitle(description.meter.system_title)
        with at_table("keys"):
            secret = device_secret(description, folder)
            self._anchors = trust_anchors(description, folder)
        device = partial(Device, title, database=database, clock=time, secret=secret, **device_words)
        self.counters = CounterMemory(database, lambda counters: device(counters=counters))
        self.device = self.counters.device
        self._clock = clock_object(description.clock)
        self.measurement = self._measurement()
        self.supply = Supply(self.measurement, database, time)
        self._add_logical_devices()
        self._add_objects()
        self.tariffs = self._add_mechanisms(folder)
        self.profiles = self._add_profiles()
        self.pushes = self._add_pushes()
        with at_table("keys"):
            self._keys = meter_keys(description, title, folder)
            self.pairs = meter_pairs(description, title, folder)
            self._anchors += self.pairs.trust_anchors
        self._admit_clients()
        for number, twin in enumerate(description.twin, 1):
            with at_table(f"twin {number}"):
                self._live_on(add_twin(twin, self.device[MANAGEMENT_LOGICAL_DEVICE].tree))
        if description.meter.profile is not None:
            with at_table(f"profile {description.meter.profile}"):
                self._add_model(model(description.meter.profile))
        with at_table("keys in the state"):
            self.device.ready()
        self._check_grants()

    # --- objects -------------------------------------------------------------------------------------------------------

    def _measurement(self) -> Measurement:
        table, meter = self.description.household, self.description.meter
        household = Household(
            table.seed,
            table.annual_kwh,
            table.solar_kwp,
            annual_gas_m3=table.annual_gas_m3,
            annual_water_m3=table.annual_water_m3,
            annual_heat_kwh=table.annual_heat_kwh,
        )
        local = self._clock.local_time()
        return Measurement(household, phases=meter.phases, commissioned=meter.commissioned, local=local)

    def _add_logical_devices(self) -> None:
        meter = self.description.meter
        with at_table("meter"):
            self.device.add(LogicalDevice(MANAGEMENT_LOGICAL_DEVICE, meter.name, [self._clock], clock=self.time))
        for number, table in enumerate(self.description.logical_device, 1):
            with at_table(f"logical_device {number}"):
                clock = clock_object(self.description.clock)
                self.device.add(LogicalDevice(table.sap, table.name, [clock], clock=self.time))

    def _add_objects(self) -> None:
        for obis, value in self.description.registers.items():
            table = Register(measures=value) if isinstance(value, str) else value
            with at_table(f'registers, "{obis}"'):
                self._logical_device(table.logical_device).tree.add(register_object(obis, table, self.supply, self.time))
        for number, described in enumerate(self.description.object, 1):
            with at_table(f"object {number}"):
                self._logical_device(described.logical_device).tree.add(general_object(described))

    def _add_mechanisms(self, folder: Path) -> Tariffs | None:
        """What the meter does by itself; returns its tariffs."""
        described, tree = self.description, self.device[MANAGEMENT_LOGICAL_DEVICE].tree
        tariffs = None
        self.security_logs: SecurityLogs | None = None
        if described.tariffs is not None:
            with at_table("tariffs"):
                tariffs = Tariffs(
                    described.tariffs,
                    tree,
                    lambda moment: self.supply.energies(moment).active_import,
                    self.time,
                    self.database,
                    commissioning(described.meter.commissioned) - timedelta(days=1),  # whatever the zone: before the first Wh
                )
        if described.prepayment is not None:
            with at_table("prepayment"):
                key = payment_key(described, folder)
                assert key is not None  # noqa: S101 - there is prepayment
                add_payment(described.prepayment, tree, Tokens(key, self.device.system_title, self.database))
        if described.limiter is not None:
            with at_table("limiter"):
                add_limiter(described.limiter, tree)
        if described.image is not None:
            with at_table("image"):
                add_image_transfer(described.image, tree, self.database)
        for number, port in enumerate(described.port_protection, 1):
            with at_table(f"port_protection {number}"):
                add_port_protection(port, tree)
        for number, party in enumerate(described.third_party, 1):
            with at_table(f"third_party {number} ({party.name})"):
                admit_third_party(party, self._logical_device(party.logical_device))
        if described.security_log is not None:
            with at_table("security_log"):
                self.security_logs = add_security_log(described.security_log, self.device, self.database)
        return tariffs

    def _add_profiles(self) -> list[ProfileGeneric]:
        made = []
        for number, table in enumerate(self.description.profile, 1):
            with at_table(f"profile {number}"):
                tree = self._logical_device(table.logical_device).tree
                rows = StoredRows(self.database, table.logical_device, Obis(table.obis))
                made.append(tree.add(profile_object(table, tree, rows, self.time)))
                columns = ", ".join(table.columns)
                self.database.claim(f"columns of {table.logical_device} {table.obis}", columns, "start it with new state")
        return made

    def _add_pushes(self) -> list[tuple[PushSetupV0, PushTable]]:
        made = []
        for number, table in enumerate(self.description.push, 1):
            with at_table(f"push {number}"):
                tree = self._logical_device(table.logical_device).tree
                made.append((tree.add(push_object(table, tree)), table))
        return made

    # --- clients -------------------------------------------------------------------------------------------------------

    def _admit_clients(self) -> None:
        description = self.description
        for number, client in enumerate(clients_of(description), 1):
            kind, place = ("client", number) if number <= len(description.client) else ("role", number - len(description.client))
            with at_table(f"{kind} {place} ({client.name})"):
                self._admit(client, self._logical_device(client.logical_device), self._twin_rights(client))

    def _admit(self, client: Client, logical_device: LogicalDevice, grants: Grants | None) -> None:
        admit(
            client,
            logical_device,
            device=self.device,
            description=self.description,
            keys=self._keys,
            pairs=self.pairs,
            anchors=self._anchors,
            grants=grants,
        )

    def _add_model(self, model: Model) -> None:
        """The associations of a real meter, and what each of them sees. Clients of the description go before."""
        logical_device = self.device[MANAGEMENT_LOGICAL_DEVICE]
        for client in model.clients():
            if client.sap in logical_device.clients:
                continue
            self._admit(client, logical_device, ListedRights(model.rights(client.name)))
        made = add_model(model, logical_device.tree, self.description.meter.phases, self.description.household.seed)
        for one in made:
            self._live_on(one)
            if isinstance(one, RegisterObject):
                measure(one, self.supply, self.time)

    def _twin_rights(self, client: Client) -> ListedRights | None:
        """A client of a twin without rights of its own has those of the one that wrote the twin down."""
        own = client.read or client.write or client.execute or (isinstance(client, RoleTable) and client.grant)
        return None if own or not self.description.twin else twin_rights(self.description.twin)

    def _live_on(self, one: InterfaceClass | None) -> None:
        """A profile that came as data captures from now on."""
        if isinstance(one, MeasuredProfile):
            one.rows = StoredRows(self.database, MANAGEMENT_LOGICAL_DEVICE, one.obis)
            one.time = self.time
            self.profiles.append(one)

    def _check_grants(self) -> None:
        for logical_device in self.device:
            for client in logical_device.clients.values():
                for pattern in client.grants.unmatched(logical_device.tree):
                    raise ConfigError(f"client {client.config.name}: no object is meant by {pattern}; mend it, or take it out")

    def _logical_device(self, sap: int) -> LogicalDevice:
        for found in self.device:
            if found.sap == sap:
                return found
        raise ConfigError(f"there is no logical device {sap}; add it under [[logical_device]]")


@contextmanager
def at_table(place: str) -> Iterator[None]:
    """Say in which table of the file something is wrong."""
    try:
        yield
    except DlmsError as error:
        raise ConfigError(f"{place}: {error}") from error
