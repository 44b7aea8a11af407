"""Faults on demand: what goes wrong with a simulated meter when a file, or a program, says so.

A fault is a table ``[[fault]]`` with its kind and when it begins. A power cut is a real one: associations are gone, nothing is
captured meanwhile, and what was missed is decided when the power is back.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from random import Random
from secrets import token_bytes
from typing import TYPE_CHECKING

from dlmskit.apps.simulator.fault_tables import NONCES_SAID, Fault, Kind
from dlmskit.association.ports import AssociationEvent, EventCode
from dlmskit.errors import ConfigError, SecurityError
from dlmskit.security.keys import KeySet
from dlmskit.server.client_keys import RETIRED_KEPT
from dlmskit.server.clients import AdmittedClient
from dlmskit.server.connection import DeviceConnection
from dlmskit.server.security_logs import SecurityLogs
from dlmskit.transport.base import Connection
from dlmskit.types.obis import Obis

if TYPE_CHECKING:
    from dlmskit.apps.simulator.meter import SimulatedMeter

_LOG = logging.getLogger("dlmskit.simulator")
COVER_OPENED = 40
"""Code of the event (terminal cover removed) of the Dutch and IDIS profiles."""
FILLER = 255
NONCES_REUSED = "counter loss: what is sent from now on uses nonces a second time under the same keys"


class Faults:
    """What is wrong with one meter now."""

    def __init__(self, meter: SimulatedMeter, seed: int = 1) -> None:
        self._meter = meter
        self._random = Random(seed)  # noqa: S311 - for losses, not for secrets
        self._connections: dict[Connection, DeviceConnection] = {}
        self._back: datetime | None = None
        self._was_on = True
        self._mixed_up = False
        self.share_lost = 0.0
        """Of requests, and again of answers."""
        self.late = 0.0
        """Seconds that an answer comes later."""

    # --- what can go wrong ---------------------------------------------------------------------------------------------

    def apply(self, fault: Fault) -> None:
        """Let it happen now."""
        acts: dict[Kind, Callable[[], None]] = {
            "loss": lambda: self.lose(fault.share),
            "delay": lambda: self.delay(fault.seconds),
            "reboot": self.reboot,
            "power-cut": lambda: self.cut_power(fault.seconds),
            "clock-drift": lambda: self._meter.time.drift(fault.seconds),
            "full-log": self.fill_log,
            "tampering": self.open_cover,
            "wrong-keys": self.mix_up_keys,
            "counter-loss": lambda: self.lose_counters(sent=fault.counters == "sent", reuses_nonces=fault.reuses_nonces),
        }
        acts[fault.kind]()
        _LOG.info("%s: %s", self._meter.device.system_title, fault.kind)

    def end(self, kind: Kind) -> None:
        """Let something that lasts be over. Raises ConfigError for what does not last, or cannot be undone."""
        ends: dict[Kind, Callable[[], None]] = {
            "loss": lambda: self.lose(0.0),
            "delay": lambda: self.delay(0.0),
            "power-cut": self.restore_power,
            "clock-drift": lambda: self._meter.time.drift(0.0),
            "counter-loss": self._meter.counters.recall,
        }
        if kind not in ends:
            raise ConfigError(f"{kind} has no end: it has happened")
        ends[kind]()
        _LOG.info("%s: %s is over", self._meter.device.system_title, kind)

    @property
    def active(self) -> dict[Kind, str]:
        """What is wrong now, and how much."""
        counters, drift = self._meter.counters, self._meter.time.seconds_per_day
        said: dict[Kind, str] = {
            "loss": f"{self.share_lost:.0%}" if self.share_lost else "",
            "delay": f"{self.late:g} s" if self.late else "",
            "power-cut": f"until {self._back:%Y-%m-%d %H:%M:%S} UTC" if self.down else "",
            "clock-drift": f"{drift:g} s a day" if drift else "",
            "wrong-keys": "nobody knows them" if self._mixed_up else "",
            "counter-loss": ", ".join(
                word for word, lost in (("received", counters.forgot_received), ("sent", counters.forgot_sent)) if lost
            ),
        }
        return {kind: words for kind, words in said.items() if words}

    def lose(self, share: float) -> None:
        """Lose that part of requests and of answers."""
        self.share_lost = share

    def delay(self, seconds: float) -> None:
        """Answer so much later; what pushes says leaves in time."""
        self.late = seconds

    def reboot(self) -> None:
        """Every connection breaks, and with it every association."""
        for connection, handler in tuple(self._connections.items()):
            handler.lost("the meter starts anew")
            connection.close()
        self._connections.clear()

    def cut_power(self, seconds: float) -> None:
        """Take the power away for so long, in the meter's time."""
        if self._back is None:
            self._was_on = self._meter.supply.on
        self.reboot()
        self._meter.supply.switch(on=False)
        self._back = self._meter.time.utc_now() + timedelta(seconds=seconds)

    def restore_power(self) -> None:
        """Give the power back now; the meter starts with its next beat."""
        if self._back is not None:
            self._back = self._meter.time.utc_now()

    def fill_log(self) -> None:
        """Enter events until the security log is full. Raises ConfigError where there is none."""
        logs = self._logs()
        with self._meter.device.turn():
            while len(logs.profile.rows) < logs.profile.profile_entries:
                logs.enter_code(FILLER)

    def open_cover(self) -> None:
        """Somebody removes the cover. Raises ConfigError where there is no security log."""
        with self._meter.device.turn():
            self._logs().enter_code(COVER_OPENED, detail="cover opened")

    def mix_up_keys(self) -> None:
        """Have other keys than the clients know, as after a mistake in the factory. Raises ConfigError where none can be kept."""
        for logical_device in self._meter.device:
            for client in logical_device.clients.values():
                if client.keys.state.keys.guek is None:
                    continue
                for _ in range(RETIRED_KEPT + 1):  # until it does not even remember that the old ones were once right
                    self._draw_keys(client)

    def lose_counters(self, *, sent: bool = False, reuses_nonces: bool = False) -> None:
        """Forget the invocation counters of what came, or with ``sent`` of what was sent, and begin at 0.

        Raises ConfigError for what was sent without ``reuses_nonces``: one nonce twice under a key tells who listens
        about the plain texts, and then how to forge tags.
        """
        if not sent:
            self._meter.counters.forget_received()
            return
        if not reuses_nonces:
            raise ConfigError(NONCES_SAID)
        device = self._meter.device
        _LOG.warning("%s: %s", device.system_title, NONCES_REUSED)
        with device.turn():
            event = AssociationEvent(code=EventCode.WEAK_SECURITY, client_sap=0, server_sap=0, detail=NONCES_REUSED)
            device.log.add(event, "this device")
        self._meter.counters.forget_sent()

    def _draw_keys(self, client: AdmittedClient) -> None:
        state = client.keys.state
        size = 0 if state.keys.guek is None else len(state.keys.guek)
        drawn = KeySet.from_hex(guek=token_bytes(size).hex(), gak=token_bytes(size).hex())
        try:
            client.keys.change(state.changed(replace(state.keys, guek=drawn.guek, gak=drawn.gak)))
            self._mixed_up = True
        except SecurityError as error:
            raise ConfigError("the meter cannot change its keys: add device_secret to [keys]") from error

    def _logs(self) -> SecurityLogs:
        if self._meter.security_logs is None:
            raise ConfigError("the meter has no security log: add [security_log]")
        return self._meter.security_logs

    # --- how it shows --------------------------------------------------------------------------------------------------

    @property
    def down(self) -> bool:
        """Whether there is no power."""
        return self._back is not None and self._meter.time.utc_now() < self._back

    def power_returns(self) -> bool:
        """Whether the power has just come back: the meter starts, and looks what it has missed."""
        if self._back is None or self.down:
            return False
        self._back = None
        self._meter.supply.switch(on=self._was_on)
        return True

    def lost(self) -> bool:
        """Whether a message gets lost."""
        return self.share_lost > 0 and self._random.random() < self.share_lost

    def at_port(self, port: Obis) -> Callable[[Connection], Troubled]:
        """The handler factory for listeners of one port."""
        make = self._meter.device.at_port(port)

        def connected(connection: Connection) -> Troubled:
            handler = self._connections[connection] = make(connection)
            if self.down:
                connection.close()
            return Troubled(self, handler, connection)

        return connected

    def forget(self, connection: Connection) -> None:
        """A connection is gone."""
        self._connections.pop(connection, None)


class Troubled:
    """A `ConnectionHandler` of a meter that has faults."""

    __slots__ = ("_connection", "_faults", "_handler")

    def __init__(self, faults: Faults, handler: DeviceConnection, connection: Connection) -> None:
        self._faults, self._handler, self._connection = faults, handler, connection

    @property
    def associated(self) -> bool:
        """Whether an association is open."""
        return self._handler.associated

    def received(self, source: int, destination: int, apdu: bytes) -> Sequence[bytes]:
        """Serve one APDU, unless it, or its answer, gets lost."""
        if self._faults.down or self._faults.lost():
            return ()
        answers = self._handler.received(source, destination, apdu)
        if self._faults.lost():
            return ()
        if not self._faults.late:
            return answers
        for answer in answers:  # all at once when the time has come: a loop calls in the order of its timers
            asyncio.get_running_loop().call_later(self._faults.late, self._connection.send, destination, source, answer)
        return ()

    def lost(self, reason: str) -> None:
        """The connection is gone."""
        self._faults.forget(self._connection)
        self._handler.lost(reason)
