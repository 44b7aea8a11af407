"""A simulated meter from its description: built, filled with its past, served, capturing until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from dlmskit.apps.simulator.admitting import admit
from dlmskit.apps.simulator.beating import Heart
from dlmskit.apps.simulator.description import Description, PushTable, Register, clients_of
from dlmskit.apps.simulator.faults import Faults
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
from dlmskit.apps.simulator.past import commissioning, go_on, live_through
from dlmskit.apps.simulator.payment import Tokens, add_payment
from dlmskit.apps.simulator.pushing import Pushing, outlets_of, push_object
from dlmskit.apps.simulator.role_tables import Client, RoleTable
from dlmskit.apps.simulator.secrets import device_secret, meter_keys, payment_key, trust_anchors
from dlmskit.apps.simulator.supply import Supply
from dlmskit.apps.simulator.tariffs import Tariffs
from dlmskit.apps.simulator.twins import add_twin, twin_rights
from dlmskit.cosem.classes.account import Account
from dlmskit.cosem.classes.disconnect_control import DisconnectControlV0
from dlmskit.cosem.classes.profile_generic import ProfileGeneric
from dlmskit.cosem.classes.push_setup import PushSetupV0
from dlmskit.cosem.classes.register import Register as RegisterObject
from dlmskit.cosem.model import InterfaceClass
from dlmskit.errors import ConfigError, DlmsError
from dlmskit.security.keys import KeySet
from dlmskit.server import Database, Device, LogicalDevice, StoredRows
from dlmskit.server.living import Life
from dlmskit.server.security_logs import SecurityLogs
from dlmskit.types.obis import Obis
from dlmskit.types.sap import MANAGEMENT_LOGICAL_DEVICE
from dlmskit.types.system_title import SystemTitle


class SimulatedMeter:
    """A meter with a past, ready to be served by listeners. Raises ConfigError for a description that makes no sense.

    ``folder`` is where a relative ``keys_file`` starts; ``now`` stands in for the clock of the machine. Without a ``past``
    its profiles start empty.
    """

    def __init__(
        self,
        description: Description,
        database: Database | None = None,
        *,
        folder: Path = Path(),
        now: Callable[[], datetime] | None = None,
        past: bool = True,
        **device_words: Any,
    ) -> None:
        self.description = description
        self.time = SimulatedTime(now)
        title = SystemTitle(description.meter.system_title)
        self.database = Database(":memory:") if database is None else database
        with _at("keys"):
            secret = device_secret(description, folder)
            self._anchors = trust_anchors(description, folder)
        device = partial(Device, title, database=self.database, clock=self.time, secret=secret, **device_words)
        self.counters = CounterMemory(self.database, lambda counters: device(counters=counters))
        self.device = self.counters.device
        self._clock = clock_object(description.clock)
        self.measurement = self._measurement()
        self.supply = Supply(self.measurement, self.database, self.time)
        self._add_logical_devices()
        self._add_objects()
        self._tariffs = self._add_mechanisms(folder)
        self.profiles = self._add_profiles()
        pushes = self._add_pushes()
        with _at("keys"):
            keys = meter_keys(description, title, folder)
            self.pairs = meter_pairs(description, title, folder)
            self._anchors += self.pairs.trust_anchors
        self._model = None if description.meter.profile is None else model(description.meter.profile)
        for number, client in enumerate(clients_of(description), 1):
            kind, place = ("client", number) if number <= len(description.client) else ("role", number - len(description.client))
            with _at(f"{kind} {place} ({client.name})"):
                admit(
                    client,
                    self._logical_device(client.logical_device),
                    device=self.device,
                    description=description,
                    keys=keys,
                    pairs=self.pairs,
                    anchors=self._anchors,
                    grants=self._twin_rights(client),
                )
        for number, twin in enumerate(description.twin, 1):
            with _at(f"twin {number}"):
                self._live_on(add_twin(twin, self.device[MANAGEMENT_LOGICAL_DEVICE].tree))
        if self._model is not None:
            with _at(f"profile {self._model.id}"):
                self._add_model(self._model, keys)
        with _at("keys in the state"):
            self.device.ready()
        self._check_grants()
        with _at("outlets"):
            self.pushing = Pushing(self.device, pushes, outlets_of(description.outlets, description.meter.system_title).dial)
        self.faults = Faults(self, description.household.seed)
        self._come_to_life(past=past)

    # --- building ------------------------------------------------------------------------------------------------------

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
        with _at("meter"):
            self.device.add(LogicalDevice(MANAGEMENT_LOGICAL_DEVICE, meter.name, [self._clock], clock=self.time))
        for number, table in enumerate(self.description.logical_device, 1):
            with _at(f"logical_device {number}"):
                clock = clock_object(self.description.clock)
                self.device.add(LogicalDevice(table.sap, table.name, [clock], clock=self.time))

    def _add_objects(self) -> None:
        for obis, value in self.description.registers.items():
            table = Register(measures=value) if isinstance(value, str) else value
            with _at(f'registers, "{obis}"'):
                self._logical_device(table.logical_device).tree.add(register_object(obis, table, self.supply, self.time))
        for number, described in enumerate(self.description.object, 1):
            with _at(f"object {number}"):
                self._logical_device(described.logical_device).tree.add(general_object(described))

    def _add_mechanisms(self, folder: Path) -> Tariffs | None:
        """What the meter does by itself; returns its tariffs."""
        described, tree = self.description, self.device[MANAGEMENT_LOGICAL_DEVICE].tree
        tariffs = None
        self.security_logs: SecurityLogs | None = None
        if described.tariffs is not None:
            with _at("tariffs"):
                tariffs = Tariffs(
                    described.tariffs,
                    tree,
                    lambda moment: self.supply.energies(moment).active_import,
                    self.time,
                    self.database,
                    commissioning(described.meter.commissioned) - timedelta(days=1),  # whatever the zone: before the first Wh
                )
        if described.prepayment is not None:
            with _at("prepayment"):
                key = payment_key(described, folder)
                assert key is not None  # noqa: S101 - there is prepayment
                add_payment(described.prepayment, tree, Tokens(key, self.device.system_title, self.database))
        if described.limiter is not None:
            with _at("limiter"):
                add_limiter(described.limiter, tree)
        if described.image is not None:
            with _at("image"):
                add_image_transfer(described.image, tree, self.database)
        for number, port in enumerate(described.port_protection, 1):
            with _at(f"port_protection {number}"):
                add_port_protection(port, tree)
        for number, party in enumerate(described.third_party, 1):
            with _at(f"third_party {number} ({party.name})"):
                admit_third_party(party, self._logical_device(party.logical_device))
        if described.security_log is not None:
            with _at("security_log"):
                self.security_logs = add_security_log(described.security_log, self.device, self.database)
        return tariffs

    def _add_profiles(self) -> list[ProfileGeneric]:
        made = []
        for number, table in enumerate(self.description.profile, 1):
            with _at(f"profile {number}"):
                tree = self._logical_device(table.logical_device).tree
                rows = StoredRows(self.database, table.logical_device, Obis(table.obis))
                made.append(tree.add(profile_object(table, tree, rows, self.time)))
                columns = ", ".join(table.columns)
                self.database.claim(f"columns of {table.logical_device} {table.obis}", columns, "start it with new state")
        return made

    def _add_pushes(self) -> list[tuple[PushSetupV0, PushTable]]:
        made = []
        for number, table in enumerate(self.description.push, 1):
            with _at(f"push {number}"):
                tree = self._logical_device(table.logical_device).tree
                made.append((tree.add(push_object(table, tree)), table))
        return made

    def _add_model(self, model: Model, keys: KeySet) -> None:
        """The associations of a real meter, and what each of them sees. Clients of the description go before."""
        logical_device = self.device[MANAGEMENT_LOGICAL_DEVICE]
        for client in model.clients():
            if client.sap in logical_device.clients:
                continue
            rights = ListedRights(model.rights(client.name))
            admit(
                client,
                logical_device,
                device=self.device,
                description=self.description,
                keys=keys,
                pairs=self.pairs,
                anchors=self._anchors,
                grants=rights,
            )
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

    # --- living --------------------------------------------------------------------------------------------------------

    def _come_to_life(self, *, past: bool) -> None:
        """The kept state is back in its place: live through the past, and go on from there."""
        for logical_device in self.device:
            controls = logical_device.tree.of(DisconnectControlV0)
            if controls:
                self.supply.switch(on=all(control.output_state for control in controls))
                self.supply.follow(logical_device.tree)
        if self._tariffs is not None:
            self._tariffs.ready()
        if past:
            self._live_through_the_past()
        self.life = Life(self.device, at=self.time.at)
        with self.device.turn():
            for logical_device in self.device:
                for account in logical_device.tree.of(Account):
                    account.settle()
        self.catch_up()

    def _live_through_the_past(self) -> None:
        meter = self.description.meter
        days = (None if meter.profile is None else 1) if meter.past_days is None else meter.past_days
        most = timedelta.max if days is None else timedelta(days=days)
        live_through(self.device, self.profiles, self.time, self.database, meter.commissioned, most)

    def catch_up(self) -> int:
        """Do what is due; returns how many moments were run."""
        if self.faults.down:
            return 0
        with self.device.turn():
            return self.life.advance() if self.faults.power_returns() else go_on(self.life, self.time)

    def rows(self, number: int) -> int:
        """How many rows profile ``number`` has, counted from 0 in the order of the file."""
        return len(self.profiles[number].rows)

    def close(self) -> None:
        """Put the state away."""
        self.device.close()


@contextmanager
def _at(place: str) -> Iterator[None]:
    """Say in which table of the file something is wrong."""
    try:
        yield
    except DlmsError as error:
        raise ConfigError(f"{place}: {error}") from error


@contextlib.asynccontextmanager
async def running(meter: SimulatedMeter, speed: float = 1.0) -> AsyncIterator[SimulatedMeter]:
    """Let the meter capture and push while the block runs."""
    heart = Heart(meter.catch_up, meter.life, meter.pushing, meter.time, speed)
    heart.start()
    sending = asyncio.create_task(meter.pushing.run())
    try:
        yield meter
    finally:
        heart.stop()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
