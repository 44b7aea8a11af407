"""A client drives the security setup of a simulated meter over TCP: keys are renewed and proved, and never lost on the way."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import dlmskit
from dlmskit.apps.simulator.serving import Served, Serving, served
from dlmskit.client import aio, blocking
from dlmskit.client.counters import Counters
from dlmskit.client.key_ledger import KeyFileLedger, MemoryLedger
from dlmskit.client.security_setup import fresh_keys
from dlmskit.cosem.classes.security_setup import ByEntity, BySerialNumber, CertificateEntity
from dlmskit.crypto.certificates import CertificateAuthority, CertificateType, Role, Validity
from dlmskit.crypto.curves import curve_of
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.crypto.suites import SUITES
from dlmskit.errors import ConfigError, SecurityError, SecurityReason, ServiceError, TransportError
from dlmskit.security.keys import Key, KeyRole, KeySet
from dlmskit.security.policy import STRONGEST_SYMMETRIC, SecurityPolicy
from dlmskit.types.system_title import SystemTitle

TITLE = "4C41420000000001"
CLOCK = "0.0.1.0.0.255"


def text_of(suite: int, extra: str = "", policy: str = "") -> str:
    size = 32 if suite == 2 else 16
    guek, gak, kek = (bytes(range(start, start + size)).hex() for start in (0x00, 0x20, 0x40))
    return f"""
lab = true
{extra}
[meter]
system_title = "{TITLE}"
name = "LAB0000000000001"
security_suite = {suite}
[keys]
guek = "{guek}"
gak = "{gak}"
kek = "{kek}"
device_secret = "{"5a" * 32}"
[[client]]
name = "public"
sap = 16
read = ["0.0.43.1.*.255"]
[[role]]
name = "management"
sap = 1
mechanism = "hls-gmac"
ciphered = true
newest_wins = true
{policy}
[[role.grant]]
objects = ["*"]
operations = ["read", "write", "execute"]
[[role.grant]]
objects = ["0.0.40.0.2.255:7"]
operations = ["write"]
[[client]]
name = "reader"
sap = 32
mechanism = "lls"
password = "12345678"
read = ["{CLOCK}"]
"""


@asynccontextmanager
async def meter(folder: Path, suite: int = 0, **words: Any) -> AsyncIterator[Served]:
    path = folder / "meter.toml"
    path.write_text(text_of(suite, **words))
    async with served(path, Serving(port=0, state=folder / "state")) as running:
        yield running


def connection(running: Served, keys: Any = None, **words: Any) -> Any:
    suite = running.meter.description.meter.security_suite
    standard: dict[str, Any] = {
        "suite": suite,
        "counters": Counters.in_memory(),
        "timeout": 2.0,
        "server_title": SystemTitle(TITLE),
    }
    return dlmskit.connect(f"{running.url}?client=1", keys=keys or running.key_file, **(standard | words))


async def opens(running: Served, keys: KeySet) -> bool:
    try:
        async with connection(running, keys) as there:
            await there.read(CLOCK)
    except dlmskit.DlmsError:
        return False
    return True


def keys_of(running: Served) -> dict[str, Key]:
    return dict(running.meter.device[1].clients[1].keys.state.keys.named())


@pytest.mark.case("R-080")
@pytest.mark.supports("key_transfer", suite="{suite}")
@pytest.mark.parametrize("suite", [0, 1, 2])
async def test_keys_are_transferred_and_proved_by_a_fresh_association(tmp_path: Path, suite: int) -> None:
    async with meter(tmp_path, suite) as running:
        assert running.key_file is not None
        ledger = KeyFileLedger(running.key_file, TITLE)
        old = ledger.active()
        async with connection(running) as there:
            new = fresh_keys(suite, (KeyRole.GUEK, KeyRole.GAK, KeyRole.KEK))
            found = await there.security_setup().transfer_keys(new, ledger)
            assert (found.guek, found.gak, found.kek) == (new.guek, new.gak, new.kek)
            await there.read(CLOCK)  # in the fresh association
            again = await there.security_setup().transfer_keys(fresh_keys(suite, (KeyRole.GUEK,)), ledger)
            assert again.kek == new.kek
        assert ledger.pending() is None
        assert ledger.active() == again
        assert keys_of(running) == dict(again.named())
        assert not await opens(running, old)
        async with connection(running) as there:  # the key file opens it as before
            await there.read(CLOCK)
    async with meter(tmp_path, suite) as running:  # and after a restart of the meter
        assert await opens(running, again)
        assert not await opens(running, old)


@pytest.mark.supports("key_agreement", suite="{suite}")
@pytest.mark.parametrize("suite", [1, 2])
async def test_keys_are_agreed_on(tmp_path: Path, suite: int) -> None:
    async with meter(tmp_path, suite) as running:
        assert running.key_file is not None
        ledger = KeyFileLedger(running.key_file, TITLE)
        old = ledger.active()
        async with connection(running) as there:
            found = await there.security_setup().agree_keys(map(KeyRole, ("guek", "gak", "kek")), ledger)
            assert keys_of(running) == dict(found.named())
            found = await there.security_setup().agree_keys((KeyRole.GUEK,), MemoryLedger(found))
            await there.read(CLOCK)
        assert not await opens(running, old)
        assert await opens(running, found)


async def test_what_the_meter_refuses_changes_nothing(tmp_path: Path) -> None:
    async with meter(tmp_path) as running:
        assert running.key_file is not None
        ledger = KeyFileLedger(running.key_file, TITLE)
        async with connection(running) as there:
            there._services.plan = _with_other_kek(there._services.plan)
            with pytest.raises(ServiceError):
                await there.security_setup().transfer_keys(fresh_keys(0), ledger)
            assert ledger.pending() is None
            await there.read(CLOCK)
        async with connection(running, KeySet(guek=ledger.active().guek, gak=ledger.active().gak)) as there:
            with pytest.raises(SecurityError, match="missing-key"):
                await there.security_setup().transfer_keys(fresh_keys(0), ledger)
        async with connection(running) as there:
            for wrong in (KeySet(), fresh_keys(2)):
                with pytest.raises((ConfigError, SecurityError)):
                    await there.security_setup().transfer_keys(wrong, ledger)
            with pytest.raises(SecurityError, match="neither signatures"):
                await there.security_setup().agree_keys((KeyRole.GUEK,))
        assert ledger.pending() is None
        assert await opens(running, ledger.active())


def _with_other_kek(plan: Any) -> Any:
    from dataclasses import replace

    return replace(plan, keys=replace(plan.keys, kek=Key(bytes(range(0x70, 0x80)), KeyRole.KEK)))


class Crash(BaseException):
    """The client dies."""


class DyingLedger(MemoryLedger):
    """Dies before or after one of its steps; what it has written stays."""

    def __init__(self, active: KeySet, step: str, after: bool) -> None:
        super().__init__(active)
        self.step, self.after = step, after

    def _do(self, step: str, act: Any) -> None:
        if step == self.step and not self.after:
            raise Crash
        act()
        if step == self.step:
            raise Crash

    def put(self, keys: KeySet) -> None:
        self._do("put", lambda: MemoryLedger.put(self, keys))

    def confirm(self) -> None:
        self._do("confirm", lambda: MemoryLedger.confirm(self))


@pytest.mark.case("R-080")
@pytest.mark.parametrize("suite", [0, 1])
@pytest.mark.parametrize("agreed", [False, True])
@pytest.mark.parametrize(("step", "after"), [("put", False), ("put", True), ("confirm", False), ("confirm", True)])
async def test_a_client_that_dies_finds_its_way_back(tmp_path: Path, suite: int, agreed: bool, step: str, after: bool) -> None:
    if agreed and not suite:
        suite = 2
    async with meter(tmp_path, suite) as running:
        assert running.key_file is not None
        before = KeyFileLedger(running.key_file, TITLE).active()
        ledger = DyingLedger(before, step, after)
        with pytest.raises(Crash):
            async with connection(running) as there:
                setup = there.security_setup()
                await (setup.agree_keys((KeyRole.GUEK,), ledger) if agreed else setup.transfer_keys(fresh_keys(suite), ledger))
        ledger.step = ""
        known = [keys for keys in (ledger.pending(), ledger.active()) if keys is not None]
        opening = [keys for keys in known if await opens(running, keys)]
        assert opening
        async with connection(running, opening[0]) as there:
            found = await there.security_setup().recover(ledger)
            await there.read(CLOCK)
        assert ledger.pending() is None
        assert ledger.active() == found
        assert await opens(running, found)


@pytest.mark.case("R-079")
async def test_a_lost_answer_is_found_out_by_trying_both(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The meter has executed the transfer, and the answer never came: the new keys are tried, and they open it."""
    async with meter(tmp_path) as running:
        assert running.key_file is not None
        ledger = KeyFileLedger(running.key_file, TITLE)
        async with connection(running) as there:
            monkeypatch.setattr(there._services, "call", _lost(there._services.call, executed=True))
            found = await there.security_setup().transfer_keys(fresh_keys(0), ledger)
        assert ledger.active() == found
        assert keys_of(running) == dict(found.named())


@pytest.mark.case("R-079")
async def test_a_lost_request_leaves_the_old_keys_in_force(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with meter(tmp_path) as running:
        assert running.key_file is not None
        ledger = KeyFileLedger(running.key_file, TITLE)
        old = ledger.active()
        async with connection(running) as there:
            monkeypatch.setattr(there._services, "call", _lost(there._services.call, executed=False))
            with pytest.raises(SecurityError, match="did not take the new keys") as error:
                await there.security_setup().transfer_keys(fresh_keys(0), ledger)
            assert error.value.reason is SecurityReason.AUTHENTICATION_FAILED
            await there.read(CLOCK)  # under the old keys, in a fresh association
        assert ledger.active() == old
        assert keys_of(running) == dict(old.named())
        assert ledger.pending() is None


FALSE_ANSWERS: list[tuple[str, Any]] = [
    ("the signature changed", lambda answer: [(number, octets[:-1] + bytes((octets[-1] ^ 1,))) for number, octets in answer]),
    ("signed for another key", lambda answer: [(2 - number, octets) for number, octets in answer]),
    ("one key less", lambda answer: answer[:1]),
    ("one key twice", lambda answer: [answer[0], answer[0]]),
    ("a key that nobody asked for", lambda answer: [*answer, (1, answer[0][1])]),
    ("a key that does not exist", lambda answer: [(9, octets) for _, octets in answer]),
    ("nothing", lambda answer: []),
    ("no point", lambda answer: [(number, bytes(len(octets))) for number, octets in answer]),
    ("short", lambda answer: [(number, octets[:70]) for number, octets in answer]),
]


@pytest.mark.parametrize(("what", "spoil"), FALSE_ANSWERS, ids=[what for what, _ in FALSE_ANSWERS])
async def test_what_the_meter_did_not_sign_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str, spoil: Any
) -> None:
    async with meter(tmp_path, 1) as running:
        assert running.key_file is not None
        ledger = KeyFileLedger(running.key_file, TITLE)
        old = ledger.active()
        async with connection(running) as there:
            call = there._services.call

            def spoilt(*given: Any) -> Any:
                answer = yield from call(*given)
                return spoil([(int(number), bytes(octets)) for number, octets in answer])

            monkeypatch.setattr(there._services, "call", spoilt)
            with pytest.raises((SecurityError, dlmskit.DecodeError)):
                await there.security_setup().agree_keys((KeyRole.GUEK, KeyRole.GAK), ledger)
            await there.read(CLOCK)  # under the old keys: the meter waits for a proof of the new ones
        assert (ledger.active(), ledger.pending()) == (old, None)
        assert await opens(running, old)


def _lost(call: Any, *, executed: bool) -> Any:
    def lossy(*given: Any) -> Any:
        if executed:
            yield from call(*given)
        raise TransportError("the line broke")

    return lossy


@pytest.mark.supports("security_activate", suite="{suite}")
@pytest.mark.parametrize("suite", [0, 1, 2])
async def test_a_stronger_policy_is_activated_and_gone_on_under(tmp_path: Path, suite: int) -> None:
    policy = 'policy = { request = ["authenticated"], response = ["authenticated"] }'
    async with meter(tmp_path, suite, policy=policy) as running, connection(running) as there:
        setup = there.security_setup()
        assert (await setup.state()).policy == 0x24
        await setup.activate(STRONGEST_SYMMETRIC)
        state = await setup.state()
        assert (state.policy, state.suite, state.server_title) == (STRONGEST_SYMMETRIC, suite, SystemTitle(TITLE))
        with pytest.raises(ServiceError):
            await setup.activate(SecurityPolicy.AUTHENTICATED_REQUEST)
        await there.read(CLOCK)


async def test_a_password_is_changed_under_encryption_alone(tmp_path: Path) -> None:
    async with meter(tmp_path) as running:
        async with connection(running) as there:
            await there.security_setup().change_secret(b"a new password", "0.0.40.0.2.255")
        for password, taken in (("12345678", False), ("a new password", True)):
            with pytest.warns(dlmskit.WeakSecurityWarning):
                assert await reads(running, password) is taken


async def reads(running: Served, password: str) -> bool:
    """Whether the password opens the meter; by the way, that none is sent in clear."""
    keys = KeySet(lls_password=dlmskit.Secret.from_text(password))
    words: dict[str, Any] = {"mechanism": "lls", "allow_weak": True, "context": "plain"}
    try:
        async with dlmskit.connect(f"{running.url}?client=32", keys=keys, **words) as there:
            await there.read(CLOCK)
            with pytest.raises(SecurityError, match="or not at all"):
                await there.security_setup().change_secret(b"in clear")
            return True
    except dlmskit.DlmsError:
        return False


@pytest.mark.supports(
    "generate_key_pair",
    "generate_certificate_request",
    "import_certificate",
    "export_certificate",
    "remove_certificate",
    suite="{suite}",
)
@pytest.mark.parametrize("suite", [1, 2])
async def test_certificates_from_the_request_to_the_removal(tmp_path: Path, suite: int) -> None:
    signer = SigningKey.generate(curve_of(SUITES[suite]))
    validity = Validity(datetime(2020, 1, 1, tzinfo=UTC))
    root = CertificateAuthority.root("Test root", signer, 1, validity)
    (tmp_path / "root.der").write_bytes(root.certificate.octets)
    async with meter(tmp_path, suite, extra='trust_anchors = ["root.der"]') as running, connection(running) as there:
        setup = there.security_setup()
        await setup.generate_key_pair(CertificateType.DIGITAL_SIGNATURE)
        request = await setup.certificate_request(CertificateType.DIGITAL_SIGNATURE)
        title = SystemTitle(TITLE)
        certificate = root.certify(request, title, Role.SIGNATURE, 7, validity)
        await setup.import_certificate(certificate)
        listed = (await setup.state()).certificates
        assert [one.certificate_entity for one in listed] == [CertificateEntity.CERTIFICATION_AUTHORITY, CertificateEntity.SERVER]
        entity = ByEntity(CertificateEntity.SERVER, CertificateType.DIGITAL_SIGNATURE, title.octets)
        assert await setup.export_certificate(entity) == certificate
        assert await setup.export_certificate(BySerialNumber(certificate.serial_octets, certificate.issuer)) == certificate
        await setup.remove_certificate(entity)
        with pytest.raises(ServiceError):
            await setup.export_certificate(entity)
        with pytest.raises(ConfigError):
            await setup.export_certificate("of the meter")


def test_both_facades_have_the_same_words() -> None:
    def words(facade: Any) -> dict[str, list[str]]:
        found = inspect.getmembers(facade, inspect.isfunction)
        return {name: [str(one) for one in inspect.signature(act).parameters.values()] for name, act in found}

    assert words(aio.SecuritySetup) == words(blocking.SecuritySetup)
    assert "security_setup" in dir(blocking.Meter)
