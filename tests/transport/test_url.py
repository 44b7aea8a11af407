"""Addresses as URLs: what each part becomes, and what each mistake is told."""

from importlib.metadata import EntryPoint

import pytest

from dlmskit.errors import ConfigError
from dlmskit.transport import url as url_module
from dlmskit.transport.base import Saps
from dlmskit.transport.memory import BlockingMemoryTransport, MemoryClientTransport
from dlmskit.transport.tcp import TcpTransport
from dlmskit.transport.tcp_blocking import BlockingTcpTransport
from dlmskit.transport.udp import UdpTransport
from dlmskit.transport.url import Scheme, blocking_transport_from_url, listen_at, parse_url, transport_from_url
from tests.transport.test_tcp import Echo


@pytest.mark.parametrize(
    ("text", "kind", "shown"),
    [
        ("tcp://192.0.2.7", TcpTransport, "<TcpTransport 192.0.2.7:4059 client=16 server=1>"),
        ("tcp://[2001:db8::7]:61616?client=1&server=17", TcpTransport, "<TcpTransport 2001:db8::7:61616 client=1 server=17>"),
        (
            "tcp://meter.example:4060?connect=2.5&client=0x30",
            TcpTransport,
            "<TcpTransport meter.example:4060 client=48 server=1>",
        ),
        ("udp://192.0.2.7?server=2", UdpTransport, "<UdpTransport 192.0.2.7:4059 client=16 server=2>"),
        ("memory://Meter-1?client=2", MemoryClientTransport, None),
    ],
)
def test_url_becomes_a_transport(text, kind, shown):
    transport = transport_from_url(text)
    assert type(transport) is kind
    assert shown is None or repr(transport) == shown
    assert transport.saps == parse_url(text).saps


def test_url_without_asyncio():
    assert isinstance(blocking_transport_from_url("tcp://192.0.2.7"), BlockingTcpTransport)
    memory = blocking_transport_from_url("memory://Meter-1?client=2")
    assert isinstance(memory, BlockingMemoryTransport)
    assert (memory._name, memory.saps) == ("Meter-1", Saps(2, 1))
    with pytest.raises(ConfigError, match=r"needs asyncio; without it there are tcp, .*memory"):
        blocking_transport_from_url("udp://192.0.2.7")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("192.0.2.7", "no scheme; write one of tcp://host:4059"),
        ("carrier://pigeon", "scheme 'carrier' is not known; write one of tcp://host:4059.*udp://.*memory://"),
        ("", "no scheme"),
        ("tcp://", "there is no host"),
        ("tcp://host:0", "port 0"),
        ("tcp://host:99999", "ort"),
        ("tcp://host/path", "path '/path' means nothing"),
        ("tcp://host#part", "#part"),
        ("tcp://host?klient=1", "query key 'klient' is not known for tcp; there are client, server, device, network, connect"),
        ("udp://host?connect=1", "query key 'connect' is not known for udp"),
        ("tcp://host?client=1&client=2", "given twice"),
        ("tcp://host?client", "not key=value"),
        ("tcp://host?client=", "client= is no SAP"),
        ("tcp://host?client=0", "client=0 is no SAP"),
        ("tcp://host?server=65536", "server=65536 is no SAP"),
        ("tcp://host?connect=soon", "connect=soon is no time"),
        ("tcp://host?connect=0", "connect=0 is no time"),
        ("tcp://host?connect=inf", "connect=inf is no time"),
        ("tcp://[::1", "tcp://"),
        ("memory://", "write memory://name"),
        ("memory://a/b", "write memory://name"),
    ],
)
def test_mistake_is_told(text, message):
    with pytest.raises(ConfigError, match=message):
        transport_from_url(text)


def test_password_in_a_url_is_refused_and_not_repeated():
    with pytest.raises(ConfigError) as caught:
        transport_from_url("tcp://user:secret@host")
    assert "secret" not in str(caught.value)


class _EntryPoint:
    def __init__(self, name, target):
        self.name = name
        self.value = f"somewhere:{name}"
        self.load = lambda: target


def _installed(monkeypatch, *entries):
    def entry_points(group, name=None):
        assert group == "dlmskit.transports"
        return [entry for entry in entries if name in {None, entry.name}]

    monkeypatch.setattr(url_module, "entry_points", entry_points)


def test_installed_packages_add_schemes_and_never_replace_ours(monkeypatch):
    made = []

    def connect(url, limits):
        made.append(url.host)
        return TcpTransport(url.host)

    pigeon = Scheme("pigeon", "pigeon://loft", connect, options={"grain": "kind"})
    _installed(monkeypatch, _EntryPoint("pigeon", pigeon), _EntryPoint("tcp", pigeon))
    transport_from_url("pigeon://loft?grain=corn")
    assert made == ["loft"]
    assert isinstance(transport_from_url("tcp://host"), TcpTransport)
    with pytest.raises(ConfigError, match=r"scheme 'carrier' is not known; write one of tcp:.*pigeon://loft"):
        transport_from_url("carrier://x")
    _installed(monkeypatch, _EntryPoint("bad", object()))
    with pytest.raises(ConfigError, match="is no Scheme"):
        transport_from_url("bad://x")


def test_installed_package_that_is_broken_is_named(monkeypatch):
    _installed(monkeypatch, EntryPoint("lame", "no_such_package.at_all:SCHEME", "dlmskit.transports"))
    with pytest.raises(ConfigError, match=r"entry point no_such_package\.at_all:SCHEME in dlmskit.transports cannot be loaded"):
        transport_from_url("lame://x")


@pytest.mark.parametrize("text", ["tcp://127.0.0.1:0", "udp://127.0.0.1:0", "memory://listening"])
async def test_url_becomes_a_listener(text):
    listener = await listen_at(text, Echo)
    address = text.replace(":0", f":{listener.port}")
    async with transport_from_url(address) as client:
        await client.send(b"push")
        assert await client.receive() == b"pushed"
    await listener.close()


async def test_medium_without_a_server_side_says_so(monkeypatch):
    _installed(monkeypatch, _EntryPoint("oneway", Scheme("oneway", "oneway://x", lambda url, limits: TcpTransport(url.host))))
    with pytest.raises(ConfigError, match=r"nobody can listen on oneway; there are tcp, .*udp"):
        await listen_at("oneway://x", Echo)
