"""dlmskit decode and every protected form: opened with the right keys, and where one thing is wrong, which check failed.

The messages are those of dlmskit protect. That they are right is the business of other tests; here it is what is said of them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dlmskit.apps.cli.octets import to_pem
from dlmskit.crypto.certificates import CertificateAuthority, Role
from dlmskit.crypto.curves import P_256
from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.crypto.suites import SUITE_1, SUITES
from dlmskit.types.system_title import SystemTitle
from tests.apps.cli.conftest import Run
from tests.apps.cli.test_keys import CLIENT, SERVER, done, plain
from tests.apps.cli.test_protect import ASYMMETRIC, FORMS, GET, TITLES, cipher_keys, entries
from tests.crypto.certificates.test_authority import ENDLESS, ROOT_KEY
from tests.security.people import keys_of, people
from tests.security.test_compression import under_bit_7

OTHER = "4D4D4D00DEADBEEF"
SIMPLE = ("glo", "ded", "general-glo", "general-ded")
CIPHERED = [form for form in FORMS if form != ("general-signing",)]
READER = ("--system-title", SERVER, "--system-title", CLIENT)
"""The entry of the meter has the symmetric keys."""


def dedicated(suite: int, form: tuple[str, ...]) -> tuple[str, ...]:
    size = SUITES[suite].key_octets
    return ("--dedicated-key", "A5" * (size - 1) + "5A") if "ded" in form[0] else ()


def sent(run: Run, folder: Path, form: tuple[str, ...], suite: int = 1, *more: Any) -> str:
    keys = plain(folder, f"sender{suite}.keys", **entries(suite))
    words = (
        "--suite",
        suite,
        "--keys",
        keys,
        *TITLES,
        *dedicated(suite, form),
        "--counter",
        7,
        "--transaction-id",
        "0102030405060708",
    )
    return done(run("protect", GET, "--form", *form, *words, *more)).out.strip()


def explained(run: Run, octets: str, folder: Path, suite: int = 1, /, *words: Any, **changes: dict[str, str]) -> Any:
    keys = plain(folder, "reader.keys", **entries(suite, **changes))
    return run("decode", octets, "--keys", keys, *(words or READER), "--json")


def said(result: Any) -> list[str]:
    return [problem["code"] for problem in result.json["problems"]]


def verdicts(result: Any) -> list[str]:
    return [layer["verdict"] for layer in result.json["apdu"]["security"]]


def named(form: tuple[str, ...]) -> str:
    return "+".join(word for word in form if word[0] != "-")


# --- Understood ---------------------------------------------------------------------------------------------------------


EVERY = [
    pytest.param(suite, form, id=f"{suite}-{named(form)}")
    for suite in SUITES
    for form in FORMS
    if suite or not ASYMMETRIC & set(form)
]


@pytest.mark.parametrize(("suite", "form"), EVERY)
def test_every_form_is_opened(run: Run, tmp_path: Path, suite: int, form: tuple[str, ...]) -> None:
    octets = sent(run, tmp_path, form, suite)
    result = explained(run, octets, tmp_path, suite, *READER, *dedicated(suite, form))
    assert (result.code, said(result)) == (0, []), result
    assert verdicts(result) == ["verified"] * (1 + form.count("--form"))
    assert result.json["apdu"]["plain"] == GET


# --- What was wrong -----------------------------------------------------------------------------------------------------


SYMMETRIC = [form for form in FORMS if form[0] in SIMPLE and len(form) == 1] + [
    ("general-ciphering", "--key-info", key) for key in ("guek", "gbek")
]


@pytest.mark.parametrize("form", SYMMETRIC, ids=named)
def test_another_encryption_key(run: Run, tmp_path: Path, form: tuple[str, ...]) -> None:
    octets = sent(run, tmp_path, form)
    wrong = {"guek": "00" * 16, "gbek": "11" * 16}
    key = ("--dedicated-key", "5A" * 15 + "A5") if "ded" in form[0] else ()
    result = explained(run, octets, tmp_path, 1, *READER, *key, meter=wrong)
    assert (result.code, said(result), verdicts(result)) == (4, ["wrong-encryption-key"], ["not-deciphered"])
    none = explained(run, octets, tmp_path, 1, "--system-title", CLIENT)
    assert (none.code, said(none)) == (4, ["missing-key"])


@pytest.mark.parametrize("form", CIPHERED, ids=named)
def test_another_authentication_key(run: Run, tmp_path: Path, form: tuple[str, ...]) -> None:
    """It deciphers all the same, so that is what is told; a signature around or inside is not touched by it."""
    octets = sent(run, tmp_path, form)
    result = explained(run, octets, tmp_path, 1, *READER, *dedicated(1, form), meter={"gak": "00" * 16})
    assert result.code == 4
    assert set(said(result)) == {"wrong-authentication-key"}
    assert result.json["apdu"]["plain"] == GET
    layers = result.json["apdu"]["security"]
    assert [layer["verdict"] for layer in layers] == ["verified" if layer["signed"] else "unverified" for layer in layers]


@pytest.mark.parametrize("form", CIPHERED, ids=named)
def test_a_changed_tag(run: Run, tmp_path: Path, form: tuple[str, ...]) -> None:
    """The last octet: of the tag, or of the signature around it."""
    octets = sent(run, tmp_path, form)
    changed = octets[:-1] + f"{int(octets[-1], 16) ^ 1:X}"
    result = explained(run, changed, tmp_path, 1, *READER, *dedicated(1, form))
    expected = "signature-invalid" if form[-1] == "general-signing" else "wrong-authentication-key"
    assert (result.code, said(result)) == (4, [expected])
    assert "the message was changed" in result.json["problems"][0]["message"]


@pytest.mark.parametrize("form", ["glo", "ded"])
def test_another_title_where_the_form_has_none(run: Run, tmp_path: Path, form: str) -> None:
    octets, key = sent(run, tmp_path, (form,)), dedicated(1, (form,))
    symmetric = [word for name, text in cipher_keys(1).items() for word in (f"--{name}", text)]
    result = run("decode", octets, *symmetric, *key, "--system-title", OTHER, "--json")
    assert (result.code, said(result)) == (4, ["wrong-encryption-key"])
    assert f"under system title {OTHER}: another key, or another system title" in result.json["problems"][0]["message"]
    both = run("decode", octets, *symmetric, *key, "--system-title", CLIENT, "--system-title", OTHER, "--json")
    assert (both.code, said(both)) == (0, [])
    none = run("decode", octets, *symmetric, *key, "--json")
    assert (none.code, said(none)) == (4, ["missing-system-title"])


@pytest.mark.parametrize(
    "form", [form for form in CIPHERED if form[0].startswith("general") and form.count("--form") < 1], ids=named
)
def test_another_title_in_the_message(run: Run, tmp_path: Path, form: tuple[str, ...]) -> None:
    """The true one is known beside it, so it is told under which it opens, where the key does not hang on it too."""
    octets = sent(run, tmp_path, form)
    changed = octets.replace("08" + CLIENT, "08" + OTHER, 1)
    result = explained(run, changed, tmp_path, 1, *READER, *dedicated(1, form))
    expected = "wrong-system-title" if form[0] in SIMPLE else "missing-key" if form[-1] == "static" else "wrong-encryption-key"
    assert (result.code, said(result)) == (4, [expected])


@pytest.mark.parametrize("form", SYMMETRIC, ids=named)
def test_a_counter_that_came_before(run: Run, tmp_path: Path, form: tuple[str, ...]) -> None:
    octets, twice = sent(run, tmp_path, form, 1, "--frame", "wrapper"), tmp_path / "twice.hex"
    twice.write_text(octets * 2)
    result = explained(run, str(twice), tmp_path, 1, *READER, *dedicated(1, form))
    assert (result.code, said(result)) == (4, ["counter-repeated"])
    assert "invocation counter 7" in result.json["problems"][0]["message"]


def test_a_key_that_does_not_unwrap(run: Run, tmp_path: Path) -> None:
    octets = sent(run, tmp_path, ("general-ciphering", "--key-info", "wrapped"))
    other = explained(run, octets, tmp_path, 1, *READER, meter={"kek": "00" * 16})
    assert (other.code, said(other)) == (4, ["wrong-master-key"])
    at = octets.index("010100") + 8  # key-info, wrapped, master key; then the length
    changed = octets[:at] + f"{int(octets[at], 16) ^ 1:X}" + octets[at + 1 :]
    assert said(explained(run, changed, tmp_path)) == ["wrong-master-key"]


@pytest.mark.parametrize("scheme", ["one-pass", "static"])
def test_another_key_agreed_on(run: Run, tmp_path: Path, scheme: str) -> None:
    octets = sent(run, tmp_path, ("general-ciphering", "--key-info", scheme))
    changes: Any = {"meter": {"agreement_key": "55" * 32}}
    if scheme == "static":  # with the private key of either side the key is found, so both are others here
        changes["client"] = {"agreement_key": "66" * 32}
    result = explained(run, octets, tmp_path, 1, *READER, **changes)
    assert (result.code, said(result)) == (4, ["wrong-encryption-key"])
    assert "fresh key" in result.json["problems"][0]["message"]


def test_an_ephemeral_key_that_is_none(run: Run, tmp_path: Path) -> None:
    octets = sent(run, tmp_path, ("general-ciphering", "--key-info", "one-pass"))
    at = octets.index("0102010181") + 12  # agreed, in one pass; then the length of point and signature
    for offset, code in ((0, "public-key-invalid"), (2 * 127, "signature-invalid")):
        changed = octets[: at + offset] + f"{int(octets[at + offset], 16) ^ 1:X}" + octets[at + offset + 1 :]
        result = explained(run, changed, tmp_path)
        assert (result.code, said(result)) == (4, [code])


def certificate(folder: Path, title: str, octet: str) -> Path:
    root = CertificateAuthority.root("ROOT", ROOT_KEY, 1, ENDLESS)
    key = SigningKey(P_256, bytes.fromhex(octet * 32))
    made = root.issue(SystemTitle(title), key.public, Role.SIGNATURE, 2, ENDLESS)
    path = folder / f"{title}-{octet}.pem"
    path.write_text(to_pem(made.octets, "CERTIFICATE"))
    return path


@pytest.mark.parametrize("form", [form for form in FORMS if "general-signing" in form], ids=named)
def test_a_signature_and_the_wrong_certificate(run: Run, tmp_path: Path, form: tuple[str, ...]) -> None:
    octets, symmetric = sent(run, tmp_path, form), cipher_keys(1)
    words = [word for name, text in symmetric.items() for word in (f"--{name}", text)] + ["--system-title", CLIENT]

    def codes(title: str, octet: str) -> list[str]:
        return said(run("decode", octets, *words, "--certificate", certificate(tmp_path, title, octet), "--json"))

    assert codes(CLIENT, "22") == []
    assert codes(CLIENT, "44") == ["signature-invalid"]
    assert codes(OTHER, "22") == ["missing-verification-key"]


def test_each_layer_has_its_own_verdict(run: Run, tmp_path: Path) -> None:
    octets = sent(run, tmp_path, ("general-glo", "--form", "general-signing"))
    outer = explained(run, octets, tmp_path, 1, *READER, meter={"guek": "00" * 16, "gbek": "11" * 16})
    assert (said(outer), verdicts(outer)) == (["wrong-encryption-key"], ["verified", "not-deciphered"])


@pytest.mark.parametrize("octet", [0xB1, 0x91])
def test_what_is_no_compression(run: Run, octet: int) -> None:
    """Under a tag that fits: a fault of the sender, not of somebody on the way."""
    client, _ = people()
    words = [word for name, key in keys_of(SUITE_1).named() for word in (f"--{name}", key.reveal().hex())]
    result = run("decode", under_bit_7(b"\xff" * 9, client, octet).hex(), *words, "--json")
    assert (result.code, said(result), verdicts(result)) == (5, ["compression-invalid"], ["verified"])
