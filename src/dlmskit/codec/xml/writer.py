"""APDUs to XML: one function per word of the declaration language, for A-XDR and BER alike."""

from __future__ import annotations

from typing import Any

from lxml import etree

from dlmskit.codec import wire
from dlmskit.codec.ber import AUTHENTICATION_CHOICES, Context, Form
from dlmskit.codec.schema import Apdu
from dlmskit.codec.skip import skip_data
from dlmskit.codec.walk import Part, chosen, item_of, part_of, values_of
from dlmskit.codec.xml import service_error
from dlmskit.codec.xml.data import write_data
from dlmskit.codec.xml.names import Registry
from dlmskit.codec.xml.scalars import NUMBER, is_scalar, scalar_text
from dlmskit.codec.xml.style import Style
from dlmskit.errors import DecodeError, EncodeError
from dlmskit.limits import Limits
from dlmskit.types.conformance import Conformance


class Writer:
    """Writes one APDU in one style."""

    def __init__(self, style: Style, registry: Registry, limits: Limits) -> None:
        self.style = style
        self.simple = style.simple
        self.registry = registry
        self.limits = limits

    def apdu(self, parent: etree._Element, apdu: Apdu, nesting: int = 0) -> None:
        """Append the element of an APDU."""
        service, alternative = apdu.simple_names if self.simple else (apdu.service_name, apdu.alternative_name)
        element = self.style.child(parent, service)
        if alternative:
            element = self.style.child(element, alternative)
        if service_error.is_named(apdu):
            service_error.write(self.style, element, apdu)
        else:
            self.fields(element, apdu, nesting)

    def fields(self, parent: etree._Element, value: Any, nesting: int) -> None:
        """Append the parts of a declared value."""
        for part, content in values_of(value):
            self.part(parent, part, content, nesting)

    def part(self, parent: etree._Element, part: Part, value: Any, nesting: int) -> None:
        """Append one part; nothing where it is absent."""
        word = part.word
        if isinstance(word, wire.Flagged | wire.OnlyIf):
            if value is not None:
                self.part(parent, part.holding(word.inner), value, nesting)
        elif self._is_absent(word, value):
            return
        elif is_carried(word):
            self._carried(parent, part, value, nesting)
        else:
            self._present(self._enter(parent, part), part, value, nesting)

    def _is_absent(self, word: Any, value: Any) -> bool:
        """Left out: an OPTIONAL of BER or an event time that is not there, and TRUE by default in the simple style."""
        if isinstance(word, Context | wire.EventTime):
            return value is None
        return isinstance(word, wire.DefaultTrue) and value is True and self.simple

    def _enter(self, parent: etree._Element, part: Part) -> etree._Element:
        for name in self.style.path(part):
            parent = self.style.child(parent, name)
        return parent

    def _present(self, element: etree._Element, part: Part, value: Any, nesting: int) -> None:
        word = part.word
        if is_scalar(word):
            text, raw = scalar_text(self.style, word, value, number=part.number)
            self.style.put(element, text)
            if raw is not None:
                element.set("Raw", raw.hex().upper())
        elif isinstance(word, type):
            self.fields(element, value, nesting)
        elif isinstance(word, wire.CosemData):
            skip_data(value.octets, 0, self.limits, part.field)
            write_data(self.style, element, value.octets)
        elif isinstance(word, wire.SequenceOf):
            self.style.count(element, len(value))
            item = item_of(word)
            for one in value:
                self.part(element, item, one, nesting)
        elif isinstance(word, wire.Choice):
            alternative = part_of(chosen(word, value))
            if alternative.word is None:
                self._enter(element, alternative)
            else:
                self.part(element, alternative, value, nesting)
        elif isinstance(word, wire.ConformanceBlock):
            self._conformance(element, value)
        elif word.form is Form.DIAGNOSTIC:
            self._diagnostic(element, value)
        else:
            self._authentication(element, value)

    def _conformance(self, element: etree._Element, value: int) -> None:
        block = Conformance(value)
        if self.simple:
            for name in block.simple_names:
                self.style.child(element, "ConformanceBit").set("Name", name)
        else:
            self.style.put(element, " ".join(block.labels))

    def _diagnostic(self, element: etree._Element, value: Any) -> None:
        source = "provider" if value.provider else "user"
        name = f"ACSEService{source.capitalize()}" if self.simple else f"acse-service-{source}"
        self.style.put(self.style.child(element, name), scalar_text(self.style, NUMBER, value.value)[0])

    def _authentication(self, element: etree._Element, value: Any) -> None:
        if not self.simple:
            element = self.style.child(element, AUTHENTICATION_CHOICES[value.choice])
        elif value.choice != 0x80:
            element.set("Choice", AUTHENTICATION_CHOICES[value.choice])
        self.style.put(element, value.octets.hex().upper())

    def _carried(self, parent: etree._Element, part: Part, octets: bytes, nesting: int) -> None:
        """An APDU inside: in place where the style does so and nothing is lost by it, else its octets."""
        if self.style.path(part):
            self.style.put(self._enter(parent, part), octets.hex().upper())
            return
        inner = self._decoded(octets) if nesting < self.limits.apdu_nesting else None
        if inner is None:
            self.style.put(self.style.child(parent, self.style.own_name(part.field)), octets.hex().upper())
        else:
            self.apdu(parent, inner, nesting + 1)

    def _decoded(self, octets: bytes) -> Apdu | None:
        """The APDU that these octets are to the last one; None where they are not."""
        try:
            inner = self.registry.decode(octets, limits=self.limits)
            return inner if inner.encode() == octets else None
        except (DecodeError, EncodeError):
            return None


def is_carried(word: Any) -> bool:
    """Whether a wire type is octets that hold another APDU."""
    return isinstance(word, wire.Rest) or (isinstance(word, Context) and word.form is Form.APDU)
