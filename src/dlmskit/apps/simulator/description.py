"""The file that describes a simulated meter: its tables and keys as types, read from TOML with errors that say what to do.

An unknown key is an error, so that a misspelt one is not a setting that was never made. What the words mean is decided in
`registers`, `objects` and `building`.
"""

from __future__ import annotations

import tomllib
import typing
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import msgspec

from dlmskit.apps.simulator.explaining import explained
from dlmskit.apps.simulator.mechanisms import (
    FleetTable,
    ImageTable,
    LimiterTable,
    OutletsTable,
    PortProtectionTable,
    PrepaymentTable,
    SecurityLogTable,
    TariffsTable,
    ThirdPartyTable,
)
from dlmskit.apps.simulator.role_tables import Client, IntentTable, RoleTable
from dlmskit.apps.simulator.tables import Table
from dlmskit.errors import ConfigError


class Meter(Table, frozen=True):
    """``[meter]``: who it is."""

    system_title: str
    """16 hexadecimal digits; the first three octets are the manufacturer's letters."""
    name: str
    """Logical device name of the management logical device."""
    phases: typing.Literal[1, 3] = 1
    """Registers of L2 and L3 need three."""
    commissioned: date = date(2024, 1, 1)
    """When its energy registers were 0."""
    max_pdu_size: Annotated[int, msgspec.Meta(ge=64, le=65535)] = 2048
    """The largest APDU in octets that it receives."""
    block_window: Annotated[int, msgspec.Meta(ge=0, le=63)] = 16
    """Blocks of general block transfer that it receives in one stream; 0 where it has no general block transfer."""
    profile: str | None = None
    """A real meter's object model, as ``nl-smr55``: its objects, associations and rights (``dlmskit simulate --list``)."""
    past_days: Annotated[int, msgspec.Meta(ge=0, le=4000)] | None = None
    """Days of its past that a new meter is filled with: all that its profiles hold where it is left out, 1 with ``profile``."""
    security_suite: Annotated[int, msgspec.Meta(ge=0, le=2)] = 0
    """Suites 1 and 2 have key pairs and compression; suite 2 has keys of 32 octets."""


class Clock(Table, frozen=True):
    """``[clock]``: local time."""

    utc_offset_minutes: Annotated[int, msgspec.Meta(ge=-720, le=840)] = 60
    """Minutes to add to UTC in winter; 60 in Berlin. (On the wire the sign is the other one.)"""
    daylight_saving: bool = True
    """Whether the clock changes in March and October, by the rule of the European Union."""


class HouseholdTable(Table, frozen=True):
    """``[household]``: what there is to measure."""

    seed: int = 1
    """Another number is another family."""
    annual_kwh: Annotated[float, msgspec.Meta(gt=0, le=1_000_000)] = 3500.0
    """What it consumes in a year."""
    solar_kwp: Annotated[float, msgspec.Meta(ge=0, le=1000)] = 0.0
    """Peak power of the roof in kW; above 0 the meter exports."""
    annual_gas_m3: Annotated[float, msgspec.Meta(ge=0, le=1_000_000)] = 1500.0
    """Gas in a year."""
    annual_water_m3: Annotated[float, msgspec.Meta(ge=0, le=1_000_000)] = 120.0
    """Water in a year."""
    annual_heat_kwh: Annotated[float, msgspec.Meta(ge=0, le=10_000_000)] = 12000.0
    """Heat in a year."""


class Keys(Table, frozen=True):
    """``[keys]``: shared with the ciphered clients; hexadecimal."""

    secret_fields = frozenset(("guek", "gak", "kek", "device_secret", "hls_secret", "signing_key", "agreement_key"))

    guek: str
    """Global unicast encryption key."""
    gak: str
    """Global authentication key."""
    kek: str | None = None
    """Master key: wraps keys of general-ciphering."""
    device_secret: str | None = None
    """Seals the keys that clients change in the state folder, 16 octets or more; without it the keys are not changed."""
    hls_secret: str | None = None
    """Of the mechanisms ``hls-md5``, ``hls-sha1`` and ``hls-sha256``."""
    signing_key: str | None = None
    """The meter's private key for signatures; in suites 1 and 2 one is derived where it is left out."""
    agreement_key: str | None = None
    """The meter's private key for key agreement; likewise."""
    client_signing_public_key: str | None = None
    """Verifies what clients sign; where it is left out, that of the key pair that the key file for clients holds."""
    client_agreement_public_key: str | None = None
    """The clients' public key for key agreement; likewise."""


class LogicalDeviceTable(Table, frozen=True):
    """``[[logical_device]]``: one more beside the management logical device."""

    sap: int
    """Its server SAP; 1 is the management logical device."""
    name: str
    """Its logical device name."""


class Typed(Table, frozen=True):
    """A value with the name of its type: ``{ type = "unsigned", value = 5 }``."""

    type: str
    """A type of COSEM data, as ``long-unsigned``."""
    value: typing.Any
    """The value."""


class Register(Table, frozen=True):
    """A register in its long form; the short one is the text of ``measures`` alone."""

    measures: str
    """What it measures: one of the words below."""
    scaler: Annotated[int, msgspec.Meta(ge=-9, le=9)] | None = None
    """In place of the usual one."""
    logical_device: int = 1
    """Server SAP of its logical device."""


class Object(Table, frozen=True):
    """``[[object]]``: any object, with the attributes that do not start as the class says."""

    obis: str
    """Logical name."""
    class_id: int | None = None
    """The usual class of the code where it is left out."""
    version: int | None = None
    """The newest one that is known."""
    logical_device: int = 1
    """Server SAP of its logical device."""
    attributes: dict[str, Any] = msgspec.field(default_factory=dict)
    """Values by attribute name; where the class leaves the type open, ``{ type = "...", value = ... }``."""


class Profile(Table, frozen=True):
    """``[[profile]]``: a load profile."""

    obis: str
    """Logical name."""
    period: Annotated[int, msgspec.Meta(ge=60, le=86400)]
    """Seconds between captures."""
    depth: Annotated[int, msgspec.Meta(ge=1, le=400_000)]
    """Rows that are kept; a new meter starts with all of them filled, as far as it was commissioned by then."""
    columns: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=64)]
    """Logical names, with ``:n`` for another attribute than the value (or the time of a clock)."""
    logical_device: int = 1
    """Server SAP of its logical device."""


class TwinTable(Table, frozen=True):
    """``[[twin]]``: an object as a live meter showed it (``dlmskit objects URL --export FILE``)."""

    obis: str
    """Logical name."""
    class_id: Annotated[int, msgspec.Meta(ge=0, le=65535)]
    """Its interface class, known or not."""
    version: Annotated[int, msgspec.Meta(ge=0, le=255)]
    """Of the class."""
    attributes: dict[str, int] = msgspec.field(default_factory=dict)
    """Access mode of each attribute, as in Association LN version 3: 1 read, 2 write, 3 both, and bits for protection."""
    methods: dict[str, int] = msgspec.field(default_factory=dict)
    """Access mode of each method."""
    values: dict[str, str] = msgspec.field(default_factory=dict)
    """COSEM data of attributes in A-XDR, hexadecimal."""


class PushTable(Table, frozen=True):
    """``[[push]]``: what the meter sends by itself; each table is a Push setup object."""

    objects: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=64)]
    """What is pushed, in this order: logical names, with ``:n`` for another attribute than the value."""
    destination: str
    """Where to: ``tcp://host:port`` or ``udp://host:port``; through what ``[outlets]`` names ``sms:+491701234567``,
    ``mailto:name@host``, ``ftp://host/folder`` or ``gateway:network/address``."""
    xml: bool = False
    """Whether the APDU goes as XML: over TCP, by e-mail, as a file."""
    obis: str = "0.0.25.9.0.255"
    """Logical name of the Push setup object."""
    version: Annotated[int, msgspec.Meta(ge=0, le=3)] = 3
    """Version of the Push setup class."""
    client: Annotated[int, msgspec.Meta(ge=1, le=127)] = 1
    """SAP of the push client: its rights, keys and policy hold for what is sent. Version 0 knows 1 alone."""
    every: Annotated[int, msgspec.Meta(ge=1, le=86400)] | None = None
    """Seconds between pushes, counted from midnight of the meter's clock; without it only on demand and by schedules."""
    at_start: bool = False
    """Whether it is pushed when the meter starts."""
    confirmed: bool = False
    """Whether the receiver must confirm; versions 2 and 3."""
    windows: tuple[str, ...] = ()
    """When it may be sent, as ``22:00-02:00``; none: always."""
    randomisation: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0
    """Random wait before the first attempt, at most so many seconds."""
    retries: Annotated[int, msgspec.Meta(ge=0, le=255)] = 0
    """Attempts after a failed one."""
    repetition_delay: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 0
    """Seconds between attempts."""
    logical_device: int = 1
    """Server SAP of its logical device."""


class Description(Table, frozen=True):
    """The whole file."""

    meter: Meter
    lab: bool = False
    """Secrets in this file, or known to everybody: in a laboratory only."""
    keys_file: str | None = None
    """A key file instead of ``[keys]``, relative to this file; its entry is found by the system title."""
    device_secret_file: str | None = None
    """A file with the secret of the device in hexadecimal, which its owner alone can read: in place of the key of that name."""
    trust_anchors: tuple[str, ...] = ()
    """Certificates (DER) of authorities whose certificates the meter takes, relative to this file."""
    keys: Keys | None = None
    clock: Clock = Clock()
    household: HouseholdTable = HouseholdTable()
    logical_device: tuple[LogicalDeviceTable, ...] = ()
    client: tuple[Client, ...] = ()
    role: tuple[RoleTable, ...] = ()
    intent: tuple[IntentTable, ...] = ()
    registers: dict[str, str | Register] = msgspec.field(default_factory=dict)
    object: tuple[Object, ...] = ()
    profile: tuple[Profile, ...] = ()
    push: tuple[PushTable, ...] = ()
    outlets: OutletsTable = OutletsTable()
    fleet: FleetTable = FleetTable()
    twin: tuple[TwinTable, ...] = ()
    tariffs: TariffsTable | None = None
    limiter: LimiterTable | None = None
    prepayment: PrepaymentTable | None = None
    security_log: SecurityLogTable | None = None
    image: ImageTable | None = None
    port_protection: tuple[PortProtectionTable, ...] = ()
    third_party: tuple[ThirdPartyTable, ...] = ()


def clients_of(description: Description) -> tuple[Client, ...]:
    """Everybody who may associate."""
    return (*description.client, *description.role)


def read_description(path: str | Path) -> Description:
    """Read a file. Raises ConfigError that names file, key, and what to do."""
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise ConfigError(f"the description of a meter {path} cannot be read: {reason}") from error
    try:
        return parse_description(text)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from error


def parse_description(text: str) -> Description:
    """Read the text of a file. Raises ConfigError that names the key and what to do."""
    try:
        tables = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"not TOML: {error}") from None
    try:
        return msgspec.convert(tables, Description)
    except msgspec.ValidationError as error:
        raise ConfigError(explained(str(error), Description)) from None
