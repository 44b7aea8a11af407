"""Nobody is talked into less: mechanism by mechanism, form by form, on both sides; and answers of one client for another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from dlmskit.apdu import Aare, Aarq, decode_apdu, mechanism_name
from dlmskit.association import AssociationSettings, EventCode, Signing, State, Wrapping
from dlmskit.association.inputs import NOT_DECIPHERED, NOT_PROTECTED
from dlmskit.codec.ber import AuthenticationValue
from dlmskit.errors import ConfigError, SecurityError, SecurityReason
from dlmskit.security.control import Protection
from dlmskit.security.hls import register
from dlmskit.security.hls.aes_ecb import AesEcb
from dlmskit.security.hls.mechanism import _MECHANISMS
from dlmskit.security.layers import Ciphered, KeyChoice, Signed
from dlmskit.security.policy import SIGNED_BOTH_WAYS, SecurityPolicy
from dlmskit.security.protection import protect_layers
from dlmskit.types.enums import Mechanism
from dlmskit.types.system_title import SystemTitle
from tests.association.correspondents import FORMS, POLICIES, known, pair_of, side, way_of
from tests.association.peers import LN, SERVER_TITLE, VALUE, Pair, drive

STRONGEST = POLICIES["authenticated+encrypted"]
HIGH_LEVEL = [mechanism for mechanism in Mechanism if mechanism.is_high_level]
GET = bytes.fromhex("C001C1000301000108 00FF0200")


@pytest.fixture(autouse=True)
def _manufacturer() -> Iterator[None]:
    register(AesEcb())
    yield
    del _MECHANISMS[2]


def way(mechanism: Mechanism) -> AssociationSettings:
    return way_of(1, mechanism)


@pytest.mark.case("R-027")
@pytest.mark.parametrize("proposed", Mechanism)
@pytest.mark.parametrize("demanded", Mechanism)
def test_a_server_takes_its_own_mechanism_alone(demanded: Mechanism, proposed: Mechanism) -> None:
    """Every pair of mechanisms: refused with the standard's diagnostic, counted, and nothing is open."""
    if demanded is proposed:
        pair_of(way(demanded)).associate().still_works()
        return
    pair = pair_of(way(proposed), way(demanded))
    with pytest.raises(Exception, match="authentication-mechanism-name"):
        pair.associate()
    aare = decode_apdu(pair.received[0])
    assert isinstance(aare, Aare)
    assert (aare.result, aare.result_source_diagnostic.value) == (1, 12 if proposed is Mechanism.LOWEST else 11)
    assert pair.server.state is State.IDLE
    assert pair.server_log.codes() == [EventCode.AUTHENTICATION_FAILED]


@pytest.mark.case("R-028")
@pytest.mark.parametrize("answered", [None, *Mechanism])
@pytest.mark.parametrize("proposed", HIGH_LEVEL)
@pytest.mark.parametrize("challenged", [True, False], ids=["challenge", "no challenge"])
def test_a_client_takes_its_own_mechanism_alone(proposed: Mechanism, answered: Mechanism | None, challenged: bool) -> None:
    """Every other mechanism in the AARE, and the same without its challenge: no request leaves the client."""
    if challenged and answered in {proposed, None}:
        return  # honest; and a challenge without a name is a known liberty of real meters, which still runs the mechanism
    pair = pair_of(way(proposed))

    def line(octets: bytes) -> list[bytes]:
        aare = decode_apdu(pair.serve(octets)[0])
        assert isinstance(aare, Aare)
        name = None if answered is None else mechanism_name(answered)
        value = aare.responding_authentication_value if challenged else None
        return [replace_in(aare, mechanism_name=name, responding_authentication_value=value)]

    with pytest.raises(SecurityError) as caught:
        drive(pair.client.associate(), line)
    assert caught.value.reason is SecurityReason.MECHANISM_MISMATCH
    assert len(pair.sent) == 1
    assert pair.client.state is State.IDLE


def replace_in(aare: Aare, **changes: object) -> bytes:
    """The AARE with other fields."""
    fields = {name: getattr(aare, name) for name in aare.__struct_fields__}
    return Aare(**(fields | changes)).encode()


@pytest.mark.case("R-036")
@pytest.mark.parametrize(("mechanism", "least"), [(m, 32 if m is Mechanism.HLS_ECDSA else 8) for m in HIGH_LEVEL])
def test_lengths_of_challenges(mechanism: Mechanism, least: int) -> None:
    """8 to 64 octets, 32 to 64 for mechanism 7: the server refuses all others, and takes the bounds."""
    for octets in (least, 64):
        pair_of(replace(way(mechanism), challenge_octets=octets)).associate().still_works()
    for octets in (least - 1, 65):
        pair = pair_of(way(mechanism))

        def line(sent: bytes, pair: Pair = pair, octets: int = octets) -> list[bytes]:
            aarq = decode_apdu(sent)
            assert isinstance(aarq, Aarq)
            fields = {name: getattr(aarq, name) for name in aarq.__struct_fields__}
            challenge = AuthenticationValue(bytes(range(octets)))
            return pair.serve(Aarq(**(fields | {"calling_authentication_value": challenge})).encode())

        with pytest.raises(Exception, match="authentication-failure"):
            drive(pair.client.associate(), line)


@pytest.mark.case("R-032")
def test_relay_between_two_clients_of_mechanism_7() -> None:
    """A false server hands each client the other's title and challenge, and its pass 3 as pass 4.

    What the clients know of their server stops it: its title; where any title is taken, its public key.
    """
    titles = SystemTitle("4D4D4D0000000011"), SystemTitle("4D4D4D0000000022")
    for expected in (SERVER_TITLE, None):
        settings = replace(way(Mechanism.HLS_ECDSA), application_context=LN, server_system_title=expected)
        pairs = [
            pair_of(replace(settings, client_system_title=title), client_credentials=side(1, title, known(1, SERVER_TITLE)))
            if expected is not None
            else _any_server(settings, title)
            for title in titles
        ]
        exchanges = [pair.client.associate() for pair in pairs]
        aarqs = [Aarq.decode(next(exchange)[0]) for exchange in exchanges]
        honest = decode_apdu(_honest_aare())
        assert isinstance(honest, Aare)
        for exchange, other in zip(exchanges, reversed(aarqs), strict=True):
            forged = replace_in(
                honest,
                responding_ap_title=other.calling_ap_title,
                responding_authentication_value=other.calling_authentication_value,
            )
            with pytest.raises(SecurityError) as caught:
                exchange.send(forged)
            reason = SecurityReason.MISSING_KEY if expected is None else SecurityReason.SYSTEM_TITLE_MISMATCH
            assert caught.value.reason is reason
        assert {pair.client.state for pair in pairs} == {State.IDLE}


def _any_server(settings: AssociationSettings, title: SystemTitle) -> Pair:
    served = replace(settings, server_system_title=SERVER_TITLE)
    client = replace(settings, client_system_title=title)
    return pair_of(client, served, client_credentials=side(1, title, known(1, SERVER_TITLE)))


def _honest_aare() -> bytes:
    pair = pair_of(replace(way(Mechanism.HLS_ECDSA), application_context=LN))
    pair.run(pair.client.associate())
    return pair.received[0]


@pytest.mark.case("R-048")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("signing", [None, Signing.AROUND])
def test_messages_in_clear(form: str, signing: Signing | None) -> None:
    """A request in clear is not executed; an answer in clear is an error; the association goes on."""
    policy = STRONGEST | (SIGNED_BOTH_WAYS if signing else SecurityPolicy.NOTHING)
    pair = pair_of(way_of(1, form=form, policy=policy)).associate()
    assert pair.one(GET) == NOT_PROTECTED
    assert pair.meter.log == []
    with pytest.raises(SecurityError, match="in clear"):
        drive(pair.client.get(VALUE), lambda _: [bytes.fromhex("C401C100 06 00000001")])
    pair.still_works()


@pytest.mark.case("R-048")
@pytest.mark.supports("policy demands signed requests", "policy demands signed responses", suite=(1, 2))
@pytest.mark.parametrize("suite", [1, 2])
@pytest.mark.parametrize(
    "steps",
    [(Ciphered(),), (Signed(),), (Ciphered(protection=STRONGEST.request & 1), Signed())],
    ids=["not signed", "not ciphered", "not encrypted"],
)
def test_less_than_the_policy_demands(suite: int, steps: tuple, monkeypatch: pytest.MonkeyPatch) -> None:
    """The union of the layers counts: whatever is missing, the request is not executed, and the answer is not taken."""
    pair = pair_of(way_of(suite, policy=STRONGEST | SIGNED_BOTH_WAYS)).associate()
    client, server = pair.client.security, pair.server.security
    assert client is not None
    assert server is not None
    for security in (client, server):
        monkeypatch.setattr(security, "rules", replace(security.rules, outgoing=Protection.NONE))
    assert pair.one(protect_layers(GET, client, steps)) == NOT_DECIPHERED
    assert pair.meter.log == []
    assert pair.server_log.codes()[-1] is EventCode.PROTECTION_TOO_WEAK
    answer = bytes.fromhex("C401C100 06 00000001")
    with pytest.raises(SecurityError) as caught:
        drive(pair.client.get(VALUE), lambda _: [protect_layers(answer, server, steps)])
    assert caught.value.reason is SecurityReason.PROTECTION_TOO_WEAK
    pair.still_works()


@pytest.mark.case("R-050")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("signing", [None, Signing.AROUND])
def test_a_repeated_request_is_not_executed_again(form: str, signing: Signing | None) -> None:
    policy = STRONGEST | (SIGNED_BOTH_WAYS if signing else SecurityPolicy.NOTHING)
    pair = pair_of(way_of(1, form=form, policy=policy)).associate()
    pair.still_works()
    served = len(pair.meter.log)
    assert pair.one(pair.sent[-1])[:3].hex() == "d80106"
    assert len(pair.meter.log) == served
    assert pair.server_log.codes()[-1] is EventCode.COUNTER_REPEATED
    pair.still_works()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ({"suite": 0, "mechanism": Mechanism.HLS_ECDSA}, "needs security suite 1 or 2"),
        ({"suite": 0, "policy": STRONGEST | SIGNED_BOTH_WAYS}, "needs security suite 1 or 2"),
        ({"suite": 0, "form": "general-ciphering one-pass key"}, "needs security suite 1 or 2"),
        ({"suite": 0, "form": "general-glo", "compress": True}, "no compression"),
        ({"suite": 1, "compress": True}, "never compressed"),
        ({"suite": 1, "policy": STRONGEST | SIGNED_BOTH_WAYS, "signing": Signing.INSIDE}, "inside of ciphering"),
        ({"suite": 1, "form": "general-glo", "compress": True, "policy": SecurityPolicy.NOTHING}, "nothing to wrap"),
    ],
)
def test_settings_that_do_not_go_together(words: dict, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        way_of(**words)


@pytest.mark.parametrize(
    "changes",
    [
        {"general_key": KeyChoice.GBEK},
        {"general_key": KeyChoice.ESTABLISHED},
        {"wrapping": Wrapping.GENERAL_CIPHERING, "dedicated_key": True},
    ],
    ids=str,
)
def test_keys_that_requests_do_not_have(changes: dict) -> None:
    with pytest.raises(ConfigError):
        replace(way_of(1), **changes)


def test_messages_that_name_their_recipient_need_to_know_it() -> None:
    with pytest.raises(ConfigError, match="server's system title"):
        pair_of(replace(way_of(1, form="general-ciphering identified key"), server_system_title=None))


def test_what_nobody_has_registered() -> None:
    del _MECHANISMS[2]
    try:
        with pytest.raises(SecurityError, match="register one"):
            pair_of(way(Mechanism.HLS_MANUFACTURER))
    finally:
        register(AesEcb())
