"""Tables of a meter's description for what a meter does by itself: tariffs, limits, payment, images, logs, port protection."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

from dlmskit.apps.simulator.tables import Table

_Amount = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]


class DayTable(Table, frozen=True):
    """``[[tariffs.day]]``: when which rate begins on a day of that kind."""

    id: Annotated[int, msgspec.Meta(ge=0, le=255)]
    """day_id."""
    rates: Annotated[dict[str, int], msgspec.Meta(min_length=1)]
    """The rate from each time on: ``{ "06:00" = 1, "22:00" = 2 }``."""


class WeekTable(Table, frozen=True):
    """``[[tariffs.week]]``: the kind of each day of a week."""

    name: str
    """week_profile_name."""
    days: Annotated[tuple[int, ...], msgspec.Meta(min_length=7, max_length=7)]
    """day_id of Monday to Sunday."""


class SeasonTable(Table, frozen=True):
    """``[[tariffs.season]]``: which week holds from a day of the year on."""

    name: str
    """season_profile_name."""
    start: str
    """Month and day, as ``04-01``."""
    week: str
    """Name of the week."""


class SpecialDayTable(Table, frozen=True):
    """``[[tariffs.special_day]]``: a day of the year that goes before its week."""

    date: str
    """``12-25`` for each year, ``2025-06-09`` for one."""
    day: int
    """day_id."""


class TariffsTable(Table, frozen=True):
    """``[tariffs]``: a calendar switches which register counts.

    Makes an Activity calendar (0.0.13.0.0.255), its scripts (0.0.10.0.100.255), special days (0.0.11.0.0.255) and a Register
    activation (0.0.14.0.0.255) with the masks ``RATE1``, ``RATE2`` and so on.
    """

    registers: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=32)]
    """Logical names of the registers of rates 1, 2 and so on: all of active energy import."""
    day: Annotated[tuple[DayTable, ...], msgspec.Meta(min_length=1)]
    """Kinds of days."""
    week: tuple[WeekTable, ...] = ()
    """Kinds of weeks; without one every day is of the first kind."""
    season: tuple[SeasonTable, ...] = ()
    """Seasons; without one the first week holds all the year."""
    special_day: tuple[SpecialDayTable, ...] = ()
    """Days that go before their weeks."""
    name: str = "tariffs"
    """Name of the calendar in force."""


class LimiterTable(Table, frozen=True):
    """``[limiter]``: more power than that for too long switches the supply off (class 71, 0.0.17.0.0.255).

    Its scripts are in 0.0.10.0.106.255: 1 switches off, 2 on, both as the meter itself.
    """

    threshold: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF_FFFF)]
    """In the unit and scaler of the register."""
    monitored: str = "1.0.1.7.0.255"
    """The register that is watched."""
    over_seconds: Annotated[int, msgspec.Meta(ge=0, le=86400)] = 30
    """How long it may be above."""
    reconnect_seconds: Annotated[int, msgspec.Meta(ge=0, le=86400)] = 0
    """How long it must be below until the meter switches on by itself, in the modes that allow it; 0: it does not."""


class PrepaymentTable(Table, frozen=True):
    """``[prepayment]``: an account whose supply depends on its credit. Amounts are hundredths of the currency.

    Makes an Account (0.0.19.0.0.255), a token credit and an emergency credit (0.0.19.10.0.255 and .1), charges for energy and for
    time (0.0.19.20.0.255 and .1) and a Token gateway (0.0.19.40.0.255); a Disconnect control in mode 6 where none is described.
    """

    secret_fields = frozenset(("token_key",))

    price_per_kwh: Annotated[int, msgspec.Meta(ge=0, le=32767)]
    """Of energy."""
    credit: _Amount = 0
    """What a new meter has."""
    emergency_credit: _Amount = 0
    """What may be used up beyond it, and is paid back first."""
    standing_charge: Annotated[int, msgspec.Meta(ge=0, le=32767)] = 0
    """Of each day."""
    low_credit: _Amount = 200
    """Below that current_credit_status says that it is low."""
    currency: Annotated[str, msgspec.Meta(min_length=1, max_length=8)] = "EUR"
    """Its name."""
    collect_seconds: Annotated[int, msgspec.Meta(ge=1, le=3600)] = 60
    """How often energy is charged."""
    token_key: str | None = None
    """Key of the payment tokens, 32 hexadecimal digits; in a laboratory."""
    token_key_file: str | None = None
    """A file with that key which its owner alone can read, relative to this file."""


class FleetTable(Table, frozen=True):
    """``[fleet]``: many meters of this description; each has its own system title, keys and household.

    Their keys are derived from those in ``[keys]``; the key file for clients holds them all.
    """

    meters: Annotated[int, msgspec.Meta(ge=1, le=20_000)] = 1
    """How many."""
    one_port: bool = False
    """All behind one port: the server SAP says which meter, as at a concentrator. Else each has a port of its own."""
    first_sap: Annotated[int, msgspec.Meta(ge=16, le=255)] = 16
    """Server SAP of the first one behind one port."""
    speed: Annotated[float, msgspec.Meta(gt=0, le=100_000)] = 1.0
    """How much faster than ours their time goes."""
    past_days: Annotated[int, msgspec.Meta(ge=0, le=4000)] = 0
    """Days of its past that each is filled with: each day of rows takes its time when they start."""


class SecurityLogTable(Table, frozen=True):
    """``[security_log]``: the security log as a Profile generic (0.0.99.98.6.255) that clients with the right read."""

    depth: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 500
    """Entries that are kept."""
    instance: Annotated[int, msgspec.Meta(ge=0, le=127)] = 6
    """Value group E of the log and of its event code."""


class ImageTable(Table, frozen=True):
    """``[image]``: new firmware is taken (class 18, 0.0.44.0.0.255) where the manufacturer has signed it."""

    public_key: str
    """The manufacturer's, for signatures: x and y, 128 or 192 hexadecimal digits."""
    device_type: Annotated[str, msgspec.Meta(min_length=1, max_length=64)] = "simulated"
    """Images for another one are refused."""
    version: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF_FFFF)] = 1
    """What runs from the factory."""
    block_size: Annotated[int, msgspec.Meta(ge=16, le=2048)] = 512
    """Octets of a block."""
    enabled: bool = True
    """image_transfer_enabled of a new meter."""


class PortProtectionTable(Table, frozen=True):
    """``[[port_protection]]``: a port that is closed for a while after failed attempts (class 124). Times are in s."""

    port: str = "tcp"
    """``tcp``, ``hdlc``, ``mbus``, or the logical name of a set-up object."""
    obis: str = "0.0.44.2.0.255"
    """Logical name of the protection object."""
    allowed_failed_attempts: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 10
    """In a row, without a lock."""
    initial_lockout_time: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF_FFFF)] = 60
    """Of the first lock."""
    steepness_factor: Annotated[int, msgspec.Meta(ge=0, le=255)] = 2
    """By which each lock is longer than the one before."""
    max_lockout_time: Annotated[int, msgspec.Meta(ge=0, le=0xFFFF_FFFF)] = 3600
    """No lock is longer."""


class ThirdPartyTable(Table, frozen=True):
    """``[[third_party]]``: who reaches objects through data protection, whichever client carries it.

    The first one brings a data protection object (class 30, 0.0.43.2.0.255) into its logical device where none is described.
    """

    name: str
    """For people."""
    system_title: str
    """16 hexadecimal digits; its keys are found by it."""
    logical_device: int = 1
    """Server SAP of the logical device."""
    read: tuple[str, ...] = ()
    """Patterns of objects, as clients have them."""
    write: tuple[str, ...] = ()
    """Likewise."""
    execute: tuple[str, ...] = ()
    """Likewise."""


class MailTable(Table, frozen=True):
    """``[outlets.mail]``: who takes mail from it; the password of ``user`` is in the variable ``DLMSKIT_MAIL_PASSWORD``."""

    host: str
    """The relay."""
    sender: str
    """Mail address of the meter."""
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] | None = None
    """587 where it is left out, 465 with ``tls = "implicit"``."""
    user: str | None = None
    """Who logs on."""
    tls: Literal["yes", "implicit", "none"] = "yes"
    """``yes``: STARTTLS; ``implicit``: from the first octet; ``none``: in the clear, without a user."""
    ca: str | None = None
    """Certificates (PEM) that the relay's must lead to; those of the system where it is left out."""


class FtpTable(Table, frozen=True):
    """``[outlets.ftp]``: how it gets into FTP servers; the password of ``user`` is in the variable ``DLMSKIT_FTP_PASSWORD``."""

    host: str | None = None
    """Needed with ``user``: the only server that hears the password, whatever destination a client writes."""
    user: str | None = None
    """Who logs on; anonymous where it is left out."""
    tls: Literal["yes", "none"] = "yes"
    """``none``: in the clear, without a user."""
    ca: str | None = None
    """Certificates (PEM) that the server's must lead to; those of the system where it is left out."""


class OutletsTable(Table, frozen=True):
    """``[outlets]``: what it has to send pushes through, besides its network."""

    modem: str | None = None
    """Modem for short messages, as ``sms+serial:///dev/ttyUSB0``."""
    gateway: str | None = None
    """DLMS gateway, as ``tcp://192.0.2.1:4059``."""
    mail: MailTable | None = None
    """``[outlets.mail]``, for destinations ``mailto:``."""
    ftp: FtpTable | None = None
    """``[outlets.ftp]``, for destinations ``ftp://``."""
