"""Objects of a model: with the behaviour of their class where we have it, as data where the meter goes its own way.

A class that is not known, an attribute that the class has not got (a negative number is the manufacturer's), a type other
than that of the class: they are served as the meter has them. Objects of one shape share one class, so that a thousand meters of
one model do not cost a thousand models.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from dlmskit.apps.simulator.models import Model, ModelAttribute, ModelObject
from dlmskit.apps.simulator.noise import stream, unit
from dlmskit.apps.simulator.objects import MeasuredProfile
from dlmskit.apps.simulator.registers import QUANTITIES
from dlmskit.apps.simulator.supply import Measures
from dlmskit.codec.containers import Array, Choice, Structure
from dlmskit.codec.data import Data
from dlmskit.codec.data_types import Tag
from dlmskit.codec.kinds import Anything, Kind, LogicalName, MomentKind, Simple
from dlmskit.codec.notation import parse_kind
from dlmskit.cosem.access import ObjectKey
from dlmskit.cosem.classes.demand_register import DemandRegister
from dlmskit.cosem.classes.profile_generic import ProfileGeneric
from dlmskit.cosem.classes.register import Register
from dlmskit.cosem.daylight import LocalTime
from dlmskit.cosem.declaration import attribute
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.objects import ObjectTree, UtcClock
from dlmskit.cosem.registry import interface_classes
from dlmskit.errors import DlmsError, ServiceError
from dlmskit.types.obis import Obis

MADE_BY_THE_SERVER = frozenset((12, 15, 17, 64))
_Extra = tuple[tuple[int, str], ...]


# --- classes --------------------------------------------------------------------------------------------------------------


def modelled(one: ModelObject, seed: int) -> InterfaceClass:
    """The object of a model, with its values; what the model does not say is made up within what is typical."""
    known = _known(one.class_id, one.version)
    values = {item.number: _value(item, one.obis, seed) for item in one.attributes}
    extra = tuple((item.number, item.kind) for item in one.attributes if not _fits(known, item.number, values[item.number]))
    return _holding(_shaped(known, one.class_id, one.version, extra)(one.obis), values)


def served_as(
    class_id: int, version: int, name: Obis, values: Mapping[int, Data], left_open: Collection[int] = ()
) -> InterfaceClass:
    """An object that holds these values, whatever its class says of them; what is ``left_open`` is as the class starts it."""
    known = _known(class_id, version)
    open_here = {number for number in left_open if number in known.attributes}
    given = {number: value for number, value in values.items() if number not in open_here}
    extra = tuple((number, "any") for number, value in given.items() if not _fits(known, number, value))
    return _holding(_shaped(known, class_id, version, extra)(name), given)


def _holding(made: InterfaceClass, values: Mapping[int, Data]) -> InterfaceClass:
    for number, value in values.items():
        if not made.attributes[number].reader_name:
            made.store(number, value)
    return made


class StandingDemand(DemandRegister):
    """Nothing is counted into it: it shows what is typical, and no period ends."""

    def following(self, after: datetime, rules: LocalTime) -> datetime | None:
        """Never."""
        return None


_SIMULATED: dict[int, type[InterfaceClass]] = {ProfileGeneric.class_id: MeasuredProfile, DemandRegister.class_id: StandingDemand}


def _known(class_id: int, version: int) -> type[InterfaceClass]:
    """The class with its behaviour; one without any where it is not known."""
    return _SIMULATED.get(class_id) or interface_classes().get((class_id, version), InterfaceClass)


def _fits(known: type[InterfaceClass], number: int, value: Data) -> bool:
    """Whether the class has the attribute, with such a value."""
    if number not in known.attributes:
        return False
    try:
        known.attributes[number].check(value)
    except ServiceError:
        return False
    return True


_shapes: dict[tuple[str, int, int, _Extra], type[InterfaceClass]] = {}


def _shaped(base: type[InterfaceClass], class_id: int, version: int, extra: _Extra) -> type[InterfaceClass]:
    """The class, with some attributes as the meter has them."""
    if not extra and (base.class_id, base.version) == (class_id, version):
        return base
    shape = base.__qualname__, class_id, version, extra
    if shape not in _shapes:
        _shapes[shape] = _made(base, class_id, version, extra)
    return _shapes[shape]


def _made(base: type[InterfaceClass], class_id: int, version: int, extra: _Extra) -> type[InterfaceClass]:
    words: dict[str, Any] = {}
    for number, kind in extra:
        declared = base.attributes.get(number)
        name = declared.python_name if declared is not None else f"attribute_{number}".replace("-", "minus_")
        words[name] = attribute(number, _notation(kind), name=declared.name if declared is not None else name)
    made: type[InterfaceClass] = type(base.__name__, (base,), {"__doc__": base.__doc__, **words})
    made.class_id, made.version = class_id, version
    made.name = base.name or f"class {class_id}"
    return made


@lru_cache(maxsize=1024)
def _kind(notation: str) -> Kind:
    return parse_kind(_notation(notation))


def _notation(text: str) -> str:
    """A bare container says nothing of its contents: served as it comes."""
    return "any" if text in {"array", "structure", "compact-array"} else text


# --- a whole meter ----------------------------------------------------------------------------------------------------------


def add_model(model: Model, tree: ObjectTree, phases: int, seed: int) -> list[InterfaceClass]:
    """Put the objects of a model into a logical device whose clients are admitted; what is there stays. Gives the new ones."""
    made: list[InterfaceClass] = []
    captured = _captured(model)
    for described in model.present(phases):
        one = _with_columns(described, captured.get(described.key, ()))
        if one.key in tree or one.class_id in MADE_BY_THE_SERVER:
            continue
        placed = tree.add(modelled(one, seed))
        if isinstance(placed, ProfileGeneric):
            _describe(placed, model)
        made.append(placed)
    for class_id, name in model.unlisted:
        kind = interface_classes().get((class_id, 0))
        if kind is not None and (class_id, name) not in tree and class_id not in MADE_BY_THE_SERVER:
            made.append(tree.add(kind(name)))
    return made


def _captured(model: Model) -> dict[ObjectKey, set[int]]:
    """The attributes that are captured, by object."""
    found: dict[ObjectKey, set[int]] = {}
    for profile in model.profiles.values():
        for class_id, name, number, _ in profile.columns:
            found.setdefault((class_id, Obis(name)), set()).add(number)
    return found


def _with_columns(one: ModelObject, captured: Collection[int]) -> ModelObject:
    """The object with what is captured of it, though neither its list nor its class has such an attribute."""
    known = {item.number for item in one.attributes} | set(_known(one.class_id, one.version).attributes) | {0}
    more = (ModelAttribute(number, "double-long-unsigned", {}, None, (0, 100)) for number in sorted(set(captured) - known))
    return one._replace(attributes=(*one.attributes, *more))


def _describe(profile: ProfileGeneric, model: Model) -> None:
    """What is captured, where the attributes do not say it."""
    said = model.profiles.get(profile.obis)
    if said is None:
        return
    if not profile.columns and said.columns:
        profile.store(3, ProfileGeneric.capture_objects.kind.encode(said.columns))
    if not profile.capture_period:
        profile.store(4, Data.double_long_unsigned(said.period))
    if not profile.profile_entries:
        profile.store(8, Data.double_long_unsigned(said.depth))


_MEASURED = {
    **{f"1.{c}.8.0": energy for c, energy in ((1, "active-energy-import"), (2, "active-energy-export"))},
    "1.1.8.1": "active-energy-import-rate-1",
    "1.1.8.2": "active-energy-import-rate-2",
    "1.3.8.0": "reactive-energy-import",
    "1.1.7.0": "active-power-import",
    "1.2.7.0": "active-power-export",
    "1.3.7.0": "reactive-power-import",
    "1.9.7.0": "apparent-power-import",
    "1.13.7.0": "power-factor",
    "1.14.7.0": "frequency",
    **{
        f"1.{c + 20 * phase}.7.0": f"{word}-l{phase + 1}"
        for phase in range(3)
        for c, word in ((21, "active-power"), (31, "current"), (32, "voltage"), (33, "power-factor"))
    },
}
"""What registers measure, by the value groups A, C, D and E."""


def measure(register: Register, measures: Measures, time: UtcClock) -> None:
    """Let a register show what the household does, in its own unit and type, where we know how."""
    a, _, c, d, e, f = register.obis.octets
    word = _MEASURED.get(f"{a}.{c}.{d}.{e}")
    if word is None or f != _NOW or QUANTITIES[word].phase > measures.phases:
        return
    what, tag = QUANTITIES[word], register.stored(2).tag
    scaler, unit_code = register.stored(3).value
    if unit_code != what.unit or tag not in _LARGEST:
        return

    def now() -> Data:
        shown = int(what.source(measures, time.utc_now()) * 10.0**-scaler)
        return Data.of(tag, min(shown, _LARGEST[tag]))

    register.feed("value", now)


_NOW = 255
_LARGEST = {
    Tag.UNSIGNED: 0xFF,
    Tag.LONG_UNSIGNED: 0xFFFF,
    Tag.DOUBLE_LONG_UNSIGNED: 0xFFFF_FFFF,
    Tag.LONG64_UNSIGNED: 0xFFFF_FFFF_FFFF_FFFF,
    Tag.LONG: 0x7FFF,
    Tag.DOUBLE_LONG: 0x7FFF_FFFF,
    Tag.LONG64: 0x7FFF_FFFF_FFFF_FFFF,
}


# --- values ---------------------------------------------------------------------------------------------------------------


def _value(item: ModelAttribute, obis: Obis, seed: int) -> Data:
    kind = _kind(item.kind)
    try:
        if item.value is not None:
            return kind.encode(_prepared(kind, item.value))
        if item.typical is not None:
            low, high = item.typical
            return kind.encode(low + int(unit(stream(seed, f"{obis} {item.number}"), 0) * (high - low + 1)))
    except (DlmsError, TypeError, ValueError):  # the model says one type, and gives a value of another
        return _as_it_is(item.value)
    return {"array": Data.array(()), "structure": Data.structure(())}.get(item.kind) or kind.default()


def _prepared(kind: Kind, value: Any) -> Any:
    """A value of JSON as the codec takes it: octets from hexadecimal digits or a dotted logical name."""
    if isinstance(kind, Array):
        return [_prepared(kind.member, item) for item in value]
    if isinstance(kind, Structure):
        return [_prepared(member, item) for member, item in zip(kind.members.values(), value, strict=True)]
    if isinstance(kind, Choice):
        return _as_it_is(value)
    if isinstance(kind, Anything):
        return _as_it_is(value)
    of_octets = isinstance(kind, MomentKind | LogicalName) or (isinstance(kind, Simple) and kind.tag == Tag.OCTET_STRING)
    if isinstance(value, str) and of_octets:
        return _octets(value)
    return bool(value) if isinstance(kind, Simple) and kind.tag == Tag.BOOLEAN else value


def _as_it_is(value: Any) -> Data:
    """A value whose type nobody has said."""
    if isinstance(value, list):
        return Data.structure([_as_it_is(item) for item in value])
    if isinstance(value, bool) or value is None:
        return Data.null() if value is None else Data.boolean(value)
    if isinstance(value, int):
        return Data.double_long_unsigned(value) if 0 <= value <= 0xFFFF_FFFF else Data.long64(value)
    try:
        return Data.octet_string(_octets(str(value)))
    except ValueError:
        return Data.visible_string(str(value)) if str(value).isascii() else Data.utf8_string(str(value))


def _octets(text: str) -> bytes:
    return Obis(text).octets if text.count(".") == 5 else bytes.fromhex(text)
