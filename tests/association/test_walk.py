"""Random walks: whatever octets come in whatever order, the promises of the tables hold."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from dlmskit.apdu import (
    AccessRequest,
    AccessRequestBody,
    AccessRequestGet,
    AccessRequestSet,
    ActionRequestNormal,
    DataBlockSA,
    DataNotification,
    DataNotificationConfirm,
    GetRequestNext,
    GetRequestNormal,
    ParameterizedAccess,
    SetRequestNormal,
    SetRequestWithDatablock,
    SetRequestWithFirstDatablock,
    VariableName,
    decode_apdu,
)
from dlmskit.association import AssociationSettings, State
from dlmskit.association.inputs import answers_by_octet
from dlmskit.codec.data import Data
from dlmskit.errors import DlmsError
from dlmskit.limits import Limits
from dlmskit.types.enums import ApplicationContext, Mechanism
from tests.association.peers import CIPHERED, DEDICATED, ECHO, GENERAL, HLS, LLS, PLAIN, VALUE, Pair, settings

LONG = Data.octet_string(bytes(300))
SHORT = settings(application_context=ApplicationContext.SN, max_pdu_size=200)
SHORT_HLS = settings(application_context=ApplicationContext.SN, mechanism=Mechanism.HLS_GMAC)
SHORT_CIPHERED = settings(application_context=ApplicationContext.SN_CIPHERED, mechanism=Mechanism.HLS_GMAC, max_pdu_size=200)
WAYS = [PLAIN, LLS, HLS, CIPHERED, GENERAL, DEDICATED, SHORT, SHORT_HLS, SHORT_CIPHERED]
NAME, ECHO_NAME = VariableName(0x108), 0x420
PUSH = DataNotification(0x40000001, b"", Data.unsigned(1))
Acts = dict[str, Callable[[Pair], object]]
LIFE: Acts = {
    "associate": lambda pair: pair.run(pair.client.associate()),
    "release": lambda pair: pair.run(pair.client.release()),
    "notify": lambda pair: [pair.serve(octets) for octets in pair.client.receive(pair.server.notify(PUSH))],
}
LOGICAL: Acts = {
    "read": lambda pair: pair.run(pair.client.get(VALUE)),
    "write": lambda pair: pair.run(pair.client.set(VALUE, LONG)),
    "call": lambda pair: pair.run(pair.client.action(ECHO, LONG)),
    "several": lambda pair: pair.run(pair.client.access([AccessRequestGet(VALUE), AccessRequestSet(VALUE)], [None, LONG])),
}
SHORT_NAMES: Acts = {
    "read": lambda pair: pair.run(pair.client.read_names([NAME])),
    "write": lambda pair: pair.run(pair.client.write_names([NAME], [LONG])),
    "call": lambda pair: pair.run(pair.client.read_names([ParameterizedAccess(ECHO_NAME, 0, LONG)])),
    "several": lambda pair: pair.run(pair.client.read_names([NAME, VariableName(ECHO_NAME)])),
}
HONEST = sorted({**LIFE, **LOGICAL})
PLAIN_REQUESTS = [
    GetRequestNormal(0xC1, VALUE, None).encode(),
    GetRequestNext(0xC1, 1).encode(),
    SetRequestNormal(0xC1, VALUE, None, Data.unsigned(1)).encode(),
    SetRequestWithFirstDatablock(0xC1, VALUE, None, DataBlockSA(False, 1, b"\x11")).encode(),
    SetRequestWithDatablock(0xC1, DataBlockSA(True, 2, b"\x05")).encode(),
    ActionRequestNormal(0xC1, ECHO, None).encode(),
    bytes.fromhex("601DA109060760857405080101BE10040E01000000065F1F0400FFFFFF04B0"),
    bytes.fromhex("6203800100"),
    AccessRequest(0x40000001, b"", AccessRequestBody((AccessRequestSet(VALUE),), (Data.unsigned(1),))).encode(),
    DataNotificationConfirm(0x40000001, b"").encode(),
    bytes.fromhex("0501020108"),
    bytes.fromhex("06010201081105"),
    bytes.fromhex("050106000001020102"),
    bytes.fromhex("06010700000109020102"),
    bytes.fromhex("0501050001"),
    bytes.fromhex("16010201081105"),
    bytes.fromhex("601DA109060760857405080102BE10040E01000000065F1F0400FFFFFF04B0"),
]


class Walk(RuleBasedStateMachine):
    """An honest client, an attacker on the same line, and time."""

    @initialize(way=st.sampled_from(WAYS))
    def connect(self, way: AssociationSettings) -> None:
        self.way = way
        self.acts = LIFE | (SHORT_NAMES if way.short_names else LOGICAL)
        self.pair = Pair(way, limits=Limits(apdu_octets=2000))

    @rule(act=st.sampled_from(HONEST))
    def honest(self, act: str) -> None:
        """An honest operation succeeds or ends in an error of ours; a client that is not out of step is served."""
        self.pair.server.expire()
        open_on_both_sides = self.pair.client.state is self.pair.server.state is State.ASSOCIATED
        try:
            self.acts[act](self.pair)
        except DlmsError:
            assert act == "associate" or not open_on_both_sides

    @rule(octets=st.binary(max_size=64))
    def rubbish(self, octets: bytes) -> None:
        self.attack(octets)

    @rule(index=st.integers(0, 200), flip=st.integers(0, 400))
    def replay(self, index: int, flip: int) -> None:
        """Something that was on the line before, as it was or with one bit changed, in either direction."""
        line = self.pair.sent + self.pair.received
        if line:
            octets = bytearray(line[index % len(line)])
            if flip < 8 * len(octets):
                octets[flip // 8] ^= 1 << flip % 8
            self.attack(bytes(octets))

    @rule(octets=st.sampled_from(PLAIN_REQUESTS))
    def plain(self, octets: bytes) -> None:
        self.attack(octets)

    @rule(octets=st.binary(max_size=64), index=st.integers(0, 200), ours=st.booleans())
    def hear(self, octets: bytes, index: int, ours: bool) -> None:
        """While nothing is asked the client takes whatever comes: nothing is raised, and no state is left for it."""
        client, line = self.pair.client, self.pair.received + self.pair.sent
        state = client.state
        for answer in client.receive(line[index % len(line)] if ours and line else octets):
            assert decode_apdu(answer).encode() == answer
        assert client.state is state

    @rule(seconds=st.sampled_from([1, 31, 121]))
    def wait(self, seconds: int) -> None:
        self.pair.clock.now += seconds

    @rule()
    def disconnect(self) -> None:
        self.pair.server.lower_layer_lost()
        self.pair.client.lower_layer_lost()
        self.pair.client.lower_layer_connected()
        assert self.pair.server.context is None

    def attack(self, octets: bytes) -> None:
        """Nothing is raised, at most one answer comes and it is an APDU; what the state does not allow has no effect."""
        server, meter = self.pair.server, self.pair.meter
        server.expire()
        state, effects = server.state, meter.effects
        answers = server.receive(octets)
        assert len(answers) <= 1
        for answer in answers:
            assert decode_apdu(answer).encode() == answer
        if octets and isinstance(expected := answers_by_octet(short_names=self.way.short_names)[state][octets[0]], bytes):
            assert answers == ((expected,) if expected else ())
            assert server.state is (State.IDLE if state is State.INACTIVE else state)
        if self.way.ciphered or state is not State.ASSOCIATED:
            assert meter.effects == effects, "without keys, or without an association, nothing is executed"
        if self.way.ciphered and state is State.ASSOCIATED:
            assert server.state is State.ASSOCIATED, "and nothing ends a ciphered association"

    @invariant()
    def proof_and_state_agree(self) -> None:
        if not hasattr(self, "pair"):
            return
        server, client = self.pair.server, self.pair.client
        assert (server.associated is not None) is (server.state is State.ASSOCIATED)
        assert (server.context is not None) is (server.state in {State.ASSOCIATED, State.HLS_PENDING})
        assert (client.context is not None) is (client.state is State.ASSOCIATED)
        assert not (self.way.mechanism.is_high_level and server.associated and not self.pair.sent)


TestWalk = Walk.TestCase
