"""``dlmskit decode`` as scripts and people use it: the JSON object and its keys, exit codes, ways in, and what is never shown.

That every capture decodes to its expected values is tested with the engine, in tests/trace/test_captures.py.
"""

from __future__ import annotations

import base64
import io
import json
import ssl
import sys
from pathlib import Path
from typing import Any

import dpkt
import pytest

from tests.apps.cli.conftest import Run
from tests.vectors import captures, load

WRONG = "00112233445566778899AABBCCDDEEFF"
WHOLE = {"frames", "apdu", "apdus", "security", "values", "problems"}
APDU = {"name", "trusted", "hex", "plain", "fields", "security"}
LAYER = {
    *("verdict", "form", "control", "suite", "authenticated", "encrypted", "signed", "broadcast", "compressed"),
    *("system_title", "manufacturer", "invocation_counter", "key", "key_info", "recipient", "transaction_id", "reason"),
}
VALUE = {"obis", "name", "class_id", "attribute", "value", "unit", "scaler", "raw", "type", "source"}
PROBLEM = {"code", "message", "offset"}


def capture(name: str) -> dict[str, Any]:
    return next(entry for entry in captures() if entry["id"] == name)


def keys_of(entry: dict[str, Any]) -> list[str]:
    return [word for option, key in (("--guek", "guek"), ("--gak", "ak")) if entry.get(key) for word in (option, entry[key])]


CLEAR = capture("aidon-6515-no-1p")
BLOCKS = capture("lgz-e450-gbt-glo-1")
"""HDLC, general blocks, general-glo-ciphering, authenticated and encrypted."""
ENCRYPTED_ONLY = capture("kfm-ma309-at-evn-doc")
GUEK, GAK = BLOCKS["guek"], BLOCKS["ak"]


def codes(document: dict[str, Any]) -> list[str]:
    return [problem["code"] for problem in document["problems"]]


@pytest.mark.parametrize("name", ["aidon-6515-no-1p", "lgz-e450-gbt-glo-1", "kam-no-badfcs-1", "p1-lgz-e360-se"])
def test_the_json_object_has_exactly_these_keys(run: Run, name: str) -> None:
    entry = capture(name)
    document = run("decode", entry["hex"], *keys_of(entry), "--json").json
    assert set(document) == WHOLE
    assert all(set(apdu) == APDU for apdu in [document["apdu"], *document["apdus"]])
    assert all(set(layer) == LAYER for layer in [document["security"], *document["apdu"]["security"]])
    assert all(set(value) == VALUE for value in document["values"])
    assert all(set(problem) == PROBLEM for problem in document["problems"])
    assert all({"kind", "offset", "length", "hex", "trusted", "problems"} <= set(frame) for frame in document["frames"])


@pytest.mark.parametrize(
    ("name", "obis", "value", "unit", "scaler", "raw"),
    [
        ("aidon-6515-no-1p", "1.0.31.7.0.255", 9.3, "A", -1, 93),
        ("aidon-6515-no-1p", "1.0.1.7.0.255", 1362, "W", 0, 1362),
        ("aidon-6515-no-1p", "0.0.96.1.0.255", "7359992890941742", None, None, "7359992890941742"),
        ("kfm-ma309-at-evn-doc", "1.0.32.7.0.255", 233.7, "V", -1, 2337),
        ("kfm-ma309-at-evn-doc", "1.0.13.7.0.255", 1, "", -3, 1000),
        ("kam-se-35", "1.1.1.8.0.255", 320141580, "Wh", 1, 32014158),
    ],
)
def test_values_carry_their_scaler(
    run: Run, name: str, obis: str, value: object, unit: str | None, scaler: int | None, raw: object
) -> None:
    entry = capture(name)
    found = next(one for one in run("decode", entry["hex"], *keys_of(entry), "--json").json["values"] if one["obis"] == obis)
    assert (found["value"], type(found["value"]), found["unit"], found["scaler"], found["raw"]) == (
        *(value, type(value), unit, scaler, raw),
    )


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([CLEAR["hex"]], 0, []),
        ([BLOCKS["hex"], "--guek", GUEK, "--gak", GAK], 0, []),
        ([BLOCKS["hex"], "--guek", GUEK], 0, ["missing-authentication-key"]),
        ([ENCRYPTED_ONLY["hex"], "--guek", ENCRYPTED_ONLY["guek"]], 0, ["not-authenticated"]),
        ([BLOCKS["hex"]], 4, ["missing-key"]),
        ([BLOCKS["hex"], "--guek", WRONG, "--gak", GAK], 4, ["wrong-encryption-key"]),
        ([BLOCKS["hex"], "--guek", GUEK, "--gak", WRONG], 4, ["wrong-authentication-key"]),
        ([BLOCKS["hex"] * 2, "--guek", GUEK, "--gak", GAK], 4, ["counter-repeated"]),
        ([capture("kam-no-badfcs-1")["hex"]], 5, ["frame-checksum"]),
        ([capture("lgz-e450-ch-gbt-block1")["hex"]], 5, ["block-missing"]),
        (["7EA0"], 5, ["unknown-octets"]),
        (["C001C1000301"], 5, ["malformed"]),
    ],
)
def test_exit_codes_and_problems(run: Run, words: list[str], code: int, said: list[str]) -> None:
    scripted, people = run("decode", *words, "--json"), run("decode", *words)
    assert (scripted.code, people.code) == (code, code)
    assert codes(scripted.json) == said
    assert all(one in people.out for one in said)


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["hello"], 5, "no file, and no octets either"),
        ([""], 5, "nothing to read"),
        (["00", "--guek", "12"], 4, "wrong-key-length"),
        (["00", "--guek", "not a key at all"], 2, "hexadecimal"),
        (["00", "--system-title", "11"], 2, "system title"),
        (["00", "--keys", "/nowhere/meter.keys"], 2, "cannot be read"),
        (["00", "--nothing"], 2, "No such option"),
        ([], 2, "Missing argument"),
    ],
)
def test_input_and_options_that_cannot_be_used(run: Run, words: list[str], code: int, message: str) -> None:
    result = run("decode", *words)
    assert (result.code, message in " ".join(result.err.split())) == (code, True), result
    assert "not a key at all" not in result.err


def test_a_wrong_authentication_key_still_shows_what_was_said_marked(run: Run) -> None:
    document = run("decode", BLOCKS["hex"], "--guek", GUEK, "--gak", WRONG, "--json").json
    assert document["security"]["verdict"] == "unverified"
    assert {"obis": "1.0.1.8.0.255", "value": 4408736}.items() <= document["values"][1].items()
    assert "verdict unverified" in run("decode", BLOCKS["hex"], "--guek", GUEK, "--gak", WRONG).out


def test_damaged_values_are_listed_on_request_alone(run: Run) -> None:
    damaged = capture("kam-no-badfcs-1")["hex"]
    assert run("decode", damaged, "--json").json["values"] == []
    asked = run("decode", damaged, "--accept-damaged", "--json")
    assert (asked.code, len(asked.json["values"]) > 10) == (5, True)


def test_every_way_in_gives_the_same(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    octets = bytes.fromhex(CLEAR["hex"])
    binary, text, capture_file = tmp_path / "push.bin", tmp_path / "push.txt", tmp_path / "push.pcap"
    binary.write_bytes(octets)
    text.write_text(octets.hex(" "))
    with capture_file.open("wb") as file:
        writer = dpkt.pcap.Writer(file, linktype=147)
        writer.writepkt(octets[:100], 1.0)
        writer.writepkt(octets[100:], 2.0)
    expected = run("decode", CLEAR["hex"], "--json").json["values"]
    assert len(expected) == 9
    ways: list[object] = [octets.hex(":"), base64.b64encode(octets).decode(), repr(octets), binary, text, capture_file]
    for way in ways:
        assert run("decode", way, "--json").json["values"] == expected, way
    for given in (octets, octets.hex().encode(), base64.b64encode(octets)):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        assert run("decode", "-", "--json").json["values"] == expected


def test_a_capture_of_tcp_is_put_in_order(run: Run, tmp_path: Path) -> None:
    apdu = bytes.fromhex("C401C10006000004D2")
    frame = b"\x00\x01\x00\x01\x00\x10" + len(apdu).to_bytes(2, "big") + apdu
    path = tmp_path / "session.pcap"
    with path.open("wb") as file:
        writer = dpkt.pcap.Writer(file)
        for start, flags, piece in (  # the second half comes first
            (-1, dpkt.tcp.TH_SYN | dpkt.tcp.TH_ACK, b""),
            (6, dpkt.tcp.TH_ACK, frame[6:]),
            (0, dpkt.tcp.TH_ACK, frame[:6]),
        ):
            tcp = dpkt.tcp.TCP(sport=4059, dport=50001, seq=1000 + start, ack=1, flags=flags, data=piece)
            ip = dpkt.ip.IP(src=bytes([10, 0, 0, 1]), dst=bytes([10, 0, 0, 2]), p=6, data=tcp)
            ip.len = len(ip)
            writer.writepkt(bytes(dpkt.ethernet.Ethernet(src=b"\2" * 6, dst=b"\3" * 6, type=0x800, data=ip)), 1.0)
    document = run("decode", path, "--json").json
    assert (document["apdu"]["name"], document["values"][0]["value"]) == ("get-response-normal", 1234)


def test_a_capture_gives_a_line_of_json_for_each_apdu(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "line.pcap"
    with path.open("wb") as file:
        writer = dpkt.pcap.Writer(file, linktype=101)
        for number, (source, destination, apdu) in enumerate(
            ((50001, 4059, "C001C100080000010000FF0200"), (4059, 50001, "C401C10006000004D2"), (4059, 50001, "C401C2000600")), 1
        ):
            octets = bytes.fromhex(apdu)
            udp = dpkt.udp.UDP(
                sport=source, dport=destination, data=b"\x00\x01\x00\x01\x00\x10" + len(octets).to_bytes(2, "big") + octets
            )
            udp.ulen = len(udp)
            ip = dpkt.ip.IP(src=bytes([10, 0, 0, 1]), dst=bytes([10, 0, 0, 2]), p=17, data=udp)
            ip.len = len(ip)
            writer.writepkt(bytes(ip), float(number))
    answer = run("decode", path, "--json")
    lines = [json.loads(line) for line in answer.out.splitlines()]
    assert answer.code == 5
    assert [line["apdu"]["name"] for line in lines] == ["get-request-normal", "get-response-normal", "unknown"]
    assert all(set(line) == {"apdu", "security", "values", "problems"} for line in lines)
    assert (lines[1]["values"][0]["value"], lines[1]["problems"]) == (1234, [])
    assert lines[2]["problems"]


def test_keys_from_a_key_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "meter.keys"
    title = BLOCKS["hex"][BLOCKS["hex"].index("DB08") + 4 :][:16]
    file.write_text(f'storage = "plain"\n[keys.{title}]\nguek = "{GUEK}"\ngak = "{GAK}"\n')
    file.chmod(0o600)
    assert run("decode", BLOCKS["hex"], "--keys", file, "--json").json["security"]["verdict"] == "verified"
    file.chmod(0o644)
    assert run("decode", BLOCKS["hex"], "--keys", file).code == 2, "others may read it"


def test_xml_is_that_of_the_innermost_apdu(run: Run) -> None:
    result = run("decode", BLOCKS["hex"], "--guek", GUEK, "--gak", GAK, "--xml")
    assert result.code == 0
    assert result.out.startswith("<DataNotification>")
    assert '<OctetString Value="0100010800FF"/>' in result.out
    assert not result.err
    unverified = run("decode", BLOCKS["hex"], "--guek", GUEK, "--xml")
    assert (unverified.out, "note missing-authentication-key" in unverified.err) == (result.out, True)


def test_people_see_frames_tree_values_and_problems(run: Run) -> None:
    result = run("decode", BLOCKS["hex"], "--guek", GUEK, "--gak", WRONG)
    order = [
        "hdlc frame at octet 0, 141 octets: destination 103/127, source 1, frame UI, control 13, poll final, hcs good, fcs good",
        "general-block-transfer",
        "system-title 4C475A677370B177  manufacturer LGZ",
        "invocation-counter 1539018",
        "1.0.1.8.0.255 Active energy import (+A), total",
        "Values",
        "│ 1.0.1.8.0.255 │             4408736 │ Wh   │ Active energy import (+A), total",
        "problem wrong-authentication-key",
    ]
    places = [result.out.index(line) for line in order]
    assert places == sorted(places)
    assert "\x1b" not in result.out, "no colours in a pipe"


def test_the_same_problem_of_many_messages_is_said_once(run: Run) -> None:
    two = capture("isk-am550-at-glo20")["hex"] + capture("isk-am550-at-glo20-next")["hex"]
    result = run("decode", two)
    assert result.out.count("problem missing-key") == 1
    assert "(2 times)" in result.out
    assert codes(run("decode", two, "--json").json) == ["missing-key"] * 2


def test_keys_are_never_shown(run: Run) -> None:
    for form in ([], ["--json"], ["--xml"]):
        for keys in ((GUEK, GAK), (GUEK, WRONG), (WRONG, GAK)):
            result = run("decode", BLOCKS["hex"], "--guek", keys[0], "--gak", keys[1], *form)
            assert not [key for key in (GUEK, GAK, WRONG) if key in (result.out + result.err).upper()]


# The forms that name their parties.


def vector(name: str) -> dict[str, Any]:
    return next(entry for entry in load("security") if entry["name"] == name)


def test_a_wrapped_key_opens_with_the_master_key(run: Run) -> None:
    entry = vector("general_ciphering_wrapped_key")
    octets, inputs = entry["outputs"]["apdu"], entry["inputs"]
    document = run("decode", octets, "--kek", inputs["kek"], "--gak", inputs["ak"], "--json").json
    assert (document["apdu"]["plain"], document["security"]["verdict"]) == (inputs["plaintext"], "verified")
    assert document["security"]["key_info"] == "wrapped"
    closed = run("decode", octets, "--gak", inputs["ak"], "--json")
    assert (closed.code, codes(closed.json)) == (4, ["missing-key"])
    wrong = run("decode", octets, "--kek", WRONG[::-1], "--gak", inputs["ak"], "--json")
    assert (wrong.code, codes(wrong.json)) == (4, ["wrong-master-key"])


@pytest.mark.parametrize("pem", [False, True])
def test_a_signature_is_checked_with_a_certificate(run: Run, tmp_path: Path, pem: bool) -> None:
    der = bytes.fromhex(vector("x509_client_signature")["outputs"]["der"])
    path = tmp_path / "client.crt"
    path.write_bytes(ssl.DER_cert_to_PEM_cert(der).encode() if pem else der)
    octets = vector("general_signing_over_glo_get")["outputs"]["apdu"]
    layers = run("decode", octets, "--certificate", str(path), "--json").json["apdu"]["security"]
    assert (layers[0]["verdict"], layers[0]["signed"]) == ("verified", True)
    unchecked = run("decode", octets, "--json").json
    assert "missing-verification-key" in codes(unchecked)
    changed = run("decode", octets[:-2] + "38", "--certificate", str(path), "--json")
    assert "signature-invalid" in codes(changed.json)
    assert changed.code == 4


@pytest.mark.parametrize("content", [b"nothing", b"-----BEGIN CERTIFICATE-----\nzz"])
def test_a_file_that_is_no_certificate(run: Run, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    assert run("decode", "C701C100", "--certificate", str(path)).code in (2, 4)
    assert run("decode", "C701C100", "--certificate", str(tmp_path / "absent")).code == 2
