"""Make the compact object models of `dlmskit.apps.simulator.profiles` from a folder with the long ones.

    python -m scripts.meter_profiles FOLDER

What a meter needs stays: classes, versions, names, types, access, values. What people read (descriptions, tags, notes) goes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "src" / "dlmskit" / "apps" / "simulator" / "profiles"
WANTED = (
    *("ru-spodes-3p", "ru-spodes-1p", "pl-stoen-g3plc", "idis-metcom-mcs301", "nl-smr55", "nl-dsmr422", "kamstrup-omnipower"),
    *("in-is15959-3p", "in-is15959-1p", "idis-lgz-e570", "idis-lgz-e350", "it-gas-units11291", "sn-lgz-e650-zmd405"),
    "prepay-edmi-mk7mi",
)


def compact(model: dict[str, Any]) -> dict[str, Any]:
    """One model, with types and rights said once."""
    types: dict[str, int] = {}
    rights: dict[str, int] = {}

    def numbered(known: dict[str, int], value: object) -> int:
        return known.setdefault(value if isinstance(value, str) else json.dumps(value, sort_keys=True), len(known))

    def attribute(one: dict[str, Any]) -> list[Any]:
        made = [one["id"], numbered(types, one["type"]), numbered(rights, one.get("access") or {})]
        if "value" in one or "typical" in one:
            made.append([one["value"]] if "value" in one else [])
        if "typical" in one:
            made.append(one["typical"])
        return made

    objects = [
        [
            one["class_id"],
            one["version"],
            one["logical_name"],
            [attribute(item) for item in one["attributes"]],
            [[item["id"], numbered(rights, item.get("access") or {})] for item in one["methods"]],
            *([one["variants"]] if "variants" in one else []),
        ]
        for one in model["objects"]
    ]
    words = ("client_sap", "server_sap", "name", "mechanism", "context")
    associations = [{name: one[name] for name in words} for one in model["associations"]]
    columns = ("logical_name", "capture_objects", "capture_period", "depth", "sort_method")
    return {
        "id": model["id"],
        "name": model["name"],
        "country": model["country"],
        "associations": associations,
        "types": list(types),
        "rights": [json.loads(text) for text in rights],
        "profiles": [{name: one[name] for name in columns if name in one} for one in model["profiles"]],
        "unlisted": model.get("captured_but_not_listed") or [],
        "objects": objects,
    }


def main() -> None:
    """Write every wanted model."""
    for name in WANTED:
        made = compact(json.loads((Path(sys.argv[1]) / f"{name}.json").read_text(encoding="utf-8")))
        head = {key: value for key, value in made.items() if key != "objects"}
        lines = json.dumps(head, ensure_ascii=False, separators=(",", ":"))[:-1]
        objects = ",\n".join(json.dumps(one, ensure_ascii=False, separators=(",", ":")) for one in made["objects"])
        (TARGET / f"{name}.json").write_text(f'{lines},"objects":[\n{objects}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
