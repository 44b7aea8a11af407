"""What users hand in: every spelling of the same octets, files, and what is refused."""

import base64
import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.errors import ConfigError, DecodeError
from dlmskit.trace import intake
from dlmskit.trace.frames import find_frames
from dlmskit.trace.intake import read_input, read_octets, read_text
from tests.vectors import captures

PUSH = bytes.fromhex(captures("aidon")[0]["hex"])
APDU = bytes.fromhex(captures("sagemcom", id="sag-t210d-at-867-plain")[0]["hex"])


def _dump(octets: bytes, style: str) -> str:
    """The octets as a tool prints them."""
    lines = []
    for at in range(0, len(octets), 16):
        row = octets[at : at + 16]
        shown = "".join(chr(octet) if 0x20 <= octet < 0x7F else "." for octet in row)
        pairs = [f"{octet:02x}" for octet in row]
        if style == "hexdump":
            body = "  ".join(" ".join(pairs[half : half + 8]) for half in (0, 8))
            lines.append(f"{at:08x}  {body:<48}  |{shown}|")
        elif style == "xxd":
            body = " ".join("".join(pairs[two : two + 2]) for two in range(0, len(pairs), 2))
            lines.append(f"{at:08x}: {body:<39}  {shown}")
        else:
            lines.append(f"{at:04x}   {' '.join(pairs):<47}   {shown}")
    if style == "hexdump":
        lines.append(f"{len(octets):08x}")
    return "\n".join(lines) + "\n"


SPELLINGS = {
    "plain": PUSH.hex(),
    "upper case": PUSH.hex().upper(),
    "blanks": PUSH.hex(" "),
    "colons": PUSH.hex(":"),
    "commas": PUSH.hex(","),
    "dashes": PUSH.hex("-"),
    "groups of four": PUSH.hex(" ", 2),
    "wrapped": "\n".join(textwrap.wrap(PUSH.hex(), 64)),
    "wrapped inside an octet": "\r\n".join(textwrap.wrap(PUSH.hex(), 63)),
    "C array": "{" + ", ".join(f"0x{octet:02X}" for octet in PUSH) + "};",
    "C array without zeros": ", ".join(f"0x{octet:X}" for octet in PUSH),
    "escapes": "".join(f"\\x{octet:02x}" for octet in PUSH),
    "Python": repr(PUSH),
    "quoted": f'"{PUSH.hex()}"\n',
    "base64": base64.b64encode(PUSH).decode(),
    "base64 in lines": "\n".join(textwrap.wrap(base64.b64encode(PUSH).decode(), 76)),
    "base64 of URLs": base64.urlsafe_b64encode(PUSH).decode().rstrip("="),
    "hexdump": _dump(PUSH, "hexdump"),
    "xxd": _dump(PUSH, "xxd"),
    "Wireshark": _dump(PUSH, "wireshark"),
    "log": "\n".join(f"2026-01-02 03:04:05.{at:03} DEBUG RX: {PUSH[at : at + 16].hex(' ')}" for at in range(0, len(PUSH), 16)),
}


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in SPELLINGS.items() if name != "log"])
def test_spelling(text):
    (chunk,) = read_input(text)
    assert chunk.octets == PUSH


@pytest.mark.parametrize("name", SPELLINGS)
def test_spelling_in_a_file(name, tmp_path):
    path = tmp_path / "telegram.txt"
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        path.write_text(SPELLINGS[name], encoding=encoding)
        assert b"".join(chunk.octets for chunk in read_input(str(path))) == PUSH


@pytest.mark.parametrize("style", ["hexdump", "xxd", "wireshark"])
@pytest.mark.parametrize("size", [1, 5, 8, 15, 16, 17, 40])
def test_dump_of_any_length(style, size):
    octets = bytes(range(0x41, 0x41 + size))  # the column of characters looks like hexadecimal here
    if style == "wireshark" and size == 1:
        return  # one octet behind four digits: nothing tells it from plain hexadecimal
    (chunk,) = read_text(_dump(octets, style))
    assert chunk.octets == octets


def test_several_dumps():
    chunks = read_text(_dump(PUSH, "wireshark") + "\n" + _dump(APDU, "wireshark"))
    assert [chunk.octets for chunk in chunks] == [PUSH, APDU]
    assert [chunk.label for chunk in chunks] == ["input #1", "input #2"]


def test_dump_with_a_missing_line_is_refused():
    lines = _dump(PUSH, "xxd").splitlines()
    with pytest.raises(DecodeError, match="offset 00000030 stands where 20 is due"):
        read_text("\n".join(lines[:2] + lines[3:]))


def test_bare_apdus_one_per_line_stay_apart():
    request, response = "C001C100080000010000FF0200", "C401C10009080102030405060708"
    assert [chunk.octets.hex().upper() for chunk in read_text(f"{request}\n{response}\n")] == [request, response]
    assert [chunk.octets.hex().upper() for chunk in read_text(f"{request}\n\n{response}")] == [request, response]


def test_frames_one_per_line_stay_together():
    """A message may take several frames, so that only the frame finder may cut."""
    (entry,) = captures("sessions", id="ses-mercury-hls2-ln")
    (chunk,) = read_text("\n".join(frame["hex"] for frame in entry["frames"]))
    assert len(find_frames(chunk.octets).frames) == len(entry["frames"])


def test_log_with_directions():
    log = """
    2026-01-02 12:00:00.100 connecting to 192.0.2.7
    2026-01-02 12:00:00.200 TX: 00 01 00 10 00 01 00 0D C0 01 C1 00 08 00 00 01 00 00 FF 02 00
    12:00:01 RX <- 000100010010000CC401C10009060102030405 06
    [12:00:02,5] note: nothing more
    """
    chunks = read_text(log)
    assert [(chunk.direction, chunk.octets[8]) for chunk in chunks] == [("c2s", 0xC0), ("s2c", 0xC4)]
    assert chunks[0].label == "input line 3"


@pytest.mark.parametrize(
    "line",
    [
        "12:00:00 7E A0 07 03 21 93 0F 01 7E",
        "12:00:00.123 -> 7EA0070321930F017E",
        "[2026-01-02T12:00:00.123+01:00] send '7ea0070321930f017e'",
        "02.01.2026 12:00:00 <INFO> frame=7E:A0:07:03:21:93:0F:01:7E",
        "D/meter: 7e,a0,07,03,21,93,0f,01,7e",
        "2026-01-02 12:00:00Z | 0x7E 0xA0 0x07 0x03 0x21 0x93 0x0F 0x01 0x7E",
    ],
)
def test_log_line(line):
    (chunk,) = read_text(line)
    assert chunk.octets.hex() == "7ea0070321930f017e"


@pytest.mark.parametrize("entry", captures("p1_ascii"), ids=lambda entry: entry["id"])
def test_ascii_telegram_is_not_taken_for_a_text_of_octets(entry, tmp_path):
    octets = bytes.fromhex(entry["hex"])
    path = tmp_path / "telegram"
    path.write_bytes(octets)
    assert [chunk.octets for chunk in read_input(path)] == [octets]
    assert [chunk.octets for chunk in read_input(octets.decode("ascii"))] == [octets]


@pytest.mark.parametrize("octets", [PUSH, APDU, b"/EGM5G35\r\n\r\n\x00\x82\x00\x20" + bytes(32), bytes(range(256))])
def test_binary_file_is_itself(octets, tmp_path):
    path = tmp_path / "telegram.bin"
    path.write_bytes(octets)
    assert [(chunk.label, chunk.octets) for chunk in read_input(str(path))] == [("telegram.bin", octets)]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "nothing to read"),
        (" \n ", "nothing to read"),
        ("7EA", "3 hexadecimal digits"),
        ("7E A 07", "'A' is no whole number"),
        ("7E A0 0G", "first odd character is 'G'"),
        ("telegram.bin", "is no file, and no octets either"),
        ("/no/such/file", "is no file"),
        ("häh", "odd character"),
    ],
)
def test_what_is_no_input_is_refused(text, message):
    with pytest.raises(DecodeError, match=message):
        read_input(text)


def test_file_that_cannot_be_used(tmp_path, monkeypatch):
    with pytest.raises(ConfigError, match=r"missing\.txt"):
        read_input(tmp_path / "missing.txt")
    with pytest.raises(ConfigError):
        read_input(tmp_path)
    empty = tmp_path / "empty"
    empty.touch()
    with pytest.raises(DecodeError, match="is empty"):
        read_input(empty)
    monkeypatch.setattr(intake, "MOST_OCTETS", 100)
    large = tmp_path / "large"
    large.write_bytes(bytes(101))
    with pytest.raises(ConfigError, match="more than 100"):
        read_input(large)
    with pytest.raises(ConfigError, match="101 characters"):
        read_input("0" * 101)


@given(st.text(max_size=200))
def test_random_text_is_read_or_refused(text):
    try:
        chunks = read_text(text)
    except DecodeError:
        return
    assert chunks
    assert all(chunk.octets for chunk in chunks)


@given(st.binary(max_size=200))
def test_random_files_are_read_or_refused(octets):
    try:
        read_octets(octets, "file")
    except DecodeError:
        return


@given(st.binary(min_size=4, max_size=100), st.sampled_from([" ", ":", ",", ", ", "\n", " 0x"]))
def test_hexadecimal_round_trip(octets, separator):
    text = separator.join(f"{octet:02x}" for octet in octets)
    assert b"".join(chunk.octets for chunk in read_text(text)) == octets
