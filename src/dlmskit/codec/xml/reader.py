"""XML to APDUs: one function per word of the declaration language, for A-XDR and BER alike.

Elements are taken in the order of the declaration; an element that nothing takes is refused, never skipped.
"""

from __future__ import annotations

from typing import Any

from lxml import etree

from dlmskit.codec import wire
from dlmskit.codec.ber import AUTHENTICATION_CHOICES, AuthenticationValue, Context, Diagnostic, Form
from dlmskit.codec.data import Data
from dlmskit.codec.walk import Part, item_of, part_of, parts_of
from dlmskit.codec.xml import service_error
from dlmskit.codec.xml.cursor import Cursor
from dlmskit.codec.xml.data import read_data
from dlmskit.codec.xml.names import Registry
from dlmskit.codec.xml.parse import fail, local_name
from dlmskit.codec.xml.scalars import NUMBER, is_scalar, parse_scalar
from dlmskit.codec.xml.style import Style, parse_hex
from dlmskit.codec.xml.writer import is_carried
from dlmskit.errors import EncodeError
from dlmskit.limits import Limits
from dlmskit.types.conformance import Conformance


class Reader:
    """Reads one APDU in one style."""

    def __init__(self, style: Style, registry: Registry, limits: Limits) -> None:
        self.style = style
        self.simple = style.simple
        self.registry = registry
        self.limits = limits

    def apdu(self, element: etree._Element, nesting: int = 0) -> bytes:
        """The octets of the APDU of an element. Raises DecodeError."""
        if nesting > self.limits.apdu_nesting:
            fail(element, f"APDUs inside one another: at most {self.limits.apdu_nesting} are allowed")
        alternatives = self.registry.alternatives(self.style.name, local_name(element))
        if alternatives is None:
            fail(element, "no APDU has this name")
        cursor = Cursor(element, self.style)
        declared = alternatives.get("")
        if declared is None:
            name = next((name for name in alternatives if cursor.is_next(name)), "")
            if not name:
                fail(element, f"one of {', '.join(alternatives)} expected")
            declared, inner = alternatives[name], cursor.take(name)
            cursor.end()
            cursor = inner
        if declared.service_name == service_error.SERVICE_NAME:
            numbers = service_error.read(self.style, cursor.element)
            if numbers:
                return declared(*numbers).encode()
        value = self._fields(cursor, declared, nesting)
        cursor.end()
        try:
            return bytes(value.encode())
        except EncodeError as error:
            fail(element, str(error))

    def _fields(self, cursor: Cursor, declared: type, nesting: int) -> Any:
        """The value of a declared class, from the next elements."""
        values: dict[str, Any] = {}
        for part in parts_of(declared):
            word = part.word
            if isinstance(word, wire.OnlyIf) and values[word.field] != word.equals:
                values[part.field] = None
            elif not isinstance(word, _MAY_BE_ABSENT) or self._is_next(cursor, part):
                values[part.field] = self._part(cursor, part, nesting)
            elif not isinstance(word, Context):
                values[part.field] = isinstance(word, wire.DefaultTrue) or None
        try:
            return declared(**values)
        except TypeError as error:
            fail(cursor.element, str(error))

    def _is_next(self, cursor: Cursor, part: Part) -> bool:
        path = self.style.path(part)
        return cursor.is_next(path[0]) if path else cursor.next is not None

    def _part(self, cursor: Cursor, part: Part, nesting: int) -> Any:
        """The value of one part that has to be there."""
        if isinstance(part.word, wire.Flagged | wire.OnlyIf):
            return self._part(cursor, part.holding(part.word.inner), nesting)
        entered = [cursor]
        for name in self.style.path(part):
            entered.append(entered[-1].take(name))
        value = self._content(entered[-1], part, nesting)
        for inner in reversed(entered[1:]):
            inner.end()
        return value

    def _content(self, cursor: Cursor, part: Part, nesting: int) -> Any:
        """The value of a part from inside its element."""
        word = part.word
        if is_scalar(word):
            return parse_scalar(self.style, word, cursor.element, cursor.text())
        if is_carried(word):
            return self._carried(cursor, part, nesting)
        if isinstance(word, type):
            return self._fields(cursor, word, nesting)
        if isinstance(word, wire.CosemData):
            return Data(read_data(self.style, cursor.skip(), self.limits))
        if isinstance(word, wire.SequenceOf):
            return self._list(cursor, item_of(word), nesting)
        if isinstance(word, wire.Choice):
            return self._choice(cursor, word, nesting)
        if isinstance(word, wire.ConformanceBlock):
            return self._conformance(cursor)
        return self._diagnostic(cursor) if word.form is Form.DIAGNOSTIC else self._authentication(cursor)

    def _list(self, cursor: Cursor, item: Part, nesting: int) -> tuple[Any, ...]:
        """All elements left. The element around an item may be missing, or hold several: other translators do so."""
        name = next(iter(self.style.path(item)), "")
        items: list[Any] = []
        while cursor.next is not None:
            if not isinstance(item.word, wire.Choice | wire.CosemData):
                items.append(self._part(cursor, item, nesting))
            elif name and cursor.is_next(name):
                inner = cursor.take(name)
                while inner.next is not None:
                    items.append(self._content(inner, item, nesting))
                inner.end()
            else:
                items.append(self._content(cursor, item, nesting))
        return tuple(items)

    def _choice(self, cursor: Cursor, word: wire.Choice, nesting: int) -> Any:
        alternatives = [part_of(alternative) for alternative in word.alternatives]
        found = next((one for one in alternatives if self._is_next(cursor, one)), None)
        if found is None:
            names = ", ".join(self.style.path(one)[0] for one in alternatives)
            fail(cursor.element if cursor.next is None else cursor.next, f"one of {names} expected")
        if found.word is None:
            return cursor.take(self.style.path(found)[0]).end()
        return self._part(cursor, found, nesting)

    def _conformance(self, cursor: Cursor) -> int:
        names = cursor.text().split()
        while cursor.is_next("ConformanceBit"):
            names.append(cursor.skip().get("Name", ""))
        block = 0
        for name in names:
            bit = Conformance.named(name)
            if bit is None:
                fail(cursor.element, f"{name!r:.60} is no bit of the conformance block")
            block |= int(bit)
        return block

    def _diagnostic(self, cursor: Cursor) -> Diagnostic:
        names = ("ACSEServiceUser", "ACSEServiceProvider") if self.simple else ("acse-service-user", "acse-service-provider")
        provider = cursor.is_next(names[1])
        inner = cursor.take(names[provider])
        return Diagnostic(parse_scalar(self.style, NUMBER, inner.element, inner.text()), provider)

    def _authentication(self, cursor: Cursor) -> AuthenticationValue:
        choices = {name: tag for tag, name in AUTHENTICATION_CHOICES.items()}
        if self.simple:
            name = cursor.element.get("Choice", "charstring")
        else:
            name = local_name(cursor.next) if cursor.next is not None else ""
            cursor = cursor.take(name)
        if name not in choices:
            fail(cursor.element, f"one of {', '.join(choices)} expected")
        return AuthenticationValue(parse_hex(cursor.element, cursor.text()), choices[name])

    def _carried(self, cursor: Cursor, part: Part, nesting: int) -> bytes:
        """An APDU inside: its octets, or its element in place."""
        if self.style.path(part):
            return parse_hex(cursor.element, cursor.text())
        name = self.style.own_name(part.field)
        if not cursor.is_next(name):
            return self.apdu(cursor.skip(), nesting + 1)
        inner = cursor.take(name)
        octets = parse_hex(inner.element, inner.text())
        inner.end()
        return octets


_MAY_BE_ABSENT = (wire.Flagged, wire.EventTime, wire.DefaultTrue, Context)
"""Words whose element may be missing. Of BER the declaration says which ones must be there."""
