"""The frame finder on every real capture, and on damaged ones."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlmskit.trace.frames import FrameReport, find_frames
from tests.vectors import captures, load, parameters
from tests.work import calls_of

PUSHES = captures(kind="push")
SESSIONS = captures("sessions")
CUT_IN_A_THIRD_FRAME = "sag-t210d-at-mbus-longL"
"""What was verified speaks of the first telegram; a second one begins behind it and is cut."""


def _is_sound(entry: dict) -> bool:
    """Every frame is whole and its checks hold."""
    cut = "incomplete" in entry["features"] and "gbt" not in entry["features"]
    return all(entry["verified"].get("fcs_ok", ())) and not cut and entry["id"] != CUT_IN_A_THIRD_FRAME


def _hex_report(text: str) -> FrameReport:
    return find_frames(bytes.fromhex(text))


def _frames(report: FrameReport, kind: str) -> list[dict]:
    return [frame.fields for frame in report.frames if frame.kind == kind]


@pytest.mark.parametrize("entry", parameters([entry for entry in PUSHES if entry["verified"]["layer"] == "hdlc"]))
def test_hdlc_push_has_the_frames_that_were_verified(entry):
    verified = entry["verified"]
    report = _hex_report(entry["hex"])
    frames = _frames(report, "hdlc")
    assert len(report.frames) == len(frames) == verified["frames"]
    assert [frame["fcs_ok"] for frame in frames] == verified["fcs_ok"]
    assert [frame["hcs_ok"] for frame in frames] == verified["hcs_ok"]
    assert [frame["segmented"] for frame in frames] == verified["seg"]
    assert [frame["control"].lower() for frame in frames] == verified["ctl"]
    pairs = {f"{frame['destination_octets']}/{frame['source_octets']}".lower() for frame in frames}
    assert pairs == set(verified["addr"])


@pytest.mark.parametrize("entry", parameters([entry for entry in PUSHES if entry["verified"]["layer"] == "mbus"]))
def test_mbus_push_has_the_frames_that_were_verified(entry):
    verified = entry["verified"]
    report = _hex_report(entry["hex"])
    frames = _frames(report, "mbus")
    frames = frames[: verified["frames"]] if entry["id"] == CUT_IN_A_THIRD_FRAME else frames
    assert len(frames) == verified["frames"]
    assert [frame["ci"] for frame in frames] == verified["ci"]
    assert [frame["overflow"] for frame in frames] == verified["longL"]
    assert {f"{frame['source']:02x}/{frame['destination']:02x}" for frame in frames} == set(verified["tsap"])


def _heads(report: FrameReport, *, complete_only: bool) -> list[tuple[str, int]]:
    kept = [apdu for apdu in report.apdus if apdu.complete or not complete_only]
    return [(f"{apdu.octets[0]:02X}", len(apdu.octets)) for apdu in kept]


@pytest.mark.parametrize(
    "entry", parameters([entry for entry in PUSHES if "gbt" not in entry["verified"] and "gbt_gap" not in entry["verified"]])
)
def test_push_has_the_apdus_that_were_verified(entry):
    verified = entry["verified"]
    report = _hex_report(entry["hex"])
    dangling = verified.get("dangling_segment")
    complete_only = dangling is not None or entry["id"] == CUT_IN_A_THIRD_FRAME
    assert _heads(report, complete_only=complete_only) == [(apdu["tag"], apdu["len"]) for apdu in verified["apdus"]]
    if dangling is not None:
        (fragment,) = [apdu for apdu in report.apdus if not apdu.complete]
        assert len(fragment.octets) == dangling - 3  # counted with the LLC header there
        assert [problem.code for problem in report.problems] == ["segment-missing"]


@pytest.mark.parametrize("entry", parameters([entry for entry in PUSHES if "gbt" in entry["verified"]]))
def test_general_blocks_of_a_push_come_up_as_they_were_sent(entry):
    blocks = [apdu.octets for apdu in _hex_report(entry["hex"]).apdus]
    found = [(f"{block[1]:02X}", int.from_bytes(block[2:4], "big"), int.from_bytes(block[4:6], "big")) for block in blocks]
    assert all(block[0] == 0xE0 for block in blocks)
    assert found == [(block["ctl"], block["bn"], block["ba"]) for block in entry["verified"]["gbt"]]
    assert [len(block) - 7 for block in blocks] == [block["len"] for block in entry["verified"]["gbt"]]


def test_blocks_without_llc_header_are_taken_even_when_their_order_is_wrong():
    (entry,) = [entry for entry in PUSHES if "gbt_gap" in entry["verified"]]
    report = _hex_report(entry["hex"])
    assert [apdu.octets[3] for apdu in report.apdus] == [1, 2, 2, 4, 3]
    assert report.ok


@pytest.mark.parametrize("entry", parameters([entry for entry in PUSHES if _is_sound(entry)]))
def test_sound_push_has_no_problem_of_frames(entry):
    report = _hex_report(entry["hex"])
    assert report.ok
    assert all(apdu.trusted and apdu.complete for apdu in report.apdus)


def test_overflowing_length_is_tolerated_and_the_cut_telegram_behind_named():
    (entry,) = captures("sagemcom", id=CUT_IN_A_THIRD_FRAME)
    report = _hex_report(entry["hex"])
    assert [problem.code for problem in report.problems] == ["tolerated", "frame-truncated"]
    assert [(len(apdu.octets), apdu.complete, apdu.trusted) for apdu in report.apdus] == [(260, True, True), (245, False, False)]


@pytest.mark.parametrize("entry", parameters([entry for entry in PUSHES if False in entry["verified"].get("fcs_ok", ())]))
def test_wrong_fcs_is_named_and_its_content_is_not_trusted(entry):
    report = _hex_report(entry["hex"])
    assert [problem.code for problem in report.problems] == ["frame-checksum"]
    assert not report.ok
    assert [(apdu.trusted, len(apdu.octets)) for apdu in report.apdus] == [(False, entry["verified"]["apdus"][0]["len"])]


@pytest.mark.parametrize(
    "entry", parameters([entry for entry in captures("kamstrup") if "trailing-garbage" in entry["features"]])
)
def test_octets_behind_the_closing_flag_are_set_aside(entry):
    octets = bytes.fromhex(entry["hex"])
    report = find_frames(octets)
    (rest,) = report.rests
    assert report.frames[0].octets + rest.octets == octets
    assert report.ok


@pytest.mark.parametrize("entry", parameters([entry for entry in SESSIONS if entry["medium"] == "HDLC"]))
def test_hdlc_session_frame_by_frame_and_glued(entry):
    frames = [bytes.fromhex(frame["hex"]) for frame in entry["frames"]]
    report = find_frames(b"".join(frames))
    assert [frame.octets for frame in report.frames] == frames
    assert all(frame.trusted for frame in report.frames)
    for apdu in report.apdus:
        assert {entry["frames"][index]["dir"] for index in apdu.frames} == {apdu.direction}


@pytest.mark.parametrize("session", ["ses-mercury-hls2-ln", "ses-mercury-sn-seg", "ses-spodes-objlist"])
def test_session_gives_the_apdus_that_were_verified(session):
    (entry,) = captures("sessions", id=session)
    report = _hex_report("".join(frame["hex"] for frame in entry["frames"]))
    assert [problem.code for problem in report.problems] == (["segment-missing"] if session == "ses-mercury-sn-seg" else [])
    heads = [apdu.octets[:2].hex().upper() for apdu in report.apdus]
    assert {head: heads.count(head) for head in heads} == entry["verified"]["apdu_tags"]


def test_doubled_llc_header_is_tolerated():
    (entry,) = captures("sessions", id="ses-india-is15959-open")
    report = _hex_report("".join(frame["hex"] for frame in entry["frames"]))
    assert [problem.code for problem in report.problems] == ["tolerated"]
    assert [f"{apdu.octets[0]:02X}" for apdu in report.apdus] == ["60", "61", "C0", "C4", "C0", "C4"]


def test_wrapper_session_glued():
    (entry,) = captures("sessions", id="ses-kaifa-wrapper-gmac")
    octets = [bytes.fromhex(frame["hex"]) for frame in entry["frames"] if frame["length_field_ok"]]
    report = find_frames(b"".join(octets))
    assert [frame.octets for frame in report.frames] == octets
    assert [apdu.octets for apdu in report.apdus] == [frame[8:] for frame in octets]
    assert report.ok


@pytest.mark.parametrize("entry", parameters(load("captures/p1_ascii")))
def test_ascii_telegram(entry):
    report = _hex_report(entry["hex"])
    (frame,) = report.frames
    assert frame.kind == "p1"
    assert frame.fields["crc_ok"] is entry["verified"]["crc16_ok"]
    assert [problem.code for problem in report.problems] == (["frame-checksum"] if frame.fields["crc_ok"] is False else [])
    assert not report.apdus


def test_ciphered_apdu_without_tag_behind_an_ascii_line():
    body = bytes.fromhex("00820014") + b"\x30" + bytes(19)
    report = find_frames(b"/EGM5G35\r\n\r\n" + body)
    assert [frame.kind for frame in report.frames] == ["ascii", "apdu"]
    assert [apdu.octets for apdu in report.apdus] == [b"\xdb" + body]
    assert [problem.code for problem in report.problems] == ["tolerated"]


HDLC_PUSH = bytes.fromhex(captures("aidon")[0]["hex"])
MBUS_PUSH = bytes.fromhex(captures("other")[0]["hex"])
SEGMENTED = bytes.fromhex(captures("iskraemeco", id="isk-am550-ch-seg3")[0]["hex"])
WRAPPED = bytes.fromhex(load("wrapper", "tcp")[0]["hex"])


def _flip(octets: bytes, index: int, mask: int = 1) -> bytes:
    changed = bytearray(octets)
    changed[index] ^= mask
    return bytes(changed)


@pytest.mark.parametrize(
    ("octets", "codes"),
    [
        pytest.param(_flip(HDLC_PUSH, 40), ["frame-checksum"], id="hdlc content changed"),
        pytest.param(_flip(HDLC_PUSH, -2), ["frame-checksum"], id="hdlc fcs changed"),
        pytest.param(_flip(HDLC_PUSH, 6), ["frame-header-checksum"], id="hdlc hcs changed"),
        pytest.param(_flip(HDLC_PUSH, 4, 2), ["frame-header-checksum"], id="hdlc address changed"),
        pytest.param(HDLC_PUSH[:-40], ["frame-truncated"], id="hdlc cut"),
        pytest.param(HDLC_PUSH[:-1], ["frame-truncated"], id="hdlc closing flag cut"),
        pytest.param(HDLC_PUSH[:6], ["frame-truncated"], id="hdlc cut in the header"),
        pytest.param(HDLC_PUSH[:60] + HDLC_PUSH[61:], ["frame-truncated"], id="hdlc octet lost"),
        pytest.param(HDLC_PUSH[:60] + b"\x00" + HDLC_PUSH[60:], ["frame-length"], id="hdlc octet doubled"),
        pytest.param(_flip(MBUS_PUSH, 30), ["frame-checksum"], id="mbus content changed"),
        pytest.param(_flip(MBUS_PUSH, -1), ["frame-length"], id="mbus stop changed"),
        pytest.param(_flip(MBUS_PUSH, 1), ["frame-length"], id="mbus lengths differ"),
        pytest.param(MBUS_PUSH[:-9], ["frame-truncated", "segment-missing"], id="mbus cut"),
        pytest.param(WRAPPED[:-3], ["frame-truncated"], id="wrapper cut"),
        pytest.param(b"\xfe\xfd\xfc", ["unknown-octets"], id="nothing known"),
    ],
)
def test_damage_is_named(octets, codes):
    report = find_frames(octets)
    if codes == ["frame-truncated", "segment-missing"]:
        codes = [problem.code for problem in report.problems if problem.code in codes]
    assert [problem.code for problem in report.problems] == codes
    assert not report.ok
    assert not any(apdu.trusted and apdu.complete for apdu in report.apdus)


def test_lost_segment_in_the_middle_leaves_a_message_that_nothing_marks():
    """UI segments have no number (transports 2.8): a lost one cannot be seen at the link layer, only in the APDU."""
    frames = [frame.octets for frame in find_frames(SEGMENTED).frames]
    assert len(frames) == 3
    report = find_frames(frames[0] + frames[2])
    assert len(report.apdus) == 1


def test_damaged_segment_makes_the_whole_message_untrusted():
    report = find_frames(_flip(SEGMENTED, 30))
    assert [problem.code for problem in report.problems] == ["frame-checksum"]
    assert [(apdu.trusted, apdu.complete, apdu.frames) for apdu in report.apdus] == [(False, True, (0, 1, 2))]


def test_missing_segment_of_i_frames():
    (entry,) = captures("sessions", id="ses-mercury-sn-seg")
    octets = [bytes.fromhex(frame["hex"]) for frame in entry["frames"] if frame["dir"] == "s2c"][2:6]
    whole = find_frames(b"".join(octets))
    assert [problem.code for problem in whole.problems] == ["segment-missing"]  # the last one is not among these
    gap = find_frames(octets[0] + octets[2] + octets[3])
    assert [problem.code for problem in gap.problems].count("segment-missing") == 2
    assert not any(apdu.complete for apdu in gap.apdus)


@pytest.mark.parametrize("noise", [b"\x00\x7e\xff", b"\x0f\x00", b"\x7e\x7e\x7e", b"\x7e\xa0\xff"], ids=lambda noise: noise.hex())
def test_frames_behind_noise_are_found(noise):
    report = find_frames(noise + HDLC_PUSH + noise + MBUS_PUSH)
    assert [frame.kind for frame in report.frames if frame.trusted] == ["hdlc", "mbus"]
    assert len([apdu for apdu in report.apdus if apdu.trusted]) == 2


def test_one_flag_closes_a_frame_and_opens_the_next():
    report = find_frames(HDLC_PUSH + HDLC_PUSH[1:] + HDLC_PUSH)
    assert len(report.apdus) == 3
    assert report.ok


def test_ciphered_apdus_in_a_row_without_frames():
    apdu = bytes.fromhex(load("captures/sagemcom", id="sag-at-operator-example")[0]["hex"])
    report = find_frames(apdu * 3)
    assert [found.octets for found in report.apdus] == [apdu] * 3


@given(st.binary(max_size=300))
def test_random_octets_never_raise(octets):
    report = find_frames(octets)
    assert sum(len(rest.octets) for rest in report.rests) <= len(octets)


@given(
    st.lists(st.sampled_from([HDLC_PUSH, MBUS_PUSH, SEGMENTED, WRAPPED, b"\x7e", b"\x7e\xa8\xff", b"h\x03\x03h"]), max_size=6),
    st.data(),
)
def test_changed_traffic_never_raises(pieces, data):
    octets = bytearray(b"".join(pieces))
    for _ in range(data.draw(st.integers(0, 4)) if octets else 0):
        octets[data.draw(st.integers(0, len(octets) - 1))] = data.draw(st.integers(0, 255))
    find_frames(bytes(octets))


@pytest.mark.parametrize(
    "unit", [b"\x7e\xa7\xff", b"\x7e\xa0\x08", b"\x68\xff\xff\x68", b"/ABC5\r\n", b"\x7e", b"\xdb\x00\x01\x00"]
)
def test_hostile_repetition_stays_linear(unit):
    small, large = (calls_of(partial(find_frames, unit * size)) for size in (4000, 32000))
    assert large < 10 * small + 1_000
