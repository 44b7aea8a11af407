"""The start-up of the optical port, both ends: against the vectors, against each other, and when something goes wrong."""

import pytest

from dlmskit.errors import DecodeError
from dlmskit.link.mode_e import StartClient, StartMeter, decode_identification, with_parity, without_parity
from tests.vectors import load, parameters

MODE_E = {entry["id"]: entry for entry in load("wrapper", "mode_e")}


@pytest.mark.parametrize("entry", parameters([entry for entry in MODE_E.values() if "rate" in entry]))
def test_identifications(entry):
    read = decode_identification(bytes.fromhex(entry["octets"]))
    assert (read.rate, read.hdlc) == (entry["rate"], entry["mode"] == "E")
    if "manufacturer" in entry:
        assert read.manufacturer == entry["manufacturer"]
    if "ident" in entry:
        assert read.text == entry["ident"]


def test_parity():
    for entry in MODE_E.values():
        if "with_even_parity" in entry:
            plain, checked = bytes.fromhex(entry["octets"]), bytes.fromhex(entry["with_even_parity"])
            assert with_parity(plain) == checked
            assert without_parity(checked) == without_parity(plain) == plain
    with pytest.raises(DecodeError, match="parity"):
        without_parity(bytes.fromhex("AF3F218D0A")[:-1] + b"\x8a")


def test_requests_are_those_of_the_vectors():
    for name, address in (("me-request", ""), ("me-request-addr", "12345678")):
        client = StartClient(address)
        client.start(0.0)
        assert without_parity(client.output()) == bytes.fromhex(MODE_E[name]["octets"])


def until_done(client, meter, *, seconds=30.0, up=lambda octets: octets, down=lambda octets: octets):
    """Run both in virtual time; the rates at the end."""
    now, rates = 0.0, [300, 300]
    client.start(now)
    while not (client.done or client.failure):
        for index, (speaker, listener, way) in enumerate(((client, meter, up), (meter, client, down))):
            said = way(speaker.output())
            if said and rates[0] == rates[1]:
                listener.feed(said, now)
            if speaker.rate is not None:
                rates[index] = speaker.rate
                speaker.rated(now)
        now += 0.05
        client.tick(now)
        meter.tick(now)
        assert now < seconds
    return rates


@pytest.mark.parametrize("address", ["", "12345678", "0012345678"])
def test_into_hdlc(address):
    client, meter = StartClient(address), StartMeter("ABC123", 19200, address="12345678")
    assert until_done(client, meter) == [19200, 19200]
    assert meter.done
    assert not client.failure
    assert client.identification is not None
    assert client.identification.text == "ABC123"


def test_a_meter_that_does_not_confirm():
    client, meter = StartClient(), StartMeter("ABC123")
    rates = until_done(client, meter, down=lambda octets: b"" if octets[:1] == with_parity(b"\x06") else octets)
    assert rates == [9600, 9600]
    assert client.done


def test_another_address_is_not_answered():
    client, meter = StartClient("99"), StartMeter("ABC123", address="12345678")
    assert until_done(client, meter) == [300, 300]
    assert "asked 3 times" in client.failure


def test_wrong_parity_leaves_the_meter_waiting():
    once = iter([lambda octets: bytes(octet ^ 0x80 for octet in octets)])

    def damage(octets):
        return next(once, lambda each: each)(octets) if octets else octets

    client, meter = StartClient(), StartMeter("ABC123")
    assert until_done(client, meter, up=damage) == [9600, 9600]


@pytest.mark.parametrize(
    ("line", "why"), [(b"/LGZ4ZMD1104407.B32\r\n", "offers no HDLC"), (b"noise without end" * 9, "asked 3 times")]
)
def test_a_meter_without_mode_e(line, why):
    client = StartClient()
    client.start(0.0)
    now = 0.0
    while not client.failure:
        if client.output() or b"noise" in line:
            client.feed(with_parity(line), now)
        now += 0.1
        client.tick(now)
        assert now < 30
    assert why in client.failure
    assert not client.done


def test_an_option_that_was_not_offered_is_refused():
    meter = StartMeter("ABC123", 9600)
    for option in (b"\x06042\r\n", b"\x06252\r\n", b"\x06242\r\n", b"\x06050\r\n"):
        meter.feed(with_parity(b"/?!\r\n"), 0.0)
        meter.tick(0.3)
        assert meter.output()
        meter.feed(with_parity(option), 0.6)
        assert (meter.rate, meter.done) == ((9600, False) if option == b"\x06252\r\n" else (None, False))
        meter = StartMeter("ABC123", 9600)


def test_noise_is_bounded():
    meter = StartMeter("ABC123")
    for _ in range(1000):
        meter.feed(b"/?" * 100, 0.0)
    assert len(meter._buffer) <= 64
    meter.feed(with_parity(b"/?!\r\n"), 0.0)
    meter.tick(1.0)
    assert meter.output()
