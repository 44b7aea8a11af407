"""Objects and object models as JSON and XML, both ways: class, version, name, typed values, rights; never a secret."""

from __future__ import annotations

from dlmskit.cosem.export.as_json import from_json, to_json
from dlmskit.cosem.export.as_xml import from_xml, to_xml
from dlmskit.cosem.export.record import ObjectRecord, records_of, tree_of

__all__ = ["ObjectRecord", "from_json", "from_xml", "records_of", "to_json", "to_xml", "tree_of"]
