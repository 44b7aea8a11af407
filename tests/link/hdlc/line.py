"""A line in virtual time: one client machine, any number of server machines, and what happens to the frames between them."""

from collections.abc import Callable, Sequence

from dlmskit.link.events import Received
from dlmskit.link.hdlc.addresses import client_address, server_address
from dlmskit.link.hdlc.client import HdlcClient
from dlmskit.link.hdlc.events import Connected, Ended, LinkSettings, ReceivedUnnumbered
from dlmskit.link.hdlc.receiver import HdlcReceiver
from dlmskit.link.hdlc.server import HdlcServer
from dlmskit.link.hdlc.tables import LinkState

Fate = Callable[[bytes], Sequence[tuple[float, bytes]]]
"""What becomes of one frame on its way: when (after which delay) and as which octets it arrives, in how many copies."""


def faithful(octets: bytes) -> Sequence[tuple[float, bytes]]:
    return [(0.01, octets)]


class Line:
    """Everything that one server is asked, it answers with ``answer``."""

    def __init__(self, *, client=None, servers=None, settings=None, up: Fate = faithful, down: Fate = faithful, answer=None):
        settings = settings or LinkSettings()
        self.client = client or HdlcClient(client_address(16), server_address(1, 17), settings)
        self.servers = servers or [HdlcServer({1}, 17, settings)]
        self.now = 0.0
        self.served: list[bytes] = []
        self.delivered: list[bytes] = []
        self.pushed: list[bytes] = []
        self.ended: list[Ended] = []
        self.server_ended: list[Ended] = []
        self.connected: list[Connected] = []
        self.frames: list[tuple[str, bytes]] = []
        self._answer = answer or (lambda apdu: [apdu])
        self._up, self._down = up, down
        self._due: list[tuple[float, int, str, bytes]] = []
        self._receivers = [HdlcReceiver(1.0) for _ in self.servers]
        self._count = 0

    def settle(self) -> None:
        """Put on the line what the machines say, and note what they tell."""
        for event in self.client.take_events():
            if isinstance(event, Received):
                self.delivered.append(event.apdu)
            elif isinstance(event, ReceivedUnnumbered):
                self.pushed.append(event.apdu)
            elif isinstance(event, Ended):
                self.ended.append(event)
            else:
                self.connected.append(event)
        self._post("up", self.client.output(), self._up)
        for server in self.servers:
            for event in server.take_events():
                if isinstance(event, Received):
                    self.served.append(event.apdu)
                    for apdu in self._answer(event.apdu):
                        server.send(event.client, event.server, apdu)
                elif isinstance(event, ReceivedUnnumbered):
                    self.served.append(event.apdu)
                elif isinstance(event, Ended):
                    self.server_ended.append(event)
            self._post("down", server.output(), self._down)

    def _post(self, way: str, octets: bytes, fate: Fate) -> None:
        for frame in split(octets):
            self.frames.append((way, frame))
            for delay, copy in fate(frame):
                self._count += 1
                self._due.append((self.now + delay, self._count, way, copy))

    def step(self) -> bool:
        """Let the next thing happen; False when nothing is left."""
        self.settle()
        times = [due for due, *_ in self._due]
        times += [machine.due for machine in (self.client, *self.servers) if machine.due is not None]
        if not times:
            return False
        self.now = max(self.now, min(times))
        arrived = sorted(entry for entry in self._due if entry[0] <= self.now)
        self._due = [entry for entry in self._due if entry[0] > self.now]
        for _, _, way, octets in arrived:
            self._arrive(way, octets)
            self.settle()
        self.client.tick(self.now)
        for server in self.servers:
            server.tick(self.now)
        late = [machine.due for machine in (self.client, *self.servers) if machine.due is not None and machine.due <= self.now]
        assert not late, f"told at {self.now} s, and still due at {late[0]} s: it would be told for ever"
        self.settle()
        return True

    def _arrive(self, way: str, octets: bytes) -> None:
        if way == "down":
            self.client.feed(octets, self.now)
            return
        for server, receiver in zip(self.servers, self._receivers, strict=True):
            for frame in receiver.feed(octets, self.now):
                server.receive(frame, self.now)

    def until(self, condition: Callable[[], bool], seconds: float = 600.0) -> None:
        """Run until something holds. Fails when it does not come about in time: nothing may hang."""
        end = self.now + seconds
        while not condition():
            assert self.step(), "the line fell silent"
            assert self.now <= end, f"not within {seconds} s"

    def open(self) -> None:
        self.client.connect(self.now)
        self.until(lambda: bool(self.ended) or self.client.state is LinkState.CONNECTED)

    def ask(self, apdu: bytes) -> None:
        """Send, and wait for an answer or the end."""
        had = len(self.delivered)
        self.client.send(apdu, self.now)
        self.client.expect(self.now)
        self.until(lambda: len(self.delivered) > had or bool(self.ended))


def split(octets: bytes) -> list[bytes]:
    """The frames that a machine put out in one go."""
    frames = []
    while octets:
        length = ((octets[1] << 8 | octets[2]) & 0x7FF) + 2
        frames.append(octets[:length])
        octets = octets[length:]
    return frames
