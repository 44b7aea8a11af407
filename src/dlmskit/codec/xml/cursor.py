"""Walks through the elements inside one element, in order, and refuses what is left over."""

from __future__ import annotations

from lxml import etree

from dlmskit.codec.xml.names import accepted
from dlmskit.codec.xml.parse import fail, local_name
from dlmskit.codec.xml.style import Style

_ATTRIBUTES = {"Value", "Qty", "Raw", "Name", "Choice"}


class Cursor:
    """The next child of an element to be taken."""

    __slots__ = ("_at", "_text_taken", "element", "style")

    def __init__(self, element: etree._Element, style: Style) -> None:
        unknown = set(map(str, element.attrib)) - _ATTRIBUTES
        if unknown:
            fail(element, f"unknown attribute {min(unknown)}")
        self.element = element
        self.style = style
        self._at = 0
        self._text_taken = False

    @property
    def next(self) -> etree._Element | None:
        """The next child; None behind the last one."""
        return self.element[self._at] if self._at < len(self.element) else None

    def is_next(self, name: str) -> bool:
        """Whether the next child has this name, or one that stands for it."""
        following = self.next
        return following is not None and name in accepted(local_name(following))

    def take(self, name: str) -> Cursor:
        """Go past the child of this name. Raises DecodeError when another one, or none, is next."""
        if not self.is_next(name):
            found = "nothing" if self.next is None else local_name(self.next)
            fail(self.element, f"{name} expected, found {found}")
        return Cursor(self.skip(), self.style)

    def skip(self) -> etree._Element:
        """Go past the next child. Raises DecodeError when there is none."""
        following = self.next
        if following is None:
            fail(self.element, "ends before an element")
        self._at += 1
        return following

    def text(self) -> str:
        """The value of the element itself, without blanks around it."""
        self._text_taken = True
        return (self.style.get(self.element) or "").strip()

    def end(self) -> None:
        """Raise DecodeError when a child or a value is left over."""
        if self.next is not None:
            fail(self.next, "not expected here")
        if not self._text_taken and (self.style.get(self.element) or "").strip():
            fail(self.element, "has a value, but only elements are expected inside")
