"""The JSON interface on a real socket: what it says of meters, and that its orders happen to the meters at once."""

from __future__ import annotations

from typing import Any

import pytest

import dlmskit
from dlmskit.apps.simulator.fault_tables import KINDS
from dlmskit.apps.simulator.fleets import Fleet
from dlmskit.errors import DlmsError
from tests.apps.simulator.web.visitor import METERS, Visitor

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def meters(visitor: Visitor, query: str = "") -> Any:
    answer = await visitor.api("GET", f"/api/meters?{query}")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    return answer.json


async def test_meters_page_by_page(fleet: Fleet, visitor: Visitor) -> None:
    first = await meters(visitor)
    assert (first["total"], first["page"], first["pages"], len(first["meters"])) == (METERS, 1, 2, 25)
    last = await meters(visitor, "page=9&size=25")
    assert (last["page"], [one["number"] for one in last["meters"]]) == (2, list(range(25, METERS)))
    title = str(fleet.meters[7].device.system_title)
    found = await meters(visitor, f"q={title.lower()}")
    assert [one["system_title"] for one in found["meters"]] == [title]
    assert found["meters"][0]["url"] == fleet.urls[7]
    assert (await meters(visitor, "q=no+such"))["total"] == 0
    assert len((await meters(visitor, "size=100000"))["meters"]) == METERS


async def test_what_a_client_does_is_seen(fleet: Fleet, visitor: Visitor) -> None:
    quiet = (await visitor.api("GET", "/api/meters/3")).json
    assert (quiet["associations"], quiet["verified"], quiet["sent"], quiet["events"]) == ([], 0, None, [])
    async with dlmskit.connect(f"{fleet.urls[3]}&client=1", keys=str(fleet.key_file), counters="memory") as meter:
        await meter.read("0.0.42.0.0.255")
        seen = (await visitor.api("GET", "/api/meters/3")).json
    assert seen["associations"] == ["management"]
    assert seen["verified"] > 0
    assert seen["sent"] > 0
    assert "associated" in [event["code"] for event in seen["events"]]


async def test_no_key_is_told(fleet: Fleet, visitor: Visitor) -> None:
    answers = [
        await visitor.api("GET", path) for path in ("/api/meters?size=500", "/api/meters/3", "/api/faults", "/api/openapi.json")
    ]
    text = "".join(answer.text for answer in answers).lower()
    for meter in fleet.meters:
        keys = meter.description.keys
        assert keys is not None
        assert keys.guek.lower() not in text
        assert keys.gak.lower() not in text
        for client in meter.device[1].clients.values():
            guek = client.keys.state.keys.guek
            assert guek is None or guek.fingerprint.lower() not in text


async def test_a_fault_is_given_seen_and_ended(fleet: Fleet, visitor: Visitor) -> None:
    answer = await visitor.api("POST", "/api/faults", {"kind": "loss", "share": 1.0, "meters": [0, 7]})
    assert answer.status == 200
    assert (answer.json["what"], answer.json["meters"], answer.json["by"]) == ("given", "2 meters", "API")
    assert [meter.faults.share_lost for meter in fleet.meters[:9]] == [1.0, 0, 0, 0, 0, 0, 0, 1.0, 0]
    assert (await visitor.api("GET", "/api/meters/7")).json["faults"] == {"loss": "100%"}
    assert (await meters(visitor, "q=loss"))["total"] == 2
    with pytest.raises(DlmsError):
        async with dlmskit.connect(f"{fleet.urls[7]}&client=16&timeout=0.5"):
            pass
    assert (await visitor.api("DELETE", "/api/faults/loss?meters=7")).json["what"] == "ended"
    async with dlmskit.connect(f"{fleet.urls[7]}&client=16") as meter:
        assert await meter.read("0.0.42.0.0.255")
    told = (await visitor.api("GET", "/api/faults")).json
    assert told["active"] == {"loss": 1}
    assert [kind["kind"] for kind in told["kinds"]] == list(KINDS)
    assert [(entry["kind"], entry["what"]) for entry in told["history"][:2]] == [("loss", "ended"), ("loss", "given")]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"wrong-keys", "counter-loss"}])
async def test_every_kind_reaches_the_meter(fleet: Fleet, visitor: Visitor, kind: str) -> None:
    answer = await visitor.api("POST", "/api/faults", {"kind": kind, "meters": [2]})
    assert (answer.status, answer.json["what"]) == (200, "given")
    lasting = kind in {"loss", "delay", "power-cut", "clock-drift"}
    assert list(fleet.meters[2].faults.active) == ([kind] if lasting else [])
    answer = await visitor.api("DELETE", f"/api/faults/{kind}?meters=2")
    assert answer.status == (200 if lasting else 409)
    fleet.meters[2].catch_up()
    assert not fleet.meters[2].faults.active


async def test_counters_are_lost_only_as_it_must_be_said(fleet: Fleet, visitor: Visitor) -> None:
    answer = await visitor.api("POST", "/api/faults", {"kind": "counter-loss", "counters": "sent"})
    assert answer.status == 400
    assert "reuses_nonces" in answer.json["error"]
    assert not fleet.meters[0].faults.active
    answer = await visitor.api("POST", "/api/faults", {"kind": "counter-loss", "counters": "sent", "reuses_nonces": True})
    assert answer.json["words"] == "sent, nonces are used twice"
    assert all(meter.faults.active == {"counter-loss": "sent"} for meter in fleet.meters)
    await visitor.api("DELETE", "/api/faults/counter-loss")
    assert not fleet.meters[0].faults.active


async def test_what_no_meter_can_do_is_refused_with_its_reason(visitor: Visitor) -> None:
    answer = await visitor.api("POST", "/api/faults", {"kind": "wrong-keys"})
    assert (answer.status, answer.json["what"]) == (409, "refused")
    assert "device_secret" in answer.json["words"]


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ({"kind": "fire"}, 400),
        ({"kind": "loss", "share": 2}, 400),
        ({"kind": "loss", "shares": 0.1}, 400),
        ({"kind": "loss", "meters": [-1]}, 400),
        ({"kind": "loss", "meters": [METERS]}, 409),
        ({"kind": "loss", "after": 5}, 400),
        ([], 400),
    ],
)
async def test_what_is_no_order(fleet: Fleet, visitor: Visitor, value: object, status: int) -> None:
    assert (await visitor.api("POST", "/api/faults", value)).status == status
    assert not any(meter.faults.active for meter in fleet.meters)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/meters/28", 404),
        ("GET", "/api/meters/-1", 404),
        ("GET", "/api/meters/x", 404),
        ("GET", "/api/meters/999999999999999999999", 404),
        ("GET", "/api/meters?page=x", 422),
        ("DELETE", "/api/faults/fire", 404),
        ("DELETE", "/api/faults/loss?meters=28", 404),
        ("GET", "/meters/28", 404),
        ("GET", "/live/28", 404),
        ("GET", "/static/..%2Fapp.py", 404),
        ("GET", "/nowhere", 404),
    ],
)
async def test_what_is_not_there(visitor: Visitor, method: str, path: str, status: int) -> None:
    assert (await visitor.api(method, path)).status == status


async def test_a_wrong_token_orders_nothing(fleet: Fleet, visitor: Visitor) -> None:
    assert (await visitor.api("POST", "/api/faults", {"kind": "loss"}, token="x" * 43)).status == 403
    assert not any(meter.faults.active for meter in fleet.meters)
