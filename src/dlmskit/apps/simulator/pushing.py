"""Pushes of a simulated meter: Push setup objects from ``[[push]]`` tables, sent at their times and by schedules and scripts."""

from __future__ import annotations

import logging
from datetime import datetime

from dlmskit.apps.simulator.description import PushTable
from dlmskit.apps.simulator.mechanisms import FtpTable, MailTable, OutletsTable
from dlmskit.apps.simulator.objects import column_of
from dlmskit.cosem.classes.push_setup import PushSetupV0
from dlmskit.cosem.objects import ObjectTree
from dlmskit.cosem.registry import interface_class
from dlmskit.cosem.selective import CaptureObject
from dlmskit.cosem.timebound import local_time_of, next_of_period
from dlmskit.errors import ConfigError, DlmsError
from dlmskit.server import Device
from dlmskit.server.push import Dial, Outlets, PushSender
from dlmskit.server.push.destination import Destination, Service
from dlmskit.transport.mail import MailRelay
from dlmskit.transport.one_way import Access, secret_from_environment
from dlmskit.transport.url import parse_url
from dlmskit.types.datetime import CosemDate, CosemDateTime, CosemTime
from dlmskit.types.obis import Obis

_LOG = logging.getLogger("dlmskit.simulator")
_SERVICES = {
    "tcp": Service.TCP,
    "udp": Service.UDP,
    "sms": Service.SMS,
    "mailto": Service.SMTP,
    "ftp": Service.FTP,
    "gateway": Service.DLMS_GATEWAY,
}
_EXAMPLES = ("sms:+491701234567", "mailto:name@host", "ftp://host/folder", "gateway:network/address")
_MAIL, _FTP = "DLMSKIT_MAIL_PASSWORD", "DLMSKIT_FTP_PASSWORD"
_UNRESTRICTED = (0, None)
_CONFIRMED = 2


def push_object(table: PushTable, tree: ObjectTree) -> PushSetupV0:
    """The Push setup of a table, on objects that the logical device has already. Raises ConfigError."""
    columns = [_entry(text, tree) for text in table.objects]
    words: dict[str, object] = {
        "push_object_list": [_of_version(column, table.version) for column in columns],
        "send_destination_and_method": _destination(table.destination, xml=table.xml),
        "communication_window": [_window(text) for text in table.windows],
        "randomisation_start_interval": table.randomisation,
        "number_of_retries": table.retries,
        "repetition_delay": table.repetition_delay if table.version < 2 else (table.repetition_delay, 100, 0),
    }
    if table.version >= 1:
        words["push_client_sap"] = table.client
    if table.confirmed and table.version < 2:
        raise ConfigError("confirmed pushes need version 2 or 3")
    if table.confirmed:
        words["push_operation_method"] = _CONFIRMED
    made = interface_class(PushSetupV0.class_id, table.version)(Obis(table.obis), **words)
    assert isinstance(made, PushSetupV0)  # noqa: S101 - the registry has it by its number
    return made


def _entry(text: str, tree: ObjectTree) -> CaptureObject:
    """An object of the meter; a Push setup, which may be the one that is being made, stands for its logical name."""
    name, _, number = text.partition(":")
    if Obis(name).octets[2:4] == b"\x19\x09":
        return CaptureObject(PushSetupV0.class_id, Obis(name), int(number) if number.isdigit() else 1)
    return column_of(text, tree)


def _of_version(column: CaptureObject, version: int) -> tuple[object, ...]:
    whole = tuple(column)
    return whole if not version else (*whole, _UNRESTRICTED) if version == 1 else (*whole, _UNRESTRICTED, [])


def _destination(url: str, *, xml: bool) -> tuple[int, bytes, int]:
    """send_destination_and_method. Raises ConfigError for what is none."""
    scheme, separator, text = url.partition(":")
    service = _SERVICES.get(scheme)
    if service is None or not separator:
        raise ConfigError(f"destination {url!r}: write tcp://host:port, udp://host:port, {', '.join(_EXAMPLES)}")
    text = text.removeprefix("//").rstrip("/")
    value = PushSetupV0.send_destination_and_method.kind.encode((service, text.encode(), int(xml)))
    try:
        Destination.of(value)
    except ConfigError as error:
        raise ConfigError(f"destination {url!r}: {error}") from None
    return service, text.encode(), int(xml)


def _window(text: str) -> tuple[CosemDateTime, CosemDateTime]:
    """``22:00-02:00`` as a window of every day."""
    try:
        start, end = (datetime.strptime(part, "%H:%M").time() for part in text.split("-"))
    except ValueError:
        raise ConfigError(f"window {text!r}: write it as 22:00-02:00") from None
    every_day = CosemDate.of().octets
    first, last = (CosemDateTime(every_day + CosemTime.from_time(time).octets + b"\x80\x00\xff") for time in (start, end))
    return first, last


def outlets_of(table: OutletsTable, device: str) -> Outlets:
    """The equipment of a meter with this system title. Raises ConfigError for an address that is none, and a missing password."""
    for url in filter(None, (table.modem, table.gateway)):
        parse_url(url)
    return Outlets(device=device, modem=table.modem, gateway=table.gateway, mail=_relay(table.mail), ftp=_access(table.ftp, _FTP))


def _relay(table: MailTable | None) -> MailRelay | None:
    access = _access(table, _MAIL)
    if table is None or access is None:
        return None
    return MailRelay(host=table.host, port=table.port, sender=table.sender, access=access)


def _access(table: MailTable | FtpTable | None, variable: str) -> Access | None:
    if table is None:
        return None
    if table.user is not None and table.host is None:
        raise ConfigError(f"the password of user {table.user!r} goes to one server alone: name it as host")
    password = secret_from_environment(variable, table.user)
    return Access(tls=table.tls, ca=table.ca, user=table.user, password=password, host=table.host)


class Pushing:
    """What a running meter pushes; make it when the device is ready."""

    def __init__(self, device: Device, timed: list[tuple[PushSetupV0, PushTable]], dial: Dial | None = None) -> None:
        self.sender = PushSender(device, dial=dial)
        self._device = device
        self._timed = [(setup, table) for setup, table in timed if table.every is not None]
        self._at_start = [setup for setup, table in timed if table.at_start]
        self._last = device.clock.utc_now()

    def start(self) -> None:
        """Push what is pushed at power-up."""
        for setup in self._at_start:
            self._push(setup)

    def trigger_due(self) -> int:
        """Push what has become due; returns how many there were. What was missed is pushed once."""
        now = self._device.clock.utc_now()
        ready = [setup for setup, table in self._timed if (due := _following(setup, table, self._last)) and due <= now]
        self._last = now
        for setup in ready:
            self._push(setup)
        return len(ready)

    @property
    def due(self) -> datetime | None:
        """When something is to be triggered next."""
        found = [due for setup, table in self._timed if (due := _following(setup, table, self._last)) is not None]
        return min(found, default=None)

    async def run(self) -> None:
        """Send what is triggered, until cancelled."""
        self.start()
        await self.sender.run()

    def _push(self, setup: PushSetupV0) -> None:
        try:
            with self._device.turn():
                setup.push()
        except DlmsError as error:
            _LOG.warning("push %s: %s", setup.obis, error)


def _following(setup: PushSetupV0, table: PushTable, after: datetime) -> datetime | None:
    """The next moment on the grid of the meter's clock: periods begin at local midnight."""
    return next_of_period(table.every or 0, after, local_time_of(setup.tree))
