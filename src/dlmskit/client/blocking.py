"""The client without asyncio: ``with dlmskit.sync.connect(...) as meter``. The scripts say what it does, this file how it waits.

`dlmskit.client.aio` is the same for asyncio, word for word.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from threading import Lock
from typing import Any, Unpack

from dlmskit.association.context import AssociationContext
from dlmskit.association.ports import EventSink, Notification, Tell
from dlmskit.client.directory import Code
from dlmskit.client.image_transfer import IMAGE_TRANSFER, ImageState, ImageTransferScripts, Progress, nobody
from dlmskit.client.in_order import Act, in_order
from dlmskit.client.journal import log_event
from dlmskit.client.key_ledger import KeyLedger
from dlmskit.client.objects.blocking import Objects
from dlmskit.client.plan import Keys, Plan, make_plan
from dlmskit.client.profiles import Moment, ProfileDescription, Profiles
from dlmskit.client.readings import Item, ObjectEntry, Reading
from dlmskit.client.security_setup import SECURITY_SETUP, SecuritySetupScripts, SecurityState
from dlmskit.client.services import Attributes, Selection
from dlmskit.client.steps import Dial, Script, T
from dlmskit.client.words import Words
from dlmskit.codec.data import Data
from dlmskit.codec.profile import ProfileTable
from dlmskit.cosem.classes.security_setup import CertificateIdentification
from dlmskit.crypto.certificates import Certificate, CertificateRequest, CertificateType
from dlmskit.errors import DlmsError, ServiceError, TransportError
from dlmskit.limits import DEFAULT, Limits
from dlmskit.security.keys import KeyRole, KeySet
from dlmskit.security.policy import SecurityPolicy
from dlmskit.transport.base import BlockingTransport
from dlmskit.transport.tapped import ApduSink, TappedBlockingTransport
from dlmskit.transport.url import blocking_transport_from_url


class Line:
    """Runs scripts over one connection at a time, one script after the other."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._transport: BlockingTransport | None = None
        self._lock = Lock()

    def run(self, script: Script[T], seconds: float | None = None) -> T:
        """The result of a script. ``seconds`` in place of the usual time that an answer may take."""
        with self._lock:
            try:
                step = next(script)
                while True:
                    try:
                        if isinstance(step, tuple):
                            transport = self._transport
                            if transport is None:
                                raise TransportError("the connection is not open")
                            for apdu in step:
                                transport.send(apdu)
                            answer: Any = b"" if isinstance(step, Tell) else transport.receive(seconds)
                        elif isinstance(step, Dial):
                            answer = self._dial(step.client_sap)
                        else:
                            answer = None
                            time.sleep(step.seconds)
                    except DlmsError as error:
                        step = script.throw(error)
                    else:
                        step = script.send(answer)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]
            finally:
                script.close()

    def _dial(self, client_sap: int) -> Any:
        self.close()
        transport, sink = blocking_transport_from_url(self._plan.transport_url(client_sap), self._plan.limits), self._plan.on_apdu
        self._transport = transport if sink is None else TappedBlockingTransport(transport, sink)
        self._transport.open()
        return self._transport.profile

    def close(self) -> None:
        """Hang up."""
        transport, self._transport = self._transport, None
        if transport is not None:
            transport.close()


class Meter(Objects):
    """A meter over an open association. Calls may come from several threads; they are served one after the other.

    Every call raises ServiceError for a refusal of the meter, SecurityError for an answer that is not protected as it must be,
    TransportTimeout and TransportError for the medium, DecodeError and ProtocolError for a peer that talks nonsense.
    Words that give an object (`object`, `register`, `clock` and others) are those of `dlmskit.client.objects.making.Objects`.
    """

    def __init__(self, services: Profiles, line: Line) -> None:
        self._services = services
        self._run = line.run

    @property
    def context(self) -> AssociationContext | None:
        """What was negotiated."""
        return self._services.association.context

    @property
    def notifications(self) -> deque[Notification]:
        """What the meter sent without being asked, as far as it was heard while something else was waited for."""
        return self._services.association.notifications

    def next_notification(self, seconds: float | None = None) -> Notification:
        """Wait for something that the meter sends without being asked."""
        return self._run(self._services.notification(), seconds)

    def read(
        self, obis: Code, attribute: Attributes = 2, *, class_id: int | None = None, selection: Selection | None = None
    ) -> Any:
        """The value of an attribute, by name or number, in its declared type; a list of values for a list of attributes.

        It is what the attribute holds: the number of a register without its scaler, which objects apply.
        """
        return self._run(self._services.read(obis, attribute, class_id, selection))

    def get(
        self, obis: Code, attribute: int | str = 2, *, class_id: int | None = None, selection: Selection | None = None
    ) -> Data:
        """The value as it came: its octets and its type."""
        return self._run(self._services.get(obis, attribute, class_id, selection))

    def read_many(self, items: Sequence[Item]) -> list[Reading | ServiceError]:
        """For each code (attribute 2), or code and attribute, its value with scaler and unit, or the refusal: one may fail alone.

        In few requests where the meter takes lists.
        """
        return self._run(self._services.read_many(items))

    def write(
        self,
        obis: Code,
        attribute: int | str,
        value: Any,
        *,
        class_id: int | None = None,
        selection: Selection | None = None,
        confirmed: bool = True,
    ) -> None:
        """Write an attribute: a Python value in its declared type, or `Data` as it is.

        ``confirmed=False`` asks for no answer: it returns when the request is sent, and nobody tells what became of it.
        """
        self._run(self._services.write(obis, attribute, value, class_id, selection, confirmed=confirmed))

    def call(
        self, obis: Code, method: int | str, parameter: Any = None, *, class_id: int | None = None, confirmed: bool = True
    ) -> Any:
        """Invoke a method, by name or number; what it returns, None for nothing. ``confirmed`` as for `write`."""
        return self._run(self._services.call(obis, method, parameter, class_id, confirmed=confirmed))

    def forward(self, octets: bytes) -> bytes:
        """Pass on what a third party (``agent_for``) has protected for the meter; the meter's answer to him, as it came.

        It is neither opened nor changed here, and gets the protection of this connection around it.
        """
        return self._run(self._services.forward(octets))

    def in_order(self, acts: Sequence[Act], *, break_on_error: bool = True, in_one: bool = True) -> list[Any]:
        """Reads, writes and calls in this order, in one request (ACCESS) where the meter takes that; else one after the other.

        For each act what it gave, or its ServiceError. With ``break_on_error`` nothing is executed behind the first refusal;
        ``in_one=False`` sends each in a request of its own in any case.
        """
        return self._run(in_order(self._services, acts, break_on_error=break_on_error, in_one=in_one))

    def objects(self, *, fresh: bool = False) -> tuple[ObjectEntry, ...]:
        """The objects that this client sees, with its rights; from then on they tell the class of every code."""
        return self._run(self._services.objects(fresh=fresh))

    def profile(self, obis: Code) -> Profile:
        """A load profile, billing values, an event log."""
        return Profile(self._services, self._run, obis)

    def security_setup(self, obis: Code = SECURITY_SETUP, *, version: int = 1) -> SecuritySetup:
        """The security setup of our association, or another one; ``version`` 0 for meters that have that."""
        return SecuritySetup(SecuritySetupScripts(self._services, obis, version), self._run)

    def image_transfer(self, obis: Code = IMAGE_TRANSFER, *, poll_seconds: float = 5.0) -> ImageTransfer:
        """New firmware for the meter. While it verifies or activates, it is asked again after ``poll_seconds``."""
        return ImageTransfer(ImageTransferScripts(self._services, obis, poll_seconds=poll_seconds), self._run)


class Profile:
    """One profile of a meter, read as typed tables."""

    def __init__(self, services: Profiles, run: Any, obis: Code) -> None:
        self._services = services
        self._run = run
        self.obis = obis

    def describe(self) -> ProfileDescription:
        """Columns, scalers, units and period, read once."""
        found: ProfileDescription = self._run(self._services.describe_profile(self.obis))
        return found

    def read(self, since: Moment | None = None, until: Moment | None = None, columns: Sequence[str] = ()) -> ProfileTable:
        """Rows between two moments, both included; an end left out is open. ``columns``: only these, by name."""
        table: ProfileTable = self._run(self._services.profile_between(self.obis, since, until, columns))
        return table

    def entries(self, first: int = 1, last: int = 0) -> ProfileTable:
        """Rows by number, counted from 1; ``last`` 0 is the last one."""
        table: ProfileTable = self._run(self._services.profile_entries(self.obis, first, last))
        return table


class SecuritySetup:
    """One security setup of a meter: its policy, keys and certificates."""

    def __init__(self, scripts: SecuritySetupScripts, run: Any) -> None:
        self._scripts = scripts
        self._run = run

    def state(self) -> SecurityState:
        """Policy, suite, titles and certificates."""
        found: SecurityState = self._run(self._scripts.state())
        return found

    def activate(self, policy: SecurityPolicy) -> None:
        """Strengthen the policy, for ever; the connection goes on in a fresh association under it."""
        self._run(self._scripts.activate(policy))

    def transfer_keys(self, new: KeySet, ledger: KeyLedger | None = None) -> KeySet:
        """Give the meter new keys, wrapped under its master key, and prove them by a fresh association; all keys in force.

        A ledger keeps both the old keys and the new ones until they are proved; without one the caller must. Raises
        ServiceError where the meter refuses, SecurityError where it did not take them: then the old keys are in force.
        """
        found: KeySet = self._run(self._scripts.transfer_keys(new, ledger))
        return found

    def agree_keys(self, roles: Iterable[KeyRole], ledger: KeyLedger | None = None) -> KeySet:
        """Agree with the meter on new keys (suites 1 and 2), which no recording gives away; else as `transfer_keys`."""
        found: KeySet = self._run(self._scripts.agree_keys(roles, ledger))
        return found

    def recover(self, ledger: KeyLedger) -> KeySet:
        """Finish a renewal that was cut off: pending keys first, then active ones; the keys in force."""
        found: KeySet = self._run(self._scripts.recover(ledger))
        return found

    def generate_key_pair(self, purpose: CertificateType) -> None:
        """Let the meter make a key pair, which it uses once its certificate is imported."""
        self._run(self._scripts.generate_key_pair(purpose))

    def certificate_request(self, purpose: CertificateType) -> CertificateRequest:
        """The meter's request for its new key pair, its proof of possession verified."""
        found: CertificateRequest = self._run(self._scripts.certificate_request(purpose))
        return found

    def import_certificate(self, certificate: Certificate) -> None:
        """Give the meter a certificate: its own, ours, an authority's."""
        self._run(self._scripts.import_certificate(certificate))

    def export_certificate(self, which: CertificateIdentification) -> Certificate:
        """A certificate that the meter has."""
        found: Certificate = self._run(self._scripts.export_certificate(which))
        return found

    def remove_certificate(self, which: CertificateIdentification) -> None:
        """Let the meter forget a certificate."""
        self._run(self._scripts.remove_certificate(which))

    def change_secret(self, secret: bytes, association: Code = "0.0.40.0.0.255") -> None:
        """A new password or HLS secret for our own association, or for the one that is named. Sent encrypted, or not at all."""
        self._run(self._scripts.change_secret(secret, association))


class ImageTransfer:
    """The image transfer of a meter."""

    def __init__(self, scripts: ImageTransferScripts, run: Any) -> None:
        self._scripts = scripts
        self._run = run

    def state(self) -> ImageState:
        """Status, bitmap, and the image that waits for activation."""
        found: ImageState = self._run(self._scripts.state())
        return found

    def send(
        self,
        identifier: bytes,
        image: bytes,
        *,
        progress: Progress = nobody,
        resume: bool = True,
        activate: bool = True,
        activate_at: datetime | None = None,
    ) -> ImageState:
        """Send an image, have it verified, and activate it: now, at a local time of the meter, or not at all.

        A transfer that was cut off goes on from what the meter has. Raises ImageTransferFailed where the meter refuses the image.
        """
        script = self._scripts.send(
            identifier, image, progress=progress, resume=resume, activate=activate, activate_at=activate_at
        )
        found: ImageState = self._run(script)
        return found

    def initiate(self, identifier: bytes, size: int) -> ImageState:
        """Begin anew: for blocks that come by broadcast."""
        found: ImageState = self._run(self._scripts.initiate(identifier, size))
        return found

    def fill(self, image: bytes, progress: Progress = nobody) -> None:
        """Send what the meter has not: after a broadcast, and before `send`, which does it too."""
        self._run(self._scripts.fill(image, progress))


def connect(
    url: str,
    *,
    keys: Keys | None = None,
    limits: Limits = DEFAULT,
    on_event: EventSink = log_event,
    on_apdu: ApduSink | None = None,
    **words: Unpack[Words],
) -> AbstractContextManager[Meter]:
    """Connect to a meter: open on entry, released and closed on exit, whatever happens in between.

    With ``keys`` (a key file, a KeyVault or a KeySet) the association is authenticated with mechanism 5 and every message
    ciphered; without, it is the public client's. ``words`` are those of `Words`, which may stand in the URL as well.
    ``on_apdu`` is told every APDU that passes, as it is on the line: for records. A password of mechanism 1 is in there.

    Raises ConfigError and SecurityError here for what cannot work or is too weak. On entry: TransportError,
    AssociationRefused, SecurityError, ProtocolError.
    """
    return _connected(make_plan(url, keys, words, limits=limits, on_event=on_event, on_apdu=on_apdu))


@contextmanager
def _connected(plan: Plan) -> Iterator[Meter]:
    services, line = Profiles(plan), Line(plan)
    try:
        line.run(services.open())
        try:
            yield Meter(services, line)
        finally:
            line.run(services.close(), plan.farewell_seconds)
    finally:
        line.close()
