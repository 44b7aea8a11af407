"""The dissector in Debian's tshark, on captures that we write: it must say what our own decoder says."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dlmskit.apdu import GeneralGloCiphering, decode_apdu
from dlmskit.errors import DecodeError
from dlmskit.link.hdlc.frame import HdlcFrame, decode_frame
from dlmskit.link.wrapper import encode_wrapper
from dlmskit.trace.capture_writer import CaptureWriter
from dlmskit.trace.wireshark import DISSECTOR, with_tables
from tests.apps.cli.conftest import Run, run  # noqa: F401 - a fixture
from tests.vectors import load

Dissect = Callable[[Path], list[dict[str, Any]]]


@pytest.fixture
def dissected() -> Dissect:
    """What tshark says of each packet: its layers of ours, flat, repeated fields as lists."""

    def dissect(capture: Path) -> list[dict[str, Any]]:
        words = ["tshark", "-X", f"lua_script:{DISSECTOR}", "-r", str(capture), "-T", "ek"]
        done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
        assert "Lua" not in done.stderr, done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines() if line]
        return [line["layers"] for line in lines if "layers" in line]

    return dissect


def values(packet: dict[str, Any], layer: str, field: str) -> list[Any]:
    """Every value of a field, whatever APDU inside of another it stands in."""
    parts = packet.get(layer, [])
    found: list[Any] = []
    for part in parts if isinstance(parts, list) else [parts]:
        value = part.get(f"{layer}_{layer}_{field}", [])
        found += value if isinstance(value, list) else [value]
    return found


def is_malformed(packet: dict[str, Any]) -> bool:
    """Whether our dissector complains."""
    return "Malformed:" in json.dumps(packet)


def strict() -> list[bytes]:
    """The published APDUs that follow their declaration."""
    found = []
    for vector in load("apdu"):
        octets = bytes.fromhex(vector["hex"])
        try:
            decode_apdu(octets)
        except DecodeError:
            continue
        found.append(octets)
    return found


def apdus_in(path: Path, apdus: list[bytes], *, udp: bool = False, ng: bool = False) -> Path:
    with path.open("wb") as file:
        writer = CaptureWriter(file, ng=ng)
        for number, apdu in enumerate(apdus):
            if udp:
                writer.datagram(encode_wrapper(16, 1, apdu), 1.7e9 + number, from_client=True)
            else:
                writer.apdu(apdu, 1.7e9 + number, from_client=True, client_sap=16, server_sap=1)
    return path


@pytest.mark.parametrize(("udp", "ng"), [(True, False), (False, True)], ids=["udp in pcap", "tcp in pcapng"])
def test_every_published_apdu_is_named_and_none_is_malformed(dissected: Dissect, tmp_path: Path, udp: bool, ng: bool) -> None:
    apdus = strict()
    assert len(apdus) > 150
    packets = [packet for packet in dissected(apdus_in(tmp_path / "x", apdus, udp=udp, ng=ng)) if "dlmskit" in packet]
    assert len(packets) == len(apdus)
    for packet, octets in zip(packets, apdus, strict=True):
        declared = type(decode_apdu(octets))
        assert values(packet, "dlmskit", "name")[0] == (declared.alternative_name or declared.service_name)
        assert not is_malformed(packet), octets.hex()
        assert values(packet, "dlmskit_wrapper", "destination") == ["1"]


def test_headers_of_ciphered_apdus(dissected: Dissect, tmp_path: Path) -> None:
    ciphered = [octets for octets in strict() if octets[0] == GeneralGloCiphering.head[0]]
    packets = [packet for packet in dissected(apdus_in(tmp_path / "x", ciphered)) if "dlmskit" in packet]
    assert ciphered
    for packet, octets in zip(packets, ciphered, strict=True):
        apdu = decode_apdu(octets)
        assert isinstance(apdu, GeneralGloCiphering)
        control, counter = apdu.ciphered_content[0], int.from_bytes(apdu.ciphered_content[1:5])
        assert values(packet, "dlmskit", "invocation_counter") == [str(counter)]
        assert values(packet, "dlmskit", "encrypted") == [bool(control & 0x20)]
        title = apdu.system_title.hex(":") if apdu.system_title else None
        assert values(packet, "dlmskit", "system_title") == ([title] if title else [])


def test_a_request_and_its_answer(dissected: Dissect, tmp_path: Path) -> None:
    get, answer = bytes.fromhex("C001C100030100010800FF0200"), bytes.fromhex("C401C100060000BEEF")
    request, response = [p for p in dissected(apdus_in(tmp_path / "x", [get, answer])) if "dlmskit" in p]
    assert values(request, "dlmskit", "obis") == ["1.0.1.8.0.255"]
    assert (values(request, "dlmskit", "class_id"), values(request, "dlmskit", "attribute")) == (["3"], ["2"])
    assert values(response, "dlmskit", "data") == ["double-long-unsigned 48879"]


def test_an_apdu_over_many_segments(dissected: Dissect, tmp_path: Path) -> None:
    long = b"\xc4\x01\xc1\x00\x09\x82\x10\x00" + bytes(4096)
    packets = [packet for packet in dissected(apdus_in(tmp_path / "x", [long, long])) if "dlmskit" in packet]
    assert [values(packet, "dlmskit", "name") for packet in packets] == [["get-response-normal"]] * 2


def frames() -> list[tuple[bytes, HdlcFrame]]:
    """The vectors of sound frames, each with its flags."""
    return [(bytes.fromhex(vector["hex"]), decode_frame(bytes.fromhex(vector["hex"]))) for vector in load("hdlc", "frames")]


def test_frames_of_a_line(dissected: Dissect, tmp_path: Path) -> None:
    known = frames()
    assert len(known) > 10
    with (tmp_path / "x").open("wb") as file:
        writer = CaptureWriter(file, line=True)
        for number, (octets, _) in enumerate(known):
            writer.frame(octets, 1.7e9 + number)
    for packet, (octets, frame) in zip(dissected(tmp_path / "x"), known, strict=True):
        assert values(packet, "dlmskit_hdlc", "fcs_ok") == [True], octets.hex()
        assert values(packet, "dlmskit_hdlc", "frame") == [frame.control.kind.value]
        assert values(packet, "dlmskit_hdlc", "source") == [str(frame.source)]
        assert values(packet, "dlmskit_hdlc", "destination") == [str(frame.destination)]


def test_a_frame_that_was_changed(dissected: Dissect, tmp_path: Path) -> None:
    octets = bytearray(frames()[0][0])
    octets[-2] ^= 1
    with (tmp_path / "x").open("wb") as file:
        CaptureWriter(file, line=True).frame(bytes(octets), 1.7e9)
    assert values(dissected(tmp_path / "x")[0], "dlmskit_hdlc", "fcs_ok") == [False]


@pytest.mark.parametrize("octets", ["C001C1", "C401C10002FF", "DB08", "C401C10012", "60FF", "FF00", "C401C100" + "0201" * 200])
def test_what_is_cut_or_absurd_does_not_stop_it(dissected: Dissect, tmp_path: Path, octets: str) -> None:
    sound = bytes.fromhex("C001C100030100010800FF0200")
    path = apdus_in(tmp_path / "x", [bytes.fromhex(octets), sound], udp=True)
    hurt, healthy = [packet for packet in dissected(path) if "dlmskit" in packet]
    assert values(healthy, "dlmskit", "obis") == ["1.0.1.8.0.255"]
    assert values(hurt, "dlmskit", "tag")
    assert is_malformed(hurt) == (octets != "FF00")


def test_the_tables_are_those_of_the_declarations() -> None:
    script = DISSECTOR.read_text(encoding="utf-8")
    assert with_tables(script) == script, "run python -m scripts.wireshark_tables"


def test_the_command_prints_where_it_is(run: Run) -> None:  # noqa: F811
    result = run("wireshark")
    assert result.code == 0
    assert Path(result.out.splitlines()[0]) == DISSECTOR
    assert "lua_script" in result.out
    assert run("wireshark", "--json").json["dissector"] == str(DISSECTOR)
