"""The object model: interface classes declared once, access rights, objects and what an association sees of them.

Sans-IO: time comes in as a `UtcClock`, rows of profiles live behind a `RowStore`. Names and units of objects are in
`dlmskit.cosem.catalog`.
"""

from dlmskit.cosem.access import AccessMode, ObjectRights, Operation, Protection, Role, decide
from dlmskit.cosem.declaration import Request, absent_method, attribute, method
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.objects import ObjectTree, UtcClock
from dlmskit.cosem.registry import interface_class, interface_classes
from dlmskit.cosem.rows import MemoryRowStore, RowStore
from dlmskit.cosem.selective import CaptureObject, EntryDescriptor, RangeDescriptor
from dlmskit.cosem.view import ObjectView, Outcome

__all__ = [
    "AccessMode",
    "CaptureObject",
    "EntryDescriptor",
    "InterfaceClass",
    "MemoryRowStore",
    "ObjectRights",
    "ObjectTree",
    "ObjectView",
    "Operation",
    "Outcome",
    "Protection",
    "RangeDescriptor",
    "Request",
    "Role",
    "RowStore",
    "UtcClock",
    "absent_method",
    "attribute",
    "decide",
    "interface_class",
    "interface_classes",
    "method",
]
