"""dlmskit protect and unprotect: published octets, every form in every suite there and back, pipelines, what is refused."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from dlmskit.crypto.suites import SUITES
from tests.apps.cli.conftest import Result, Run
from tests.apps.cli.test_keys import CLIENT, SERVER, VECTORS, done, plain

EK, AK = "000102030405060708090A0B0C0D0E0F", "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
KEYS = ("--guek", EK, "--gak", AK)
GET = "C0010000080000010000FF0200"
FRAME = "7EA02C032110DAF8E6E600C81E3001234567411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6BC5237E"
"""The published glo-get-request in an I frame from client 16 to server 1; its octets were checked with the vectors of HDLC."""
ACCESS = VECTORS["c1e1s_general_ciphering_content"]["inputs"]["plaintext"]
"""Has no service-specific form."""
HOW_TO = Path(__file__).parents[3] / "docs" / "how-to"
LEVELS = {"10": "authenticated", "20": "encrypted", "30": "both"}
SECRETS = {
    name: "".join(f"{first + index:02X}" for index in range(32))
    for name, first in zip(("guek", "gak", "gbek", "kek"), (0, 0x60, 0x30, 0x90), strict=True)
}

Feed = Callable[[str], None]


@pytest.fixture
def feed(monkeypatch: pytest.MonkeyPatch) -> Feed:
    """What stands in standard input."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode())))


# --- Published octets ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["apdu_auth_only", "apdu_enc_only", "apdu_auth_enc", "suite1_auth_enc_get", "suite2_auth_enc_get", "ded_get_request",
     "general_glo_ciphering_auth_enc", "glo_initiate_request_with_dedicated_key", "glo_initiate_response"],
)  # fmt: skip
def test_published_apdus(run: Run, name: str) -> None:
    vector = VECTORS[name]
    given, outputs = vector["inputs"], vector["outputs"]
    published = next(outputs[key] for key in ("apdu", "glo_get_request", "ded_get_request") if key in outputs)
    form = "ded" if name.startswith("ded") else "general-glo" if name.startswith("general") else "glo"
    keys = ("--dedicated-key" if form == "ded" else "--guek", given["ek"], "--gak", given["ak"])
    level, suite = LEVELS[f"{int(given['sc'], 16) & 0x30:02X}"], int(given["sc"], 16) & 0x0F
    title = "4D4D4D0000BC614E"
    words = ("--system-title", title, "--suite", suite, *keys)
    counter = ("--counter", int(given.get("invocation_counter", "01234567"), 16))
    made = done(run("protect", given["plaintext"], "--form", form, "--protection", level, *words, *counter))
    assert made.out.strip() == published
    demand = ("--protection", "encrypted") if level == "encrypted" else ()
    assert done(run("unprotect", published, *words, *demand)).out.strip() == given["plaintext"]


@pytest.mark.parametrize("name", ["general_ciphering_identified_key"])
def test_general_ciphering_as_the_standard_words_it(run: Run, name: str) -> None:
    """No octets of it were published: the vector is a computation after the text, see the explanation of security."""
    given, whole = VECTORS[name]["inputs"], VECTORS[name]["outputs"]["apdu"]
    titles = ("--system-title", given["originator"], "--recipient-title", given["recipient"])
    words = ("--form", "general-ciphering", "--transaction-id", given["transaction_id"], "--counter", 1, "--suite", 1)
    assert done(run("protect", given["plaintext"], *titles, *words, *KEYS)).out.strip() == whole
    assert done(run("unprotect", whole, "--suite", 1, *KEYS)).out.strip() == given["plaintext"]


def test_a_published_signature_is_verified(run: Run, tmp_path: Path) -> None:
    """What it is around is ciphered; both layers come off as one."""
    vector = VECTORS["general_signing_over_glo_get"]
    keys = plain(
        tmp_path,
        "keys",
        client={"system_title": CLIENT, "signing_public_key": VECTORS["signature_key_pair_client"]["outputs"]["public_raw_xy"]},
    )
    opened = done(run("unprotect", vector["outputs"]["apdu"], "--suite", 1, "--keys", keys, "--entry", "client", *KEYS, "--json"))
    layers = opened.json["stages"][0]["verified"]
    assert [(layer["form"], layer["protection"]) for layer in layers] == [
        ("general-signing", "signed"),
        ("glo", "authenticated and encrypted"),
    ]


# --- The pipeline -------------------------------------------------------------------------------------------------------


def test_every_stage_there_and_back(run: Run, feed: Feed) -> None:
    """KD-2: plain XML, APDU, ciphered APDU, glo service, frame; and back to the same XML."""
    xml = done(run("xml", GET)).out
    words = ("--system-title", "4D4D4D0000BC614E", *KEYS)
    feed(xml)
    there = done(run("protect", "-", *words, "--counter", 0x01234567, "--frame", "hdlc", "--client", 16, "--json")).json["stages"]
    assert [stage["stage"] for stage in there] == ["apdu", "glo", "hdlc"]
    vector = VECTORS["apdu_auth_enc"]["outputs"]
    assert there[0] == {"stage": "apdu", "hex": GET, "xml": xml.rstrip("\n")}
    assert there[1]["ciphered_content"] == f"3001234567{vector['ciphertext']}{vector['tag']}"
    assert there[1]["hex"] == vector["apdu"]
    assert there[1]["xml"] == f'<glo_GetRequest Value="{there[1]["ciphered_content"]}"/>'
    assert there[2]["hex"] == FRAME
    feed(FRAME)
    back = done(run("unprotect", "-", *words, "--json")).json["stages"]
    assert [stage["stage"] for stage in back] == ["hdlc", "glo", "apdu"]
    assert back[1]["xml"] == there[1]["xml"]
    assert back[1]["verified"][0]["protection"] == "authenticated and encrypted"
    assert back[2] == there[0]
    assert done(run("unprotect", FRAME, *words, "--xml")).out == xml


def test_the_pipeline_of_the_docs(tmp_path: Path) -> None:
    """The shell lines of the how-to page, as they stand there."""
    (pipeline,) = re.findall(r"^```sh\n(.*?)^```", (HOW_TO / "protect-pipeline.md").read_text(), re.MULTILINE | re.DOTALL)
    plain(tmp_path, "meter.keys", meter={"guek": EK, "gak": AK})
    command = tmp_path / "bin" / "dlmskit"
    command.parent.mkdir()
    command.write_text(f"#!{sys.executable}\nfrom dlmskit.apps.cli import main\nmain()\n")
    command.chmod(0o700)
    environment = {
        **os.environ,
        "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    result = subprocess.run(["sh", "-euc", pipeline], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert "<GetRequest>" in (tmp_path / "again.xml").read_text()
    apdu, frame = (bytes.fromhex((tmp_path / name).read_text()) for name in ("apdu.hex", "frame.hex"))
    assert apdu[:1] == b"\xc8"
    assert apdu in frame


@pytest.mark.parametrize(
    ("words", "start"),
    [
        (("--frame", "wrapper", "--client", 16, "--server", 1), "0001001000010020C81E30"),
        (("--frame", "hdlc", "--client", 16, "--server", 1, "--physical", 17), "7EA02D022321"),
        (("--frame", "hdlc", "--client", 16, "--server", 1, "--physical", 1000), "7EA02F00020ED1"),
        (("--frame", "hdlc", "--from", "server", "--client", 16), "7EA02C210310"),
    ],
)
def test_frames(run: Run, words: tuple[Any, ...], start: str) -> None:
    common = ("--system-title", "4D4D4D0000BC614E", *KEYS)
    framed = done(run("protect", GET, *common, "--counter", 5, *words)).out.strip()
    assert framed.startswith(start), framed
    assert done(run("unprotect", framed, *common)).out.strip() == GET


def test_segments(run: Run) -> None:
    common = ("--system-title", "4D4D4D0000BC614E", *KEYS)
    frames = ("--frame", "hdlc", "--client", 16, "--information-octets", 10)
    made = done(run("protect", GET, *common, "--counter", 5, *frames, "--json")).json["stages"][-1]
    assert len(made["frames"]) == 4
    assert made["hex"] == "".join(made["frames"])
    assert done(run("unprotect", made["hex"], *common)).out.strip() == GET
    lost = "".join(made["frames"][:1] + made["frames"][2:])
    assert run("unprotect", lost, *common).code == 5


# --- Every form ---------------------------------------------------------------------------------------------------------


def cipher_keys(suite: int) -> dict[str, str]:
    size = 2 * SUITES[suite].key_octets
    return {name: text[:size] for name, text in SECRETS.items()}


@pytest.fixture(scope="module")
def parties(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """A key file for each suite: a client and a meter, each with its private keys. Both sides of a test use it."""
    folder = tmp_path_factory.mktemp("parties")
    return {suite: plain(folder, f"suite{suite}.keys", **entries(suite)) for suite in SUITES}


def entries(suite: int, **changes: dict[str, str]) -> dict[str, dict[str, str]]:
    """Client and meter with all their keys, as a key file has them; ``changes`` by entry."""
    size = SUITES[suite].coordinate_octets
    client, meter = (private(octet, size) if size else {} for octet in ("22", "33"))
    both = {"client": {"system_title": CLIENT, **client}, "meter": {"system_title": SERVER, **cipher_keys(suite), **meter}}
    return {name: entry | changes.get(name, {}) for name, entry in both.items()}


def private(octet: str, count: int) -> dict[str, str]:
    return {"signing_key": octet * count, "agreement_key": f"{int(octet, 16) + 0x11:02X}" * count}


FORMS = [
    *[(form,) for form in ("glo", "ded", "general-glo", "general-ded")],
    *[("general-ciphering", "--key-info", key) for key in ("guek", "gbek", "wrapped", "one-pass", "static")],
    ("general-signing",),
    ("general-glo", "--form", "general-signing"),
    ("general-signing", "--form", "general-glo"),
    ("general-ciphering", "--form", "general-signing", "--form", "general-ciphering"),
]
ASYMMETRIC = {"general-signing", "one-pass", "static"}
TITLES = ("--system-title", CLIENT, "--recipient-title", SERVER)


@pytest.mark.parametrize("form", FORMS, ids=lambda words: "+".join(word for word in words if word[0] != "-"))
@pytest.mark.parametrize("suite", SUITES)
def test_every_form_there_and_back(run: Run, parties: dict[int, Path], suite: int, form: tuple[str, ...]) -> None:
    dedicated = ("--dedicated-key", "A5" * (SUITES[suite].key_octets - 1) + "5A") if "ded" in form[0] else ()
    words = ("--suite", suite, "--keys", parties[suite], *dedicated)
    ask = ("--form", *form, "--counter", 7, "--transaction-id", "0102030405060708")
    made = run("protect", GET, *words, *TITLES, *ask)
    if suite == 0 and ASYMMETRIC & set(form):
        assert (made.code, "unsupported" in made.err or "missing-key" in made.err) == (4, True), made
        return
    octets = done(made).out.strip()
    assert done(run("unprotect", octets, *words, *TITLES)).out.strip() == GET
    for at in range(0, len(octets), max(len(octets) // 24, 2)):
        changed = octets[:at] + f"{int(octets[at], 16) ^ 1:X}" + octets[at + 1 :]
        assert run("unprotect", changed, *words, *TITLES).code in {2, 4, 5}, at


@pytest.mark.parametrize("frame", ["hdlc", "wrapper"])
@pytest.mark.parametrize("form", FORMS, ids=lambda words: "+".join(word for word in words if word[0] != "-"))
def test_the_pipeline_with_every_form(run: Run, feed: Feed, parties: dict[int, Path], form: tuple[str, ...], frame: str) -> None:
    """KD-2, each stage a command that reads the one before: XML, APDU, protected, in a frame; and back to the same XML."""
    dedicated = ("--dedicated-key", "A5" * 15 + "5A") if "ded" in form[0] else ()
    words = ("--suite", 1, "--keys", parties[1], *dedicated, *TITLES)
    xml = done(run("xml", GET)).out
    stages = (
        ("xml", "-"),
        ("protect", "-", "--form", *form, *words, "--counter", 7, "--transaction-id", "0102030405060708"),
        ("protect", "-", "--form", "none", "--frame", frame, "--client", 16, "--from", "client", "--information-octets", 512),
        ("unprotect", "-", *words),
        ("xml", "-"),
    )
    line, seen = xml, []
    for stage in stages:
        feed(line)
        line = done(run(*stage)).out
        seen.append(line.strip())
    assert line == xml
    apdu, protected, framed, back, _ = seen
    assert apdu == back == GET
    assert protected in framed
    assert GET not in protected or form == ("general-signing",)


@pytest.mark.parametrize(
    ("suite", "form", "level"), list(product(SUITES, ["glo", "general-glo", "general-ciphering"], ["authenticated", "encrypted"]))
)
def test_weaker_protection_is_taken_where_it_is_said(
    run: Run, parties: dict[int, Path], suite: int, form: str, level: str
) -> None:
    words = ("--suite", suite, "--keys", parties[suite], *TITLES)
    ask = ("--form", form, "--protection", level, "--counter", 7, "--transaction-id", "01")
    octets = done(run("protect", GET, *words, *ask)).out.strip()
    assert done(run("unprotect", octets, *words, "--protection", level)).out.strip() == GET
    assert run("unprotect", octets, *words, "--protection", "both").code == 4
    assert run("unprotect", octets, *words).code == (4 if level == "encrypted" else 0)


@pytest.mark.parametrize("suite", [1, 2])
def test_compression(run: Run, parties: dict[int, Path], suite: int) -> None:
    push = VECTORS["general_glo_ciphering_suite1_enc_only_push"]["outputs"]["plaintext"]
    words = ("--suite", suite, "--keys", parties[suite], *TITLES, "--form", "general-glo", "--counter", 7)
    small, large = (done(run("protect", push, *words, *more)).out.strip() for more in (("--compress",), ()))
    assert len(small) < len(large)
    for octets in (small, large):
        assert done(run("unprotect", octets, "--suite", suite, "--keys", parties[suite], *TITLES)).out.strip() == push
    assert run("protect", push, *words[:1], 0, *words[2:], "--compress").code == 4


# --- Counters -----------------------------------------------------------------------------------------------------------


def used(result: Result) -> int:
    return int(done(result).json["stages"][1]["invocation_counter"])


def test_no_counter_is_taken_for_granted(run: Run, tmp_path: Path) -> None:
    words, store = ("protect", GET, "--system-title", CLIENT, *KEYS, "--json"), tmp_path / "counters"
    missing = run(*words)
    assert (missing.code, "which invocation counter?" in missing.out) == (2, True), missing
    unknown = run(*words, "--counters", store)
    assert (unknown.code, "does not know" in unknown.out, "say --counter" in unknown.out) == (2, True, True), unknown
    assert used(run(*words, "--counters", store, "--counter", 100)) == 100
    assert [used(run(*words, "--counters", store)) for _ in range(3)] == [101, 102, 103]
    again = run(*words, "--counters", store, "--counter", 103)
    assert (again.code, "103 was used with this key and title already" in again.out) == (2, True), again
    assert used(run(*words, "--counters", store, "--counter", 200)) == 200
    other = run(*words[:2], "--system-title", SERVER, *words[4:], "--counters", store)
    assert (other.code, "does not know" in other.out) == (2, True), "another title is another counter"
    assert run(*words, "--counters", store, "--counter", 1 << 32).code != 0
    dedicated = run(*words, "--form", "ded", "--dedicated-key", "A55A" * 8, "--counters", store)
    assert (dedicated.code, "counter of a dedicated key is not kept" in dedicated.out) == (2, True)


def test_transactions_are_not_repeated_either(run: Run, parties: dict[int, Path], tmp_path: Path) -> None:
    words = ("protect", GET, "--keys", parties[1], "--suite", 1, *TITLES, "--json")
    static = ("--form", "general-ciphering", "--key-info", "static")
    signing = run(*words, "--form", "general-signing")
    assert (signing.code, "need --transaction-id" in signing.out) == (2, True)
    assert "which invocation counter?" in run(*words, *static, "--transaction-id", "01").out, "the same id is the same key"
    made = [done(run(*words, *static, "--counters", tmp_path / "counters")).json["stages"][1]["hex"] for _ in range(2)]
    assert made[0][:20] != made[1][:20]
    assert ending_of(made[0]) != ending_of(made[1])


def ending_of(octets: str) -> str:
    """The ciphertext: under different keys it differs, though the counter is the same."""
    return octets[-50:]


# --- What is refused ----------------------------------------------------------------------------------------------------


SENT = (*KEYS, "--counter", 1, "--system-title", CLIENT)
CUT_SHORT = "DB00213001234567411312FF935A47566827C467BC7D825C3BE4A77C3FCC056B6B00"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("protect", GET, *KEYS, "--counter", 1), 2, "who sends? Say --system-title"),
        (("protect", "7E7E", *KEYS, "--counter", 1), 5, "not understood"),
        (("protect", "<GetRequest/>", *KEYS, "--counter", 1), 5, "GetRequest: line 1"),
        (("protect", GET, "--guek", EK, "--counter", 1, "--system-title", CLIENT), 4, "there is no gak"),
        (("protect", GET, *SENT, "--suite", 2), 4, "suite 2 needs a guek of 32 octets"),
        (("protect", GET, *SENT, "--form", "ded"), 4, "there is no dedicated_key"),
        (("protect", GET, *SENT, "--form", "general-signing", "--transaction-id", "01"), 2, "who receives?"),
        (("protect", GET, *KEYS, "--counter", 1, "--system-title", "00"), 2, "system title"),
        (("protect", ACCESS, *SENT), 2, "cannot send that"),
        (("protect", GET, "--form", "none", "--frame", "hdlc", "--client", 200), 2, "an address of 0 to 127, not 200"),
        (("protect", CUT_SHORT, "--form", "none"), 5, "not understood"),
        (("unprotect", FRAME, *KEYS), 2, "say --system-title"),
        (("unprotect", FRAME, *KEYS, "--system-title", SERVER), 4, "deciphering-failed"),
        (("unprotect", FRAME, "--guek", AK, "--gak", AK, "--system-title", CLIENT), 4, "deciphering-failed"),
        (("unprotect", FRAME, *KEYS, "--system-title", CLIENT, "--suite", 1), 4, "the APDU says suite 0, suite 1 is set"),
        (("unprotect", FRAME[:-8] + "00000000", *KEYS, "--system-title", CLIENT), 5, "not understood"),
        (("unprotect", FRAME[:-4] + "00" + FRAME[-2:], *KEYS, "--system-title", CLIENT), 5, "not understood"),
        (("unprotect", GET, *KEYS, "--system-title", CLIENT), 4, "an APDU without protection came"),
    ],
)  # fmt: skip
def test_what_is_refused(run: Run, words: tuple[Any, ...], code: int, message: str) -> None:
    result = run(*words)
    assert (result.code, message in " ".join(result.err.split())) == (code, True), result
    assert EK not in result.err
    assert result.out == ""


def test_a_repetition_in_one_input(run: Run, tmp_path: Path) -> None:
    twice = tmp_path / "twice.hex"
    frame = done(run("protect", GET, "--system-title", CLIENT, *KEYS, "--counter", 5, "--frame", "wrapper")).out.strip()
    twice.write_text(frame + frame)
    result = run("unprotect", twice, "--system-title", CLIENT, *KEYS)
    assert (result.code, "counter-repeated" in result.err) == (4, True)
    assert result.out.strip() == GET, "the first one was good"


def test_clear_apdus_where_that_is_said(run: Run) -> None:
    framed = done(run("protect", GET, "--form", "none", "--frame", "wrapper")).out.strip()
    assert done(run("unprotect", framed, "--protection", "none")).out.strip() == GET
    assert run("unprotect", framed).code == 4


def test_keys_of_other_entries_do_not_help(run: Run, tmp_path: Path) -> None:
    keys = plain(tmp_path, "keys", a={"guek": EK, "gak": AK}, b={"guek": AK, "gak": EK})
    words = ("protect", GET, "--system-title", CLIENT, "--counter", 1, "--keys", keys)
    which = run(*words)
    assert (which.code, "say --entry NAME; there are a, b" in which.err) == (2, True)
    made = [done(run(*words, "--entry", name)).out for name in "ab"]
    assert made[0] != made[1]
    assert run(*words, "--entry", "c").code == 2
