"""A simulated meter from its description: built, filled with its past, served, capturing until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from dlmskit.apps.simulator.capturing import Capturing
from dlmskit.apps.simulator.description import Client, Description, PushTable, Register, clients_of
from dlmskit.apps.simulator.key_pairs import meter_pairs
from dlmskit.apps.simulator.load_curve import Household
from dlmskit.apps.simulator.measuring import Measurement
from dlmskit.apps.simulator.objects import (
    SimulatedTime,
    clock_object,
    general_object,
    profile_object,
    register_object,
)
from dlmskit.apps.simulator.pushing import Pushing, push_object
from dlmskit.apps.simulator.roles import grants_of, policy_of, versions_of
from dlmskit.apps.simulator.secrets import client_keys, device_secret, meter_keys, trust_anchors
from dlmskit.association.credentials import Credentials
from dlmskit.association.settings import AssociationSettings
from dlmskit.cosem.classes.profile_generic import ProfileGeneric
from dlmskit.cosem.classes.push_setup import PushSetupV0
from dlmskit.crypto.certificates import Trust
from dlmskit.crypto.suites import suite_of
from dlmskit.errors import ConfigError, DlmsError
from dlmskit.security.introduction import CertificateCheck
from dlmskit.security.keys import KeySet
from dlmskit.server import ClientConfig, Database, Device, LogicalDevice, StoredRows
from dlmskit.types.enums import ApplicationContext, Mechanism
from dlmskit.types.obis import Obis
from dlmskit.types.sap import MANAGEMENT_LOGICAL_DEVICE
from dlmskit.types.system_title import SystemTitle

_MECHANISMS = {mechanism.label: mechanism for mechanism in Mechanism}
_CONTEXTS = {
    ("logical", False): ApplicationContext.LN,
    ("logical", True): ApplicationContext.LN_CIPHERED,
    ("short", False): ApplicationContext.SN,
    ("short", True): ApplicationContext.SN_CIPHERED,
}
_LONGEST_SLEEP = 20.0
"""Seconds; the clock of the machine, or that of the meter, may be set while nothing is due."""


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
        self.device = Device(title, database=self.database, clock=self.time, secret=secret, **device_words)
        self._clock = clock_object(description.clock)
        self.measurement = self._measurement()
        self._add_logical_devices()
        self._add_objects()
        profiles = self._add_profiles()
        pushes = self._add_pushes()
        with _at("keys"):
            keys = meter_keys(description, title, folder)
            self.pairs = meter_pairs(description, title, folder)
            self._anchors += self.pairs.trust_anchors
        for number, client in enumerate(clients_of(description), 1):
            kind, place = ("client", number) if number <= len(description.client) else ("role", number - len(description.client))
            with _at(f"{kind} {place} ({client.name})"):
                self._admit(client, keys)
        with _at("keys in the state"):
            self.device.ready()
        self._check_grants()
        self.pushing = Pushing(self.device, pushes)
        self._capturing = [Capturing(profile, self._clock, self.time, self.database) for profile in profiles]
        if past:
            self.catch_up()

    # --- building ------------------------------------------------------------------------------------------------------

    def _measurement(self) -> Measurement:
        table, meter = self.description.household, self.description.meter
        household = Household(table.seed, table.annual_kwh, table.solar_kwp)
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
                self._logical_device(table.logical_device).tree.add(register_object(obis, table, self.measurement, self.time))
        for number, described in enumerate(self.description.object, 1):
            with _at(f"object {number}"):
                self._logical_device(described.logical_device).tree.add(general_object(described))

    def _add_profiles(self) -> list[ProfileGeneric]:
        made = []
        for number, table in enumerate(self.description.profile, 1):
            with _at(f"profile {number}"):
                tree = self._logical_device(table.logical_device).tree
                rows = StoredRows(self.database, table.logical_device, Obis(table.obis))
                made.append(tree.add(profile_object(table, tree, rows)))
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

    def _admit(self, client: Client, keys: KeySet) -> None:
        logical_device = self._logical_device(client.logical_device)
        mechanism = _MECHANISMS[client.mechanism]
        settings = AssociationSettings(
            client_sap=client.sap,
            server_sap=client.logical_device,
            application_context=_CONTEXTS[client.names, client.ciphered],
            mechanism=mechanism,
            security_suite=self.description.meter.security_suite,
            security_policy=policy_of(client),
            server_system_title=self.device.system_title,
            client_system_title=None if client.system_title is None else SystemTitle(client.system_title),
            max_pdu_size=self.description.meter.max_pdu_size,
            block_window=self.description.meter.block_window,
        )
        device = self.device
        config = ClientConfig(
            name=client.name,
            settings=settings,
            credentials=Credentials(
                keys=client_keys(client, keys),
                correspondence=self.pairs.correspondence(),
                certificate=None if self.pairs.certificate is None else self.pairs.certificate.octets,
                certificate_check=self._certificate_check(),
                transmit=device.transmit,
                received=device.received,
            ),
            most_associations=client.most_associations or (1 if settings.needs_titles else 8),
            newest_wins=client.newest_wins,
            trust_anchors=self._anchors,
            **versions_of(client),
        )
        logical_device.admit(config, grants_of(client), last_counter=device.last_counter)

    def _certificate_check(self) -> CertificateCheck | None:
        """Clients may introduce themselves where the meter believes an authority."""
        if not self._anchors:
            return None
        trust = Trust(suite=suite_of(self.description.meter.security_suite), anchors=self._anchors)
        return CertificateCheck(trust=trust, now=self.time.utc_now)

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

    def catch_up(self) -> int:
        """Make up for the captures that are due; returns how many there were."""
        commissioned = datetime.combine(self.description.meter.commissioned, time(), UTC) + timedelta(days=1)
        now = self.time.utc_now()
        return sum(capturing.catch_up(now, commissioned) for capturing in self._capturing)

    async def run(self) -> None:
        """Capture whenever it is due, until cancelled."""
        while True:
            now = self.time.utc_now()
            due = [moment for capturing in self._capturing if (moment := capturing.upcoming(now)) is not None]
            wait = min(((moment - now).total_seconds() for moment in due), default=_LONGEST_SLEEP)
            await asyncio.sleep(min(max(wait, 0.05), _LONGEST_SLEEP))
            self.catch_up()

    def rows(self, number: int) -> int:
        """How many rows profile ``number`` has, counted from 0 in the order of the file."""
        return len(self._capturing[number].profile.rows)

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
async def running(meter: SimulatedMeter) -> AsyncIterator[SimulatedMeter]:
    """Let the meter capture and push while the block runs."""
    tasks = [asyncio.create_task(meter.run()), asyncio.create_task(meter.pushing.run())]
    try:
        yield meter
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
