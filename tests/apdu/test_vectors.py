"""Every vector of tests/data/apdu.json, most of them seen by an independent decoder: what it means, and the same octets again."""

from __future__ import annotations

import re
from typing import Any

import pytest

from dlmskit.apdu import decode_apdu
from dlmskit.codec.data import Data
from dlmskit.codec.tree import data_tree, to_tree
from dlmskit.errors import DecodeError
from dlmskit.types.enums import ERRORS_OF_CLASS, ErrorClass, label_of, member_named
from tests.vectors import load, parameters

VECTORS = load("apdu")
LIBERTIES = [v for v in VECTORS if v["name"].startswith("robust-") and v["name"] != "robust-octets-long-length"]
VALID = [v for v in VECTORS if not v.get("expect_error") and v not in LIBERTIES]
APDUS = [v for v in VALID if v["kind"] == "apdu"]


def octets(vector: dict[str, Any]) -> bytes:
    return bytes.fromhex(vector["hex"])


# --- The dialect of the vectors: some wrappers are left out, some numbers are taken apart ---------------------------------

HOISTED = {
    "cosem-attribute-descriptor",
    "cosem-method-descriptor",
    "access-request-body",
    "access-response-body",
    "data-value",
}


def dialect(tree: Any) -> Any:
    """Either tree in a form that both have: wrappers merged into what is around them, numbers put together."""
    if isinstance(tree, list):
        return [dialect(one) for one in tree]
    if not isinstance(tree, dict):
        return tree
    if set(tree) == {"type", "value"}:
        return tree
    if "raw" in tree:
        return tree["raw"]
    if "unused-bits" in tree:
        return f"{tree['unused-bits']:02X}{tree['bits']}"
    if "window" in tree:
        control = tree["last-block"] << 7 | tree["streaming"] << 6 | tree["window"]
        rest = {name: value for name, value in tree.items() if name not in {"last-block", "streaming", "window"}}
        return {"block-control": control, **rest}
    merged: dict[str, Any] = {}
    for name, value in tree.items():
        inner = dialect(value)
        if name in {"vaa-name", "variable-name"}:
            inner &= 0xFFFF
        name = re.sub(r"^access-(request|response)-(?=get|set|action)", "", name)
        if name in HOISTED or (name == "result" and "last-block" in tree):
            merged |= inner if isinstance(inner, dict) and "type" not in inner else {name: inner}
        else:
            merged[name] = inner
    return collapsed(merged)


def collapsed(tree: dict[str, Any]) -> Any:
    if set(tree) == {"data-value"}:
        return tree["data-value"]
    for name in ("get", "set", "action"):
        if isinstance(tree.get(name), dict) and set(tree[name]) == {"result"}:
            return {name: tree[name]["result"]}
    if set(tree) == {"service", "error-class", "value"}:
        error_class = member_named(ErrorClass, tree["error-class"])
        assert error_class is not None
        return {tree["service"]: {error_class.label: label_of(ERRORS_OF_CLASS[error_class], tree["value"])}}
    if isinstance(tree.get("current-time"), str) and not tree["current-time"].endswith("Z"):
        tree["current-time"] = bytes.fromhex(tree["current-time"]).decode()
    return tree


@pytest.mark.parametrize("vector", parameters(APDUS))
def test_apdu_means_what_others_read(vector: dict[str, Any]) -> None:
    assert dialect(to_tree(decode_apdu(octets(vector)), decode_apdu)) == dialect(vector["decoded"])


@pytest.mark.parametrize("vector", parameters([v for v in VALID if v["kind"] == "data"]))
def test_data_means_what_others_read(vector: dict[str, Any]) -> None:
    data = Data.decode(octets(vector))
    assert data_tree(data) == vector["decoded"]
    assert data.octets == octets(vector)


@pytest.mark.parametrize("vector", parameters(APDUS))
def test_encoding_again_gives_the_same_octets(vector: dict[str, Any]) -> None:
    assert decode_apdu(octets(vector)).encode() == octets(vector)


@pytest.mark.parametrize("vector", parameters([v for v in VECTORS if v.get("expect_error")]))
def test_what_must_fail_fails(vector: dict[str, Any]) -> None:
    with pytest.raises(DecodeError):
        decode_apdu(octets(vector))


@pytest.mark.parametrize("vector", parameters(LIBERTIES))
def test_liberties_of_devices_are_noted(vector: dict[str, Any]) -> None:
    """Strict decoding refuses; tolerant decoding writes down what it took, and the canonical form says the same."""
    with pytest.raises(DecodeError):
        decode_apdu(octets(vector))
    deviations: list[str] = []
    apdu = decode_apdu(octets(vector), deviations=deviations)
    assert deviations
    assert decode_apdu(apdu.encode()) == apdu
    if vector["decoded"] is not None:
        assert dialect(to_tree(apdu, decode_apdu)) == dialect(vector["decoded"])


def test_tolerance_reads_the_content_that_the_vectors_name() -> None:
    """The two vectors whose meaning is told in words: the same as another vector, or a whole InitiateResponse inside."""
    by_name = {v["name"]: octets(v) for v in VECTORS}
    event = decode_apdu(by_name["robust-event-notification-fixed-time"], deviations=[])
    assert event == decode_apdu(by_name["event-notification"])
    aare: Any = decode_apdu(by_name["robust-aare-sn-lengths-one-short"], deviations=[])
    initiate: Any = decode_apdu(aare.user_information)
    assert (initiate.server_max_receive_pdu_size, initiate.vaa_name) == (0x0960, 0xFA00 - 0x10000)


@pytest.mark.parametrize("vector", parameters(APDUS))
def test_valid_octets_need_no_tolerance(vector: dict[str, Any]) -> None:
    deviations: list[str] = []
    assert decode_apdu(octets(vector), deviations=deviations) == decode_apdu(octets(vector))
    assert deviations == []
