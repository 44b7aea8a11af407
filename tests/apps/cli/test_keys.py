"""dlmskit keys: published vectors through the command line, files that keep their secrets, errors that say what to do."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from dlmskit.apps.cli.commands import keys as keys_commands
from dlmskit.apps.cli.octets import to_pem
from dlmskit.client.key_file import PASSPHRASE
from dlmskit.crypto.suites import SUITES
from tests.apps.cli.conftest import Result, Run
from tests.client.small_meter import GAK, GUEK, KEYS, TITLE
from tests.vectors import load

VECTORS = {vector["name"]: vector for vector in load("security")}
CLIENT, SERVER = "4D4D4D0000BC614E", "4D4D4D0000000001"
"""As the Green Book has them in the annex on key agreement."""


@pytest.fixture(autouse=True)
def passphrase(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSPHRASE, "correct horse")


def plain(folder: Path, name: str, **entries: dict[str, str]) -> Path:
    """A plain key file."""
    file = folder / name
    tables = [
        f"[keys.{entry}]\n" + "".join(f'{key} = "{text}"\n' for key, text in fields.items()) for entry, fields in entries.items()
    ]
    file.write_text('storage = "plain"\n' + "\n".join(tables))
    file.chmod(0o600)
    return file


def done(result: Result) -> Result:
    assert result.code == 0, result
    return result


def pem(folder: Path, name: str, label: str = "CERTIFICATE") -> Path:
    """A vector as a file of other tools."""
    file = folder / f"{name}.pem"
    file.write_text("a word before\n" + to_pem(bytes.fromhex(VECTORS[name]["outputs"]["der"]), label))
    return file


def test_keys_are_made_sealed_and_never_shown(run: Run, tmp_path: Path, keys: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSPHRASE, "correct horse")
    sealed, fresh = tmp_path / "sealed.keys", tmp_path / "fresh.keys"
    results = [
        run("keys", "seal", keys, sealed),
        run("keys", "show", sealed),
        run("keys", "show", sealed, "--json"),
        run("keys", "new", fresh, "--entry", "house", "--system-title", TITLE),
        run("keys", "show", fresh, "--json"),
    ]
    assert [result.code for result in results] == [0] * 5
    assert "sealed 1 entry" in results[0].out
    assert KEYS.guek is not None
    assert results[2].json["entries"][0]["fingerprints"]["guek"] == KEYS.guek.fingerprint
    assert results[2].json["entries"][0]["secrets"] == ["lls_password"]
    entry = results[4].json["entries"][0]
    assert (entry["entry"], entry["system_title"], len(entry["fingerprints"])) == ("house", str(TITLE), 4)
    said = "".join(result.out + result.err for result in results).upper()
    assert GUEK not in said
    assert GAK not in said
    assert GUEK.encode() not in sealed.read_bytes().upper()
    again = run("keys", "seal", keys, sealed)
    assert again.code == 2
    assert "File exists" in again.err
    assert run("keys", "seal", keys).code == 2
    monkeypatch.setenv(PASSPHRASE, "wrong")
    assert run("keys", "show", sealed).code == 4
    monkeypatch.setenv(PASSPHRASE, "")
    assert "empty passphrase" in run("keys", "new", tmp_path / "x.keys").err


@pytest.mark.parametrize("suite", SUITES)
def test_new_keys_of_a_suite(run: Run, tmp_path: Path, suite: int) -> None:
    file = tmp_path / "meter.keys"
    done(run("keys", "new", "--suite", suite, file, "--system-title", TITLE))
    assert file.stat().st_mode & 0o077 == 0
    (hidden,) = done(run("keys", "show", file, "--json")).json["entries"]
    (shown,) = done(run("keys", "show", file, "--json", "--reveal")).json["entries"]
    secrets = [text for name, text in shown["revealed"].items() if name != "system_title"]
    roles = {"guek", "gak", "gbek", "kek"}
    assert set(shown["revealed"]) == roles | {"system_title"} | ({"signing_key", "agreement_key"} if suite else set())
    assert {len(shown["revealed"][role]) for role in roles} == {2 * SUITES[suite].key_octets}
    assert len(set(secrets)) == len(secrets)
    assert [pair["curve"] for pair in hidden["key_pairs"]] == ([] if suite == 0 else [SUITES[suite].curve] * 2)
    assert "revealed" not in hidden
    said = repr(hidden) + done(run("keys", "show", file)).out + file.read_text()
    assert not [secret for secret in secrets if secret.upper() in said.upper()]
    everything = done(run("keys", "show", file, "--reveal")).out
    assert all(secret in everything for secret in secrets)
    assert run("keys", "new", file).code == 2, "an existing file is never replaced"


@pytest.mark.parametrize("name", ["key_transfer_guek"])
def test_a_published_key_wrapped_and_unwrapped(run: Run, tmp_path: Path, name: str) -> None:
    given, wrapped = VECTORS[name]["inputs"], VECTORS[name]["outputs"]["wrapped"]
    present = plain(tmp_path, "present.keys", meter={"kek": given["kek"], "guek": GUEK})
    future = plain(tmp_path, "next.keys", meter={"guek": given["new_key"]})
    assert done(run("keys", "wrap", future, "guek", "--under", present)).out.strip() == wrapped
    into = tmp_path / "into.keys"
    told = done(run("keys", "unwrap", present, wrapped, "--into", into))
    assert given["new_key"] not in told.out.upper()
    (entry,) = done(run("keys", "show", into, "--reveal", "--json")).json["entries"]
    assert entry["revealed"]["guek"].upper() == given["new_key"]
    assert entry["revealed"]["kek"].upper() == given["kek"], "the rest stays"
    changed = f"{int(wrapped, 16) ^ 1:048X}"
    assert run("keys", "unwrap", present, changed).code == 4
    missing = run("keys", "wrap", future, "guek")
    assert (missing.code, "the entry has no kek; it has guek" in missing.err) == (4, True)


def agreeing(folder: Path) -> tuple[Path, Path]:
    """The parties of the published key agreements, each with its private keys and the other's public ones."""
    static, signature = VECTORS["c0e2s_static_unified"]["inputs"], VECTORS["c1e1s_ephemeral_signature_client"]["inputs"]
    one_pass, pair = VECTORS["c1e1s_client_to_server"]["inputs"], VECTORS["signature_key_pair_client"]
    them = {"system_title": SERVER, "agreement_public_key": static["server_static_public"]}
    us = {"system_title": CLIENT, "agreement_key": static["client_static_private"], "signing_key": pair["inputs"]["private"]}
    client = plain(folder, "client.keys", us=us, meter=them)
    meter = {"system_title": SERVER, "agreement_key": one_pass["server_static_private"]}
    head_end = {
        "system_title": CLIENT,
        "agreement_public_key": VECTORS["c1e1s_server_to_client"]["inputs"]["client_static_public"],
        "signing_public_key": signature["signer_public"],
    }
    return client, plain(folder, "server.keys", us=meter, client=head_end)


def test_published_key_agreements(run: Run, tmp_path: Path) -> None:
    client, server = agreeing(tmp_path)
    static, one_pass = VECTORS["c0e2s_static_unified"], VECTORS["c1e1s_client_to_server"]
    words = ("--scheme", "static", "--transaction-id", static["inputs"]["transaction_id"], "--entry", "us", "--reveal", "--json")
    assert done(run("keys", "agree", client, "--peer", "meter", *words)).json["key"] == static["outputs"]["ek"]
    assert done(run("keys", "agree", server, "--peer", "client", "--recipient", *words)).json["key"] == static["outputs"]["ek"]
    data = VECTORS["c1e1s_ephemeral_signature_client"]["outputs"]["key_ciphered_data"]
    received = ("--entry", "us", "--peer", "client", "--received")
    told = done(run("keys", "agree", server, *received, data, "--reveal", "--json")).json
    assert told["key"] == one_pass["outputs"]["ek"]
    wrong = run("keys", "agree", server, *received, f"{int(data, 16) ^ 1:0256X}")
    assert (wrong.code, "signature-invalid" in wrong.err) == (4, True)


@pytest.mark.parametrize("suite", [1, 2])
def test_a_one_pass_agreement_between_two_files(run: Run, tmp_path: Path, suite: int) -> None:
    """With certificates in place of entries."""
    pki(run, tmp_path, suite)
    sent = done(run("keys", "agree", tmp_path / "client.keys", "--peer", tmp_path / "meter-key-agreement.pem", "--json")).json
    words = ("--peer", tmp_path / "client-key-agreement.pem", "--signer", tmp_path / "client-signature.pem", "--json")
    got = done(run("keys", "agree", tmp_path / "meter.keys", "--received", sent["key_ciphered_data"], *words)).json
    assert got["fingerprint"] == sent["fingerprint"]
    assert "key" not in sent


def pki(run: Run, folder: Path, suite: int = 1) -> None:
    """A root, a sub-authority, and certificates for a client and a meter."""
    done(run("keys", "new", folder / "root.keys", "--suite", suite))
    done(run("keys", "new", folder / "sub.keys", "--suite", suite))
    done(run("keys", "cert", folder / "root.keys", folder / "root.pem", "--root", "Lab root"))
    sub = ("--sub-ca", "Lab sub", "--sub-ca-keys", folder / "sub.keys")
    done(run("keys", "cert", folder / "root.keys", folder / "sub.pem", "--issuer", folder / "root.pem", *sub))
    for name, title in (("client", CLIENT), ("meter", SERVER)):
        done(run("keys", "new", folder / f"{name}.keys", "--suite", suite, "--system-title", title))
        for use in ("signature", "key-agreement"):
            request, made = folder / f"{name}-{use}.csr", folder / f"{name}-{use}.pem"
            done(run("keys", "csr", folder / f"{name}.keys", request, "--use", use))
            words = ("--issuer", folder / "sub.pem", "--request", request, "--title", title)
            done(run("keys", "cert", folder / "sub.keys", made, *words))


def test_certificates_from_request_to_path(run: Run, tmp_path: Path) -> None:
    pki(run, tmp_path)
    certificate, root, sub = tmp_path / "meter-signature.pem", tmp_path / "root.pem", tmp_path / "sub.pem"
    trusted = ("--anchor", root, "--intermediate", sub, "--title", SERVER)
    found = done(run("keys", "verify", certificate, *trusted, "--json")).json
    assert found["path"] == [SERVER, "Lab sub", "Lab root"]
    assert found["findings"] == []
    for words, code, message in (
        (("--anchor", root), 4, "issuer-unknown"),
        ((*trusted, "--title", CLIENT), 4, "title-mismatch"),
        ((*trusted, "--role", "key-agreement"), 4, "key-usage"),
        ((*trusted, "--suite", "2"), 4, "curve"),
        ((*trusted, "--at", "2001-01-01T00:00:00Z"), 4, "not-yet-valid"),
        ((*trusted, "--at", "2001-01-01"), 2, "no time with a zone"),
        ((), 2, "give --anchor root.pem"),
    ):
        result = run("keys", "verify", certificate, *words)
        assert (result.code, message in " ".join(result.err.split())) == (code, True), (words, result)
    for issuer, title, message in ((sub, CLIENT, "the request is for"), (root, SERVER, "key-mismatch")):
        asked = ("--request", tmp_path / "meter-signature.csr", "--title", title)
        wrong = run("keys", "cert", tmp_path / "sub.keys", tmp_path / "x.pem", "--issuer", issuer, *asked)
        assert (wrong.code, message in wrong.err) == (4, True)
    assert not (tmp_path / "x.pem").exists()


def test_published_certificates(run: Run, tmp_path: Path) -> None:
    root = pem(tmp_path, "x509_root")
    for name, role in (
        ("x509_client_signature", "signature"),
        ("x509_server_key_agreement", "key-agreement"),
        ("x509_server_tls", "tls"),
    ):
        result = done(run("keys", "verify", pem(tmp_path, name), "--anchor", root, "--role", role, "--json"))
        assert result.json["public_key"] == VECTORS[name]["outputs"]["public_raw_xy"]


def test_signatures(run: Run, tmp_path: Path) -> None:
    vector = VECTORS["general_signing_over_glo_get"]
    keys = plain(tmp_path, "client.keys", us={"system_title": CLIENT, "signing_key": vector["inputs"]["private"]})
    signed, by = vector["inputs"]["tbs"], pem(tmp_path, "x509_client_signature")
    done(run("keys", "verify", signed, "--signature", vector["outputs"]["signature_rs"], "--by", by))
    made = done(run("keys", "sign", keys, signed)).out.strip()
    assert (
        done(run("keys", "verify", signed, "--signature", made, "--by", "us", "--keys", keys, "--json")).json["signer"] == CLIENT
    )
    wrong = run("keys", "verify", signed + "00", "--signature", made, "--by", by)
    assert (wrong.code, "signature-invalid" in wrong.err) == (4, True)
    assert run("keys", "verify", signed, "--signature", made[2:], "--by", by).code == 4
    assert run("keys", "verify", signed, "--signature", made, "--by", pem(tmp_path, "x509_client_key_agreement")).code == 2
    assert "who signed?" in run("keys", "verify", signed, "--signature", made).err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("sign", "{keys}", "00"), 4, "has no signing_key: keys new --suite 1 makes one"),
        (("csr", "{keys}", "x.csr"), 2, "has no system_title: make it with --system-title"),
        (("agree", "{keys}", "--peer", "default"), 2, "has no system_title"),
        (("wrap", "{keys}", "guek", "--entry", "other"), 2, "Say --entry NAME; there are: default"),
        (("wrap", "{keys}", "password"), 2, "'password' is not one of"),
        (("unwrap", "{keys}", "zz"), 5, "no octets"),
        (("cert", "{keys}", "x.pem", "--root", "Lab"), 4, "no signing_key"),
        (("show", "nowhere.keys"), 2, "cannot be read"),
        (("new", "x.keys", "--suite", "3"), 2, "less than or equal to 2"),
    ],
)
def test_errors_say_what_to_do(run: Run, keys: Path, words: tuple[Any, ...], code: int, message: str) -> None:
    result = run("keys", *(str(word).replace("{keys}", str(keys)) for word in words))
    said = " ".join(result.err.replace("│", " ").split())
    assert (result.code, message in said) == (code, True), result


def test_no_passphrase_for_a_new_file(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PASSPHRASE)
    monkeypatch.setattr("sys.stdin", io.StringIO())
    result = run("keys", "new", tmp_path / "x.keys")
    assert (result.code, PASSPHRASE in result.err) == (2, True), result


@pytest.mark.parametrize("suite", SUITES)
def test_every_command_in_every_suite(run: Run, tmp_path: Path, suite: int) -> None:
    """Wrapping in all of them; what needs a key pair says in suite 0 that there is none."""
    ours, theirs = tmp_path / "ours.keys", tmp_path / "theirs.keys"
    for file, title in ((ours, CLIENT), (theirs, SERVER)):
        done(run("keys", "new", file, "--suite", str(suite), "--system-title", title))
    wrapped = done(run("keys", "wrap", ours, "guek", "--json")).json
    unwrapped = done(run("keys", "unwrap", ours, wrapped["wrapped"], "--into", tmp_path / "next.keys", "--json")).json
    assert unwrapped["fingerprint"] == wrapped["fingerprint"]
    other = run("keys", "unwrap", theirs, wrapped["wrapped"], "--json")
    assert (other.code, other.json["error"]["exit_code"]) == (4, 4)
    csr, root = tmp_path / "ours.csr", tmp_path / "root.pem"
    commands: list[tuple[Any, ...]] = [
        ("sign", ours, "C001C100"),
        ("csr", ours, csr),
        ("cert", ours, root, "--root", "ROOT"),
        ("cert", ours, tmp_path / "own.pem", "--issuer", root, "--request", csr, "--title", CLIENT),
        ("verify", tmp_path / "own.pem", "--anchor", root, "--title", CLIENT, "--suite", str(max(suite, 1))),
    ]
    for words in commands:
        result = run("keys", *words, "--json")
        if suite == 0:
            assert result.code in {2, 4}, words
            assert result.json["error"]["message"]
        else:
            assert done(result).json, words


@pytest.mark.parametrize("command", sorted(path.stem for path in Path(keys_commands.__path__[0]).glob("[a-z]*.py")))
def test_every_command_has_an_example_and_json(run: Run, command: str) -> None:
    said = done(run("keys", command, "--help")).out
    assert f"Example: dlmskit keys {command}" in said
    assert "--json" in said
