"""image sign, show and send: what they print, for people and for scripts, and their exit codes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dlmskit.crypto.ecdsa import SigningKey
from dlmskit.security.firmware import read_header
from tests.apps.cli.conftest import Run
from tests.system.image_fleet import BLOCK, MAKER, Fleet, image, title_of

GAK = bytes(range(0xD0, 0xE0)).hex()


@pytest.fixture
def fleet() -> Iterator[Fleet]:
    with Fleet(3) as served:
        yield served


@pytest.fixture
def new_image(tmp_path: Path) -> Path:
    path = tmp_path / "v2.img"
    path.write_bytes(image(octets=1500))
    return path


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """The keys of all three, by system title."""
    path = tmp_path / "fleet.keys"
    lines = ['storage = "plain"', ""]
    for number in range(3):
        guek = bytes((number, *range(1, 16))).hex()
        lines += [f"[keys.{title_of(number)}]", f'guek = "{guek}"', f'gak = "{GAK}"', ""]
    path.write_text("\n".join(lines), encoding="utf-8")
    path.chmod(0o600)
    return path


def maker_keys(tmp_path: Path) -> Path:
    path = tmp_path / "maker.keys"
    path.write_text(f'storage = "plain"\n[keys.maker]\nsigning_key = "{MAKER.reveal().hex()}"\n', encoding="utf-8")
    path.chmod(0o600)
    return path


def test_signed_shown_sent_and_running(run: Run, fleet: Fleet, keys: Path, tmp_path: Path) -> None:
    """The whole way of a maker and an operator."""
    body, container, maker = tmp_path / "firmware.bin", tmp_path / "firmware.img", maker_keys(tmp_path)
    body.write_bytes(bytes(1000))
    signed = run("image", "sign", body, container, "--keys", maker, "--device-type", "SP-100", "--version", 7, "--json")
    assert (signed.code, signed.json["version"], signed.json["curve"]) == (0, 7, "P-256")
    assert read_header(container.read_bytes()).device_type == "SP-100"
    shown = run("image", "show", container, "--keys", maker)
    assert "right" in shown.out
    assert "SP-100 7" in shown.out
    sent = run("image", "send", fleet.url(0), container, "--keys", keys, "--poll", "0.01")
    assert (sent.code, sent.err) == (0, "")
    assert "activation successful: 6 blocks" in sent.out
    assert fleet.meters[0].keeper.version == 7


def test_many_at_the_same_time(run: Run, fleet: Fleet, new_image: Path, keys: Path, tmp_path: Path) -> None:
    meters = tmp_path / "meters.txt"
    meters.write_text("# our meters\n" + "".join(f"{fleet.url(number)}\n" for number in range(3)), encoding="utf-8")
    sent = run("image", "send", f"@{meters}", new_image, "--keys", keys, "--json", "--poll", "0.01")
    assert (sent.code, sent.json["done"], sent.json["failed"]) == (0, 3, 0)
    assert [one["status"] for one in sent.json["meters"]] == ["activation_successful"] * 3
    assert sent.json["meters"][0]["blocks"] == -(-len(new_image.read_bytes()) // BLOCK)
    assert {meter.keeper.version for meter in fleet.meters} == {2}


def test_one_of_three_refuses(run: Run, fleet: Fleet, new_image: Path, keys: Path, tmp_path: Path) -> None:
    fleet.meters[1].keeper.version = 9
    meters = tmp_path / "meters.txt"
    meters.write_text("".join(f"{fleet.url(number)}\n" for number in range(3)), encoding="utf-8")
    sent = run("image", "send", f"@{meters}", new_image, "--keys", keys, "--poll", "0.01")
    assert sent.code == 1
    assert "2 of 3 meters have the image, 1 have not" in sent.out
    assert "refuses it" in sent.err


def test_who_is_not_there_is_told_apart(run: Run, new_image: Path, keys: Path) -> None:
    url = f"tcp://127.0.0.1:1?client=1&server_title={title_of(0)}"
    sent = run("image", "send", url, new_image, "--keys", keys, "--json")
    assert sent.code == 3
    assert (sent.json["meters"][0]["tries"], sent.json["meters"][0]["error"]["kind"]) == (3, "TransportError")


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["image", "send", "@nowhere.txt", "IMAGE"], 2, "list of meters cannot be read"),
        (["image", "send", "@EMPTY", "IMAGE"], 2, "lists no meter"),
        (["image", "show", "EMPTY"], 1, "no image of this format"),
        (["image", "show", "IMAGE", "--keys", "OTHER"], 1, "not that of the manufacturer"),
        (["image", "sign", "IMAGE", "out.img", "--keys", "KEYS", "--device-type", "x", "--version", "1"], 4, "no signing_key"),
        (["image", "sign", "EMPTY", "OUT", "--keys", "OTHER", "--device-type", "x", "--version", "1"], 2, "body is not empty"),
    ],
)
def test_what_goes_wrong(run: Run, new_image: Path, tmp_path: Path, words: list[str], code: int, message: str) -> None:
    empty, other, plain = tmp_path / "empty", tmp_path / "other.keys", tmp_path / "plain.keys"
    empty.write_bytes(b"")
    other.write_text(
        f'storage = "plain"\n[keys.other]\nsigning_key = "{SigningKey.generate(MAKER.curve).reveal().hex()}"\n', encoding="utf-8"
    )
    plain.write_text(f'storage = "plain"\n[keys.plain]\nguek = "{bytes(range(16)).hex()}"\n', encoding="utf-8")
    for path in (other, plain):
        path.chmod(0o600)
    places = {"IMAGE": new_image, "EMPTY": empty, "OTHER": other, "KEYS": plain, "OUT": tmp_path / "out"}
    typed = [word.replace("@EMPTY", f"@{empty}") if word == "@EMPTY" else str(places.get(word, word)) for word in words]
    result = run(*typed)
    assert message in " ".join(result.err.split())
    assert result.code == code
