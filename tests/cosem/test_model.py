"""Storage, type checks and dispatch of one declared class."""

from __future__ import annotations

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.access import AccessMode
from dlmskit.cosem.declaration import Request, absent_method, attribute, method
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.objects import ObjectTree
from dlmskit.errors import ConfigError, EncodeError, LocalProtocolError, ServiceError
from dlmskit.types.datetime import CosemDateTime
from dlmskit.types.enums import DataAccessResult
from dlmskit.types.obis import Obis

CODES = DataAccessResult


class Lamp(InterfaceClass, class_id=9001, version=0, name="Lamp"):
    """A lamp, for tests."""

    brightness = attribute(2, "unsigned", writable=True, within=(0, 100), default=50)
    colour = attribute(3, "choice{null-data,unsigned,visible-string}", dynamic=True)
    pin = attribute(4, "octet-string", secret=True, name="PIN")
    hours = attribute(5, "double-long-unsigned", dynamic=True)
    names = attribute(6, "array<visible-string>", selectors=(1,))
    vendor = attribute(-1, "any")

    @method(1)
    def off(self) -> None:
        self.brightness = 0

    @method(2, "unsigned", "long-unsigned")
    def dim(self, percent: int, request: Request = Request()) -> int:  # noqa: B008
        self.asked = request
        self.brightness = self.brightness * percent // 100
        return int(self.brightness)

    blink = absent_method(3, "unsigned", mandatory=True)

    @hours.reader
    def _read_hours(self, request: Request) -> Data:
        return Data.double_long_unsigned(7)

    @names.writer
    def _write_names(self, value: Data, request: Request) -> None:
        if len(value.elements()) > 2:
            raise ServiceError(CODES.OTHER_REASON)
        self.store(6, value)


class LampV1(Lamp, version=1):
    """Wider, and with one attribute and one method more."""

    brightness = attribute(2, "long-unsigned", writable=True)
    names = Lamp.names.retyped("array<utf8-string>")
    height = attribute(7, "float32")

    @method(3, "unsigned")
    def blink(self, times: int) -> None:
        self.brightness = times


@pytest.fixture
def lamp() -> Lamp:
    return Lamp("0.0.96.1.0.255")


def test_the_declaration_in_one_table() -> None:
    assert [(number, word.name) for number, word in Lamp.attributes.items()] == [
        (-1, "vendor"),
        (1, "logical_name"),
        (2, "brightness"),
        (3, "colour"),
        (4, "PIN"),
        (5, "hours"),
        (6, "names"),
    ]
    assert [(number, word.name, word.absent) for number, word in Lamp.methods.items()] == [
        (1, "off", False),
        (2, "dim", False),
        (3, "blink", True),
    ]
    assert (Lamp.class_id, Lamp.version, Lamp.name) == (9001, 0, "Lamp")


def test_the_next_version_inherits_and_replaces() -> None:
    assert (LampV1.class_id, LampV1.version, LampV1.name) == (9001, 1, "Lamp")
    assert LampV1.attributes[2].notation == "long-unsigned"
    assert LampV1.attributes[6].notation == "array<utf8-string>"
    assert LampV1.attributes[6].selectors == (1,)
    assert not LampV1.methods[3].absent
    assert Lamp.methods[3].absent
    assert 7 not in Lamp.attributes


def test_a_subclass_without_version_is_the_same_class() -> None:
    class Dark(Lamp):
        def off(self) -> None:
            self.brightness = 1

    dark = Dark("0.0.96.1.0.255")
    assert dark.key == (9001, Obis("0.0.96.1.0.255"))
    assert dark.action(1) is None
    assert dark.brightness == 1


def test_values_are_plain_python_outside_and_data_inside(lamp: Lamp) -> None:
    assert lamp.brightness == 50
    lamp.brightness = 7
    assert lamp.get(2) == Data.unsigned(7)
    lamp.set(2, Data.unsigned(8))
    assert lamp.brightness == 8
    assert lamp.get(1) == Data.octet_string(lamp.obis)
    assert Lamp("0.0.96.1.0.255", brightness=9).brightness == 9
    assert Lamp(b"\x00\x00\x60\x01\x00\xff").obis == lamp.obis


@pytest.mark.parametrize("value", [Data.long_unsigned(5), Data.null(), Data.unsigned(101), Data.array([])])
def test_what_does_not_fit_changes_nothing(lamp: Lamp, value: Data) -> None:
    with pytest.raises(ServiceError) as refusal:
        lamp.set(2, value)
    assert refusal.value.code == (CODES.OTHER_REASON if value == Data.unsigned(101) else CODES.TYPE_UNMATCHED)
    assert lamp.brightness == 50


def test_python_values_that_do_not_fit(lamp: Lamp) -> None:
    with pytest.raises(EncodeError):
        lamp.brightness = 256
    with pytest.raises(EncodeError):
        Lamp("0.0.96.1.0.255", brightness="bright")
    with pytest.raises(ServiceError):
        Lamp("0.0.96.1.0.255", brightness=101)
    with pytest.raises(ConfigError, match="brightness, colour"):
        Lamp("0.0.96.1.0.255", brihgtness=1)
    assert lamp.brightness == 50


def test_a_choice_keeps_the_type_it_has(lamp: Lamp) -> None:
    assert lamp.get(3) == Data.null()
    lamp.colour = Data.visible_string("red")
    lamp.colour = "blue"
    assert lamp.get(3) == Data.visible_string("blue")
    lamp.clear(3)
    assert lamp.get(3) == Data.visible_string("")
    lamp.colour = Data.unsigned(5)
    lamp.clear(3)
    assert lamp.get(3) == Data.unsigned(0)


def test_a_secret_is_written_and_never_given(lamp: Lamp) -> None:
    tree = ObjectTree([lamp])
    told: list[int] = []
    tree.observers.append(lambda one, number, value: told.append(number))
    lamp.pin = b"1234"
    with pytest.raises(ServiceError) as refusal:
        lamp.get(4)
    assert refusal.value.code == CODES.READ_WRITE_DENIED
    with pytest.raises(ServiceError):
        _ = lamp.pin
    assert "1234" not in repr(lamp)
    assert lamp.stored(4) == Data.octet_string(b"1234")
    lamp.brightness = 1
    assert told == [2]


def test_readers_writers_and_sources(lamp: Lamp) -> None:
    assert lamp.hours == 7
    lamp.names = ["a", "b"]
    with pytest.raises(ServiceError):
        lamp.names = ["a", "b", "c"]
    assert lamp.names == ["a", "b"]
    lamp.feed("brightness", lambda: 33)
    assert lamp.get(2) == Data.unsigned(33)


@pytest.mark.parametrize("number", [0, 8, -2])
def test_numbers_that_the_class_has_not(lamp: Lamp, number: int) -> None:
    for refused in (lambda: lamp.get(number), lambda: lamp.set(number, Data.null()), lambda: lamp.action(number)):
        with pytest.raises(ServiceError) as refusal:
            refused()
        assert refusal.value.code == CODES.OBJECT_UNDEFINED


def test_selectors_that_the_attribute_has_not(lamp: Lamp) -> None:
    assert lamp.get(6, Request(6, 1, Data.null())) == Data.array([])
    for number, selector in ((6, 2), (2, 1)):
        with pytest.raises(ServiceError) as refusal:
            lamp.get(number, Request(number, selector, Data.null()))
        assert refusal.value.code == CODES.SCOPE_OF_ACCESS_VIOLATED
        with pytest.raises(ServiceError):
            lamp.set(number, lamp.get(number), Request(number, selector, Data.null()))


def test_methods(lamp: Lamp) -> None:
    request = Request(2)
    assert lamp.action(2, Data.unsigned(10), request) == Data.long_unsigned(5)
    assert lamp.asked == Request(2, parameter=Data.unsigned(10))
    assert lamp.dim(20) == 1
    for parameter in (None, Data.integer(0), Data.null()):
        assert lamp.action(1, parameter) is None
        assert lamp.brightness == 0
    for parameter in (None, Data.long_unsigned(1)):
        with pytest.raises(ServiceError) as refusal:
            lamp.action(2, parameter)
        assert refusal.value.code == CODES.TYPE_UNMATCHED


def test_a_method_that_is_absent(lamp: Lamp) -> None:
    for call in (lambda: lamp.action(3, Data.unsigned(1)), lambda: lamp.blink(1)):
        with pytest.raises(ServiceError) as refusal:
            call()
        assert refusal.value.code == CODES.OBJECT_UNAVAILABLE
    newer = LampV1("0.0.96.1.0.255")
    newer.blink(9)
    assert newer.brightness == 9


def test_default_rights() -> None:
    rights = Lamp.default_rights()
    assert rights.attributes[2] == AccessMode.READ_WRITE
    assert rights.attributes[3] == AccessMode.READ
    assert rights.attributes[4] == AccessMode.WRITE
    assert set(rights.methods) == {1, 2}
    assert Lamp.default_rights(AccessMode.REQUEST_SIGNED).methods[1] == AccessMode.ACCESS | AccessMode.REQUEST_SIGNED


def test_alone_an_object_has_neither_tree_nor_time(lamp: Lamp) -> None:
    assert lamp.now() == CosemDateTime.of()
    with pytest.raises(LocalProtocolError):
        _ = lamp.tree
