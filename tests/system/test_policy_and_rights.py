"""Security policy and access rights on real sockets: what the meter demands, and a client that gives it, or does not.

The policy is the floor of the association, in the words of both versions of Security setup; rights of single attributes and
methods demand more, of requests and of responses apart.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dlmskit.client.plan import WeakSecurityWarning
from dlmskit.codec.data import Data
from dlmskit.cosem.access import AccessMode
from dlmskit.errors import ConfigError, DlmsError, ServiceError
from dlmskit.security.policy import AUTHENTICATED_BOTH_WAYS, ENCRYPTED_BOTH_WAYS, STRONGEST_SYMMETRIC, SecurityPolicy
from dlmskit.types.enums import DataAccessResult
from tests.system.lab import COUNTER, GUARDED, NOTE, client, meter, role_text
from tests.system.middle import Middle

pytestmark = pytest.mark.filterwarnings(f"ignore::{WeakSecurityWarning.__module__}.{WeakSecurityWarning.__name__}")

NOTHING: dict[str, Any] = {"protection": "none", "allow_weak": True}
SAP = 1


def listed(words: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


def guarding(request: tuple[str, ...], response: tuple[str, ...], *, version: int = 3, policy: tuple[str, ...] = ()) -> str:
    """A role whose policy demands little, and whose rights demand more on one attribute and on one method."""
    role = role_text("guarded", SAP, words=policy).replace('read = ["*"]', f'read = ["{NOTE}", "0.0.40.*.*.255"]')
    role = role.replace('execute = ["*"]', "").replace(f', "{GUARDED}"', "")
    grant = f"request = {listed(request)}\nresponse = {listed(response)}\n"
    return f"""{role}
association_version = {version}
[[role.grant]]
objects = ["{GUARDED}:2"]
operations = ["read", "write"]
{grant}
[[role.grant]]
objects = ["{COUNTER}:1"]
operations = ["execute"]
{grant}
"""


BOTH = ("authenticated", "encrypted")


@pytest.mark.case("R-041")
@pytest.mark.supports("rights demand more than the policy", suite="{suite}")
@pytest.mark.parametrize("version", [0, 1, 2, 3])
@pytest.mark.parametrize("suite", [0, 1, 2])
async def test_rights_demand_more_than_the_policy(tmp_path: Path, suite: int, version: int) -> None:
    """In every version of the association object, also in those that cannot say it: attribute and method."""
    async with meter(tmp_path, suite, guarding(BOTH, BOTH, version=version)) as running, Middle(running.url) as middle:
        async with client(middle.url, running, SAP, **NOTHING) as there:
            await there.write(NOTE, 2, Data.octet_string(b"for everybody"))
            assert await there.read(NOTE) == b"for everybody"
            assert middle.of("server")[-1][0] == 0xC4, "in clear, as the policy lets it"
            for refused in (
                there.read(GUARDED),
                there.write(GUARDED, 2, Data.octet_string(b"no")),
                there.call(COUNTER, 1, class_id=3),
            ):
                with pytest.raises(ServiceError) as caught:
                    await refused
                assert caught.value.code == DataAccessResult.READ_WRITE_DENIED
                assert middle.of("server")[-1][:1] in {b"\xcc", b"\xcd", b"\xcf"}, "the refusal is protected as the rights say"
        async with client(middle.url, running, SAP, protection="authenticated", allow_weak=True) as there:
            with pytest.raises(ServiceError):
                await there.read(GUARDED)
        async with client(middle.url, running, SAP) as there:
            await there.write(GUARDED, 2, Data.octet_string(b"for some"))
            assert await there.read(GUARDED) == b"for some"
            await there.call(COUNTER, 1, class_id=3)
            (entry,) = [one for one in await there.objects() if str(one.obis) == GUARDED]
            demanded = entry.rights.attributes[2]
            assert AccessMode.READ_WRITE in demanded
            said = {0: AccessMode.NONE, 1: AccessMode.REQUEST_AUTHENTICATED, 2: AccessMode.REQUEST_AUTHENTICATED}
            wanted = said.get(version, AccessMode.demanding(AccessMode(0x0C).request, AccessMode(0x60).response))
            assert wanted in demanded, "what the version can say it says"


@pytest.mark.supports("rights demand more than the policy", suite="{suite}")
@pytest.mark.parametrize("suite", [1, 2])
async def test_rights_demand_a_signature(tmp_path: Path, suite: int) -> None:
    """The policy asks for authenticated encryption, the rights for a signature of both sides."""
    signed = ("signed",)
    async with meter(tmp_path, suite, guarding(signed, signed, policy=BOTH)) as running:
        async with client(running.url, running, SAP) as there:
            with pytest.raises(ServiceError) as caught:
                await there.read(GUARDED)
            assert caught.value.code == DataAccessResult.READ_WRITE_DENIED
        async with client(running.url, running, SAP, sign=True) as there:
            await there.write(GUARDED, 2, Data.octet_string(b"signed"))
            assert await there.read(GUARDED) == b"signed"


@pytest.mark.parametrize(
    ("request_words", "response_words"),
    [((), ("authenticated",)), ((), BOTH), (("authenticated",), ()), (BOTH, ("authenticated",)), (("encrypted",), BOTH)],
)
async def test_request_and_response_apart(
    tmp_path: Path, request_words: tuple[str, ...], response_words: tuple[str, ...]
) -> None:
    """The answer carries what the rights demand of answers, whatever they demand of requests."""
    bits = {"authenticated": 0x10, "encrypted": 0x20}
    wanted = sum(bits[word] for word in response_words)
    async with (
        meter(tmp_path, 0, guarding(request_words, response_words)) as running,
        Middle(running.url) as middle,
        client(middle.url, running, SAP, **NOTHING) as there,
    ):
        if request_words:
            with pytest.raises(ServiceError):
                await there.read(GUARDED)
        else:
            assert await there.read(GUARDED) == b""
        answer = middle.of("server")[-1]
        assert (answer[0], answer[2] & 0x30) == (0xCC, wanted) if wanted else answer[0] == 0xC4


# --- The policy of Security setup, version 0 and 1 ---


def setup_role(version: int) -> str:
    """A policy that demands nothing. It is changed in protected requests alone, whatever it is itself."""
    return role_text("management", SAP) + f"security_setup_version = {version}\n"


@pytest.mark.case("R-086")
@pytest.mark.supports("policy of Security setup version 0", suite=0)
async def test_policy_of_version_0(tmp_path: Path) -> None:
    """Nothing, authenticated, both: an enumeration. It is strengthened while the client is there, and never weakened."""
    async with meter(tmp_path, 0, setup_role(0)) as running:
        async with client(running.url, running, SAP) as there:
            setup = there.security_setup(version=0)
            assert (await setup.state()).policy == SecurityPolicy.NOTHING
            with pytest.raises(ConfigError):
                await setup.activate(SecurityPolicy.AUTHENTICATED_REQUEST)
            await setup.activate(AUTHENTICATED_BOTH_WAYS)
            assert await there.read("0.0.43.0.0.255", 2, class_id=64) == 1
            with pytest.raises(ServiceError):
                await setup.activate(ENCRYPTED_BOTH_WAYS)
            await setup.activate(STRONGEST_SYMMETRIC)
            assert await there.read("0.0.43.0.0.255", 2, class_id=64) == 3
            for weaker in (0, 1, 2):
                with pytest.raises(ServiceError):
                    await there.call("0.0.43.0.0.255", 1, Data.enum(weaker), class_id=64)
        await _weaker_is_refused(running)
    async with meter(tmp_path, 0, setup_role(0)) as running:  # and after a restart
        await _weaker_is_refused(running)


@pytest.mark.case("R-086")
@pytest.mark.supports("policy of Security setup version 1", "security_activate", suite="{suite}")
@pytest.mark.parametrize("suite", [0, 1, 2])
async def test_policy_of_version_1(tmp_path: Path, suite: int) -> None:
    """Bits, each for itself; requests and responses apart."""
    async with meter(tmp_path, suite, setup_role(1)) as running:
        async with client(running.url, running, SAP) as there:
            setup = there.security_setup()
            policy = SecurityPolicy.NOTHING
            for bit in (0x20, 0x04, 0x48):
                policy |= SecurityPolicy(bit)
                await setup.activate(policy)
                assert (await setup.state()).policy == policy
            for weaker in (0x00, 0x24, 0x64, 0x01):
                with pytest.raises(ServiceError):
                    await there.call("0.0.43.0.0.255", 1, Data.enum(weaker), class_id=64)
            assert (await setup.state()).policy == STRONGEST_SYMMETRIC
        await _weaker_is_refused(running)
    async with meter(tmp_path, suite, setup_role(1)) as running:
        await _weaker_is_refused(running)


async def _weaker_is_refused(running: Any) -> None:
    for word in ("none", "authenticated"):
        with pytest.raises(DlmsError):
            async with client(running.url, running, SAP, protection=word, allow_weak=True) as there:
                await there.read(NOTE)
    async with client(running.url, running, SAP) as there:
        await there.read(NOTE)
