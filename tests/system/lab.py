"""A whole meter behind a TCP socket for each security suite, with a client for each policy; and whoever listens in between.

The meter is the simulator's, the client is that of ``dlmskit.connect``: nothing of the protocol is made up here.
"""

from __future__ import annotations

import functools
from collections.abc import AsyncIterator, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import dlmskit
from dlmskit.apps.simulator.serving import Served, Serving, served
from dlmskit.client.aio import Meter
from dlmskit.client.counters import Counters
from dlmskit.security.policy import SecurityPolicy
from dlmskit.types.system_title import SystemTitle

TITLE = SystemTitle("4C41420000000001")
NOTE, REGISTER, GUARDED, COUNTER = "0.0.96.1.1.255", "1.0.1.8.0.255", "0.0.96.1.2.255", "0.0.96.15.1.255"
HLS_SECRET = bytes(range(32))
PASSWORD = "sniff me"

POLICIES = {
    "authenticated": ("authenticated",),
    "encrypted": ("encrypted",),
    "authenticated+encrypted": ("authenticated", "encrypted"),
    "nothing else": (),
}
SAPS = {
    (protection, signed): number
    for number, (protection, signed) in enumerate(
        [(protection, signed) for signed in (False, True) for protection in POLICIES if signed or POLICIES[protection]], 2
    )
}
"""The client of each policy: protection, and whether everything is signed as well."""


def keys_text(suite: int) -> str:
    """The symmetric keys of a meter of this suite."""
    size = 32 if suite == 2 else 16
    guek, gak, kek = (bytes(range(start, start + size)).hex() for start in (0x00, 0x30, 0x60))
    return f'guek = "{guek}"\ngak = "{gak}"\nkek = "{kek}"\nhls_secret = "{HLS_SECRET.hex()}"\n'


def role_text(name: str, sap: int, *, words: Iterable[str] = (), signed: bool = False, mechanism: str = "hls-gmac") -> str:
    """A role that may do everything, under this policy both ways."""
    listed = ", ".join(f'"{word}"' for word in words)
    return f"""
[[role]]
name = "{name}"
sap = {sap}
mechanism = "{mechanism}"
ciphered = true
signed = {str(signed).lower()}
policy = {{ request = [{listed}], response = [{listed}] }}
read = ["*"]
write = ["{NOTE}", "{GUARDED}"]
execute = ["*"]
most_associations = 8
"""


def plain_role_text(name: str, sap: int, mechanism: str) -> str:
    """A client without ciphering, which may do everything: nobody should have one."""
    password = f'password = "{PASSWORD}"' if mechanism == "lls" else ""
    return f"""
[[client]]
name = "{name}"
sap = {sap}
mechanism = "{mechanism}"
{password}
read = ["*"]
write = ["{NOTE}"]
execute = ["*"]
"""


MECHANISMS = {3: "hls-md5", 4: "hls-sha1", 5: "hls-gmac", 6: "hls-sha256", 7: "hls-ecdsa"}
PLAIN, CIPHERED = 20, 30
"""Client SAPs of `every_mechanism`: these and the number of the mechanism."""


def every_mechanism() -> str:
    """Two clients for each mechanism with challenges: one in clear, one ciphered."""
    return "".join(
        plain_role_text(f"plain {label}", PLAIN + number, label)
        + role_text(label, CIPHERED + number, words=("authenticated", "encrypted"), mechanism=label)
        for number, label in MECHANISMS.items()
    )


def description(suite: int, roles: str) -> str:
    """A meter with one register and two notes."""
    return f"""
lab = true
[meter]
system_title = "{TITLE}"
name = "LAB0000000000001"
security_suite = {suite}
[keys]
{keys_text(suite)}
[[client]]
name = "public"
sap = 16
read = ["0.0.43.1.*.255"]
{roles}
[registers]
"{REGISTER}" = "active-energy-import"
[[object]]
obis = "{NOTE}"
attributes = {{ value = {{ type = "octet-string", value = "" }} }}
[[object]]
obis = "{GUARDED}"
attributes = {{ value = {{ type = "octet-string", value = "" }} }}
[[object]]
obis = "{COUNTER}"
class_id = 3
attributes = {{ value = {{ type = "double-long-unsigned", value = 7 }} }}
"""


def every_policy(suite: int) -> str:
    """A role for each policy that the suite can have."""
    return "".join(
        role_text(f"policy {sap}", sap, words=POLICIES[protection], signed=signed)
        for (protection, signed), sap in SAPS.items()
        if suite or not signed
    )


@asynccontextmanager
async def meter(folder: Path, suite: int, roles: str | None = None) -> AsyncIterator[Served]:
    """The meter, on a port that the system chose."""
    path = folder / "meter.toml"
    path.write_text(description(suite, every_policy(suite) if roles is None else roles))
    async with served(path, Serving(port=0, state=folder / "state")) as running:
        yield running


@functools.cache
def counters() -> Counters:
    """One counter file of the head end, for all of its connections."""
    return Counters.in_memory()


def client(url: str, running: Served, sap: int, **words: Any) -> AbstractAsyncContextManager[Meter]:
    """A connection by this client, over this URL: that of the meter, or of whoever stands in between."""
    standard: dict[str, Any] = {
        "suite": running.meter.description.meter.security_suite,
        "counters": counters(),
        "timeout": 5.0,
        "entry": str(TITLE),
        "keys": running.key_file,
        "invocation_counter": 1,
    }
    return dlmskit.connect(f"{url}?client={sap}", **(standard | words))


def policy_of(protection: str) -> SecurityPolicy:
    """The symmetric policy both ways, as the word ``protection`` takes it."""
    both = {"authenticated": 0x24, "encrypted": 0x48}
    return SecurityPolicy(sum(both[word] for word in POLICIES[protection]))
