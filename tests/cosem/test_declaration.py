"""The words of a declaration: names, types, what they refuse."""

from __future__ import annotations

import pytest

from dlmskit.codec.data import Data
from dlmskit.cosem.classes.register import Register
from dlmskit.cosem.declaration import absent_method, attribute, method
from dlmskit.errors import ConfigError, ServiceError
from dlmskit.types.enums import DataAccessResult


def test_a_declaration_reads_well() -> None:
    assert repr(Register.scaler_unit) == "<attribute 3 scaler_unit: structure{scaler:integer,unit:enum}>"
    assert repr(Register.reset) == "<method 1 reset(integer(0)) -> null-data>"
    assert Register.reset.__doc__ == "Set the value to zero, or to nothing, in the type that it has."


@pytest.mark.parametrize("notation", ["longish", "array<", "structure{}", "enum{x}"])
def test_a_wrong_type_is_noticed_when_it_is_declared(notation: str) -> None:
    with pytest.raises(ConfigError):
        attribute(2, notation)
    with pytest.raises(ConfigError):
        absent_method(1, notation)
    with pytest.raises(ConfigError):
        method(1, result=notation)(lambda self: None)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (Data.unsigned(3), None),
        (Data.unsigned(4), DataAccessResult.OTHER_REASON),
        (Data.integer(3), DataAccessResult.TYPE_UNMATCHED),
    ],
)
def test_within(value: Data, code: DataAccessResult | None) -> None:
    word = attribute(2, "unsigned", within=(1, 3), name="level")
    if code is None:
        word.check(value)
        return
    with pytest.raises(ServiceError, match="level") as refusal:
        word.check(value)
    assert refusal.value.code == code


def test_an_enumeration_has_its_values_and_no_others() -> None:
    named, free = attribute(2, "enum{1=on,2=off}"), attribute(2, "enum")
    named.check(Data.enum(2))
    free.check(Data.enum(9))
    with pytest.raises(ServiceError) as refusal:
        named.check(Data.enum(9))
    assert refusal.value.code == DataAccessResult.OTHER_REASON


def test_the_first_value() -> None:
    assert attribute(2, "unsigned", default=7).initial() == Data.unsigned(7)
    assert attribute(2, "any", default=Data.long(7)).initial() == Data.long(7)
    assert attribute(2, "boolean").initial() == Data.boolean(False)
