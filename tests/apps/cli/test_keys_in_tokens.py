"""Key files and SoftHSM: sealed by a token, keys moved into it, a meter on a real socket read and served with them."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dlmskit.apps.simulator.serving import Serving, served
from dlmskit.client.aio import connect
from dlmskit.client.counters import Counters
from dlmskit.client.key_file import PASSPHRASE, read_key_file
from dlmskit.client.key_ledger import KeyFileLedger
from dlmskit.client.pkcs11.thread import on_token
from dlmskit.client.plan import make_plan
from dlmskit.client.tokens import LIBRARY, PIN, token_named
from dlmskit.crypto.certificates import Certificate, CertificateAuthority, CertificateError, Role
from dlmskit.crypto.curves import P_256
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.errors import ConfigError, DlmsError
from dlmskit.security.held_keys import HeldKey
from dlmskit.security.keys import Key
from dlmskit.types.system_title import SystemTitle
from tests.apps.cli.conftest import Run
from tests.apps.cli.test_keys import done, plain
from tests.crypto.certificates.pki import VALIDITY
from tests.softhsm import PIN as OPENS
from tests.softhsm import softhsm

TOKEN = "key files"
METER, CLIENT = "4C41420000000001", "4845530000000001"
CLOCK = "0.0.1.0.0.255"
KEYS = {"guek": "5A4B3C2D1E0F" + "11" * 10, "gak": "A5B4C3D2E1F0" + "22" * 10, "kek": "0F1E2D3C4B5A" + "33" * 10}
DESCRIPTION = f"""
keys_file = "KEYS"
[meter]
system_title = "{METER}"
name = "LAB0000000000001"
security_suite = SUITE
[[client]]
name = "public"
sap = 16
read = ["0.0.43.1.*.255"]
[[client]]
name = "management"
sap = 1
mechanism = "MECHANISM"
ciphered = true
read = ["*"]
"""


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIBRARY, softhsm())
    monkeypatch.setenv(PIN, OPENS.reveal().decode())
    monkeypatch.setenv(PASSPHRASE, "correct horse")


@pytest.fixture(autouse=True)
def emptied(surroundings: None) -> Iterator[None]:
    """An empty token for every test."""
    session = token_named(TOKEN)._session
    yield
    on_token(lambda: [found.destroy() for found in list(session.get_objects())])


def test_a_file_sealed_by_a_token(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clear, sealed = plain(tmp_path, "plain.keys", house=KEYS), tmp_path / "sealed.keys"
    done(run("keys", "seal", clear, sealed, "--token", TOKEN))
    monkeypatch.delenv(PASSPHRASE)
    assert done(run("keys", "show", sealed, "--json")).json == done(run("keys", "show", clear, "--json")).json
    fresh = tmp_path / "fresh.keys"
    done(run("keys", "new", fresh, "--suite", "2", "--token", TOKEN))
    assert len(done(run("keys", "show", fresh, "--json")).json["entries"][0]["key_pairs"]) == 2
    text = sealed.read_text()
    assert all(key.lower() not in text.lower() for key in KEYS.values())
    sealed.write_text(text.replace('"key files"', '"key filez"', 1))
    assert run("keys", "show", sealed).code == 2
    wrapped = text.partition('"wrapped": "')[2][:10]
    sealed.write_text(text.replace(wrapped, wrapped[::-1]))
    assert run("keys", "show", sealed).code == 4
    sealed.write_text(text.replace('"version": 1', '"version": 1, "note": ""'))
    assert "another key in the token" in run("keys", "show", sealed).err, "the header is authenticated"
    sealed.write_text(text.replace('"wrapped"', '"unwrapped"'))
    assert "damaged" in run("keys", "show", sealed).err


def test_no_file_says_which_library_is_loaded(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = tmp_path / "sealed.keys"
    done(run("keys", "new", sealed, "--token", TOKEN))
    assert "libsofthsm" not in sealed.read_text()
    monkeypatch.delenv(LIBRARY)
    refused = run("keys", "show", sealed)
    assert refused.code == 2
    assert LIBRARY in refused.err
    with pytest.raises(ConfigError, match=LIBRARY):
        token_named(TOKEN)


@pytest.mark.parametrize(("suite", "words"), [(0, {}), (1, {"mechanism": 7, "sign": True}), (2, {"mechanism": 7})])
async def test_meter_and_client_with_all_keys_in_a_token(run: Run, tmp_path: Path, suite: int, words: dict[str, Any]) -> None:
    """Moved by the command line; then a simulated meter and a client hold nothing but labels, the GAK and secrets."""
    clear, stored = plain(tmp_path, "clear.keys", **new_entries(run, tmp_path, suite)), tmp_path / "stored.keys"
    done(run("keys", "store", clear, stored, "--token", TOKEN))
    before, after = (done(run("keys", "show", file, "--json")).json["entries"] for file in (clear, stored))
    assert after == before, "the same fingerprints and public keys"
    revealed = done(run("keys", "show", stored, "--json", "--reveal")).json["entries"][1]["revealed"]
    assert revealed["guek_label"] == f"{METER} guek"
    assert not {"guek", "gbek", "kek", "signing_key", "agreement_key"} & revealed.keys()
    keys = read_key_file(stored)[METER].keys
    assert isinstance(keys.guek, HeldKey)
    assert isinstance(keys.kek, HeldKey)
    async with meter(tmp_path, stored.name, suite, "hls-ecdsa" if words else "hls-gmac") as running:
        for file in (stored, clear):
            async with client(running, file, suite, **words) as there:
                assert await there.read(CLOCK) is not None
    message = ("protect", "C0010000080000010000FF0200", "--entry", METER, "--system-title", CLIENT, "--counter", "7")
    said = {done(run(*message, "--suite", str(suite), "--keys", file)).out for file in (stored, clear)}
    assert len(said) == 1, "the command line as well"
    again = run("keys", "store", clear, tmp_path / "again.keys", "--token", TOKEN)
    assert (again.code, "already" in again.err) == (2, True)
    again = run("keys", "store", stored, tmp_path / "again.keys", "--token", TOKEN)
    assert "in a token already" in again.err


def test_renewed_keys_of_a_file_that_a_token_seals(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No passphrase is needed for it; the new key is in the file, the others stay where they are."""
    stored = tmp_path / "stored.keys"
    done(run("keys", "store", plain(tmp_path, "clear.keys", house=KEYS), stored, "--token", TOKEN))
    monkeypatch.delenv(PASSPHRASE)
    ledger = KeyFileLedger(stored, "house")
    new = Key(bytes(range(16)))
    ledger.put(replace(ledger.active(), guek=new))
    assert KeyFileLedger(stored, "house").pending() is not None
    ledger.confirm()
    keys = KeyFileLedger(stored, "house").active()
    assert keys.guek == new
    assert not isinstance(keys.guek, HeldKey)
    assert isinstance(keys.kek, HeldKey)
    assert json.loads(stored.read_text())["token"]["label"] == TOKEN


def new_entries(run: Run, folder: Path, suite: int) -> dict[str, dict[str, str]]:
    """Fresh keys of a client and a meter, in clear."""
    entries = {}
    for name, title in (("client", CLIENT), (METER, METER)):
        file = folder / f"{name}.new"
        done(run("keys", "new", file, "--suite", str(suite), "--entry", name, "--system-title", title, "--token", TOKEN))
        entries[name] = done(run("keys", "show", file, "--reveal", "--json")).json["entries"][0]["revealed"]
    return entries


def meter(folder: Path, keys: str, suite: int, mechanism: str) -> Any:
    path = folder / "meter.toml"
    path.write_text(DESCRIPTION.replace("KEYS", keys).replace("SUITE", str(suite)).replace("MECHANISM", mechanism))
    return served(path, Serving(port=0))


def client(running: Any, keys: Any, suite: int, **words: Any) -> Any:
    words = {"suite": suite, "server_title": METER, "counters": Counters.in_memory(), **words}
    return connect(f"{running.url}?client=1", keys=keys, **words)


def base64_of(certificate: Certificate) -> str:
    return base64.b64encode(certificate.octets).decode()


async def test_parties_that_know_only_an_authority(run: Run, tmp_path: Path) -> None:
    """Neither key file has a public key of the other: certificates and trust anchors in them do."""
    entries = new_entries(run, tmp_path, 1)
    root = CertificateAuthority.root("ROOT", SigningKey.generate(P_256), 1, VALIDITY)
    for number, table in enumerate(entries.values(), 2):
        public = SigningKey(P_256, bytes.fromhex(table["signing_key"])).public
        own = root.issue(SystemTitle(table["system_title"]), public, Role.SIGNATURE, number, VALIDITY)
        table |= {"signing_certificate": base64_of(own), "trust_anchors": base64_of(root.certificate)}
    symmetric = {name: text for name, text in entries[METER].items() if name in {"guek", "gak", "kek"}}
    meters = plain(tmp_path, "meters.keys", **{METER: entries[METER]})
    ours = plain(tmp_path, "ours.keys", client=entries["client"], **{METER: symmetric})
    words = {"mechanism": 7, "sign": True}
    async with meter(tmp_path, meters.name, 1, "hls-ecdsa") as running:
        async with client(running, ours, 1, **words) as there:
            assert await there.read(CLOCK) is not None
        for forgotten in ("trust_anchors", "signing_certificate"):
            less = {name: text for name, text in entries["client"].items() if name != forgotten}
            partial = plain(tmp_path, f"{forgotten}.keys", client=less, **{METER: symmetric})
            with pytest.raises(DlmsError):
                async with client(running, partial, 1, **words) as there:
                    await there.read(CLOCK)


def test_a_meters_certificate_must_lead_to_an_authority(run: Run, tmp_path: Path) -> None:
    entries = new_entries(run, tmp_path, 1)
    public = SigningKey(P_256, bytes.fromhex(entries[METER].pop("signing_key"))).public
    root, other = (CertificateAuthority.root(name, SigningKey.generate(P_256), 1, VALIDITY) for name in ("ROOT", "OTHER"))
    entries["client"]["trust_anchors"] = base64_of(root.certificate)
    for issuer, believed in ((root, True), (other, False)):
        issued = issuer.issue(SystemTitle(METER), public, Role.SIGNATURE, 2, VALIDITY)
        entries[METER]["signing_certificate"] = base64_of(issued)
        file = plain(tmp_path, f"{believed}.keys", **entries)
        if believed:
            assert make_plan("tcp://x", file, {"suite": 1, "mechanism": 7, "server_title": METER}).introduction.check
        else:
            with pytest.raises(CertificateError):
                make_plan("tcp://x", file, {"suite": 1, "mechanism": 7, "server_title": METER})


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"gak_label": "x"}, "AES-GCM takes the authentication key as additional data in clear"),
        ({"hls_secret_label": "x"}, "hashes or sends the secret itself"),
        ({"lls_password_label": "x"}, "hashes or sends the secret itself"),
        ({"guek_label": "x"}, "token = "),
        ({"guek_label": "nothing", "token": TOKEN}, "missing-key"),
        ({"guek_label": "x", "token": "no such"}, "no token with this label"),
        ({"guek_label": "x", "guek": KEYS["guek"], "token": TOKEN}, "keep one of them"),
        ({"signing_certificate": "not base64"}, "DER octets in base64"),
        ({"trust_anchors": "AAAA"}, "trust_anchors"),
    ],
)
def test_what_a_key_file_cannot_say(run: Run, tmp_path: Path, fields: dict[str, str], message: str) -> None:
    refused = run("keys", "show", plain(tmp_path, "odd.keys", house=fields))
    assert refused.code in {2, 4}
    assert message in refused.err.replace("\n", " ")
