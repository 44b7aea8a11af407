"""Names for values: which object, scaler and unit a number in a telegram belongs to."""

from __future__ import annotations

from dlmskit.trace.naming.shapes import named_values
from dlmskit.trace.naming.value import NamedValue

__all__ = ["NamedValue", "named_values"]
