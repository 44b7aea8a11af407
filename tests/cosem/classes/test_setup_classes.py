"""Communication set-up classes hold what they are given, refuse what is of another type, and set their counters back."""

from __future__ import annotations

import pytest

from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.cosem.declaration import Attribute, Request
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.registry import interface_class, interface_classes
from dlmskit.errors import ServiceError
from dlmskit.types.enums import DataAccessResult

NAME = "0.0.96.1.0.255"
SET_UP = {
    key: found
    for key, found in interface_classes().items()
    if found.__module__.startswith("dlmskit.cosem.classes.") and 24 <= key[0] <= 162 and key[0] != 30
}
WRITABLE = [
    pytest.param(found, word, id=f"{key[0]}-{key[1]}-{word.python_name}")
    for key, found in SET_UP.items()
    for word in found.attributes.values()
    if word.writable and not word.writer_name and word.notation not in {"any", "array<any>"}
]
RESETS = {key: found for key, found in SET_UP.items() if any(word.name == "reset" for word in found.methods.values())}
COUNTERS = (53, 80, 81, 84, 90, 127, 132, 133, 153, 160)
"""Classes whose reset sets all that is dynamic back."""


@pytest.mark.parametrize(("declared", "word"), WRITABLE)
def test_an_attribute_holds_its_type_alone(declared: type[InterfaceClass], word: Attribute) -> None:
    one = declared(NAME)
    value = one.stored(word.number)
    one.set(word.number, value)
    assert one.get(word.number) == value
    wrong = Data.float64(1.5) if word.notation != "float64" else Data.boolean(value=True)
    with pytest.raises(ServiceError) as refused:
        one.set(word.number, wrong)
    assert refused.value.code == DataAccessResult.TYPE_UNMATCHED
    assert one.stored(word.number) == value


@pytest.mark.parametrize("key", [key for key in RESETS if key[0] in COUNTERS], ids=str)
def test_reset_sets_the_counters_back(key: tuple[int, int]) -> None:
    one = RESETS[key](NAME)
    before = {number: one.stored(number) for number in one.attributes}
    for number, word in one.attributes.items():
        if word.dynamic and word.notation in {"double-long-unsigned", "long-unsigned", "unsigned"}:
            one.store(
                number, Data.of({"u": Tag.UNSIGNED, "l": Tag.LONG_UNSIGNED, "d": Tag.DOUBLE_LONG_UNSIGNED}[word.notation[0]], 7)
            )
        elif word.writable:
            before[number] = one.stored(number)
    one.action(1, Data.integer(0))
    assert {number: one.stored(number) for number in one.attributes} == before


def test_configuration_survives_a_reset() -> None:
    one = interface_class(80, 0)(NAME)
    static = [word for word in one.attributes.values() if not word.dynamic and word.number != 1]
    changing = [word for word in one.attributes.values() if word.dynamic]
    for word in changing:
        one.store(word.number, Data.long_unsigned(9))
    one.action(1, Data.integer(0))
    assert all(one.stored(word.number) == word.initial() for word in changing)
    assert all(one.stored(word.number) == word.initial() for word in static)


@pytest.mark.parametrize(("class_id", "version"), [(28, 2), (29, 1), (29, 2)])
def test_numbers_of_manufacturers_are_taken(class_id: int, version: int) -> None:
    one = interface_class(class_id, version)(NAME)
    one.set(2, Data.enum(200))
    assert one.get(2) == Data.enum(200)
    with pytest.raises(ServiceError) as refused:
        one.set(2, Data.enum(199))
    assert refused.value.code == DataAccessResult.OTHER_REASON


@pytest.mark.parametrize(("class_id", "number"), [(46, 4), (100, 6), (101, 10), (101, 11), (140, 8)])
def test_secrets_are_written_and_never_read(class_id: int, number: int) -> None:
    one = interface_class(class_id, 0)(NAME)
    secret = one.stored(number) if class_id == 100 else Data.octet_string(b"open sesame")
    one.set(number, secret)
    with pytest.raises(ServiceError) as refused:
        one.get(number)
    assert refused.value.code == DataAccessResult.READ_WRITE_DENIED
    assert one.stored(number) == secret


def octets(*addresses: bytes) -> Data:
    return Data.array([Data.octet_string(one) for one in addresses])


class TestIpv6:
    FIRST, SECOND = bytes(15) + b"\x01", bytes(15) + b"\x02"

    def test_addresses_of_each_type(self) -> None:
        one = interface_class(48, 0)("0.0.25.7.0.255")
        for kind in range(3):
            for address in (self.FIRST, self.SECOND, self.FIRST):
                one.action(1, Data.structure([Data.enum(kind), Data.octet_string(address)]))
            assert one.get(4 + kind) == octets(self.FIRST, self.SECOND)
            one.action(2, Data.structure([Data.enum(kind), Data.octet_string(self.FIRST)]))
            assert one.get(4 + kind) == octets(self.SECOND)

    @pytest.mark.parametrize(
        "address",
        [Data.structure([Data.enum(0), Data.octet_string(bytes(4))]), Data.structure([Data.enum(3), Data.octet_string(FIRST)])],
    )
    def test_what_is_no_address(self, address: Data) -> None:
        one = interface_class(48, 0)("0.0.25.7.0.255")
        with pytest.raises(ServiceError):
            one.action(1, address)
        assert one.get(4) == octets()

    def test_a_name_server_has_an_address_or_none(self) -> None:
        one = interface_class(48, 0)("0.0.25.7.0.255")
        one.set(7, Data.octet_string(self.FIRST))
        with pytest.raises(ServiceError):
            one.set(7, Data.octet_string(bytes(15)))
        assert one.get(7) == Data.octet_string(self.FIRST)
        one.set(7, Data.octet_string(b""))

    def test_the_list_ends_somewhere(self) -> None:
        one = interface_class(48, 0)("0.0.25.7.0.255")
        with pytest.raises(ServiceError):
            one.set(5, octets(*(number.to_bytes(16, "big") for number in range(65))))


class TestUtilityTables:
    @staticmethod
    def part(offset: int, count: int) -> Request:
        return Request(4, 1, Data.structure([Data.double_long_unsigned(offset), Data.long_unsigned(count)]))

    def test_by_offset(self) -> None:
        table = interface_class(26, 0)("0.0.65.0.1.255", table_id=1, buffer=b"0123456789")
        assert table.get(3) == Data.double_long_unsigned(10)
        assert table.get(4, self.part(2, 3)) == Data.octet_string(b"234")
        assert table.get(4, self.part(8, 0)) == Data.octet_string(b"89")
        table.set(4, Data.octet_string(b"abc"), self.part(2, 3))
        assert table.get(4) == Data.octet_string(b"01abc56789")

    @pytest.mark.parametrize(("offset", "count"), [(8, 3), (11, 0), (2, 2)])
    def test_what_does_not_fit_changes_nothing(self, offset: int, count: int) -> None:
        table = interface_class(26, 0)("0.0.65.0.1.255", buffer=b"0123456789")
        with pytest.raises(ServiceError):
            table.set(4, Data.octet_string(b"abc"), self.part(offset, count))
        assert table.get(4) == Data.octet_string(b"0123456789")

    @pytest.mark.parametrize(
        ("request_", "code"),
        [
            (Request(4, 1, None), DataAccessResult.TYPE_UNMATCHED),
            (Request(4, 1, Data.null()), DataAccessResult.TYPE_UNMATCHED),
            (Request(4, 2, Data.null()), DataAccessResult.SCOPE_OF_ACCESS_VIOLATED),
            (Request(4, 3, Data.null()), DataAccessResult.SCOPE_OF_ACCESS_VIOLATED),
        ],
    )
    def test_what_is_no_part(self, request_: Request, code: int) -> None:
        table = interface_class(26, 0)("0.0.65.0.1.255", buffer=b"0123456789")
        with pytest.raises(ServiceError) as refused:
            table.get(4, request_)
        assert refused.value.code == code


def test_keys_of_a_time_server() -> None:
    one = interface_class(100, 0)("0.0.25.10.0.255")

    def key(number: int, octets_: bytes) -> Data:
        return Data.structure([Data.double_long_unsigned(number), Data.octet_string(octets_)])

    one.action(2, key(1, b"a"))
    one.action(2, key(2, b"b"))
    one.action(2, key(1, b"c"))
    assert one.stored(6) == Data.array([key(2, b"b"), key(1, b"c")])
    one.action(3, Data.double_long_unsigned(2))
    assert one.stored(6) == Data.array([key(1, b"c")])
    for number in range(2, 17):
        one.action(2, key(number, b"x"))
    with pytest.raises(ServiceError):
        one.action(2, key(17, b"x"))
    with pytest.raises(ServiceError) as refused:
        one.action(1, Data.integer(0))
    assert refused.value.code == DataAccessResult.OBJECT_UNAVAILABLE


def test_neighbours_of_a_g3_node_by_address() -> None:
    one = interface_class(91, 4)(NAME, mac_pos_table=[(1, 50, 10), (2, 60, 20), (1, 70, 30)])
    assert one.action(2, Data.long_unsigned(1)) == one.to_data(one.attribute(25), [(1, 50, 10), (1, 70, 30)])
    assert one.action(2, Data.long_unsigned(3)) == Data.array([])
    assert one.action(1, Data.long_unsigned(1)) == Data.array([])


def test_a_server_leaves_its_initiator() -> None:
    one = interface_class(51, 0)(NAME, active_initiator=(b"INI00001", 0xC01, 1))
    with pytest.raises(ServiceError):
        one.action(1, Data.long_unsigned(0xC02))
    assert one.stored(2).value[1] == 0xC01
    one.action(1, Data.long_unsigned(0xC01))
    assert one.stored(2).value[1] == 0
