"""A twin of a live meter: what a client sees of it, written down as a description that can be simulated.

Objects, classes, versions, rights and values are those that the meter showed to this client. No key of the meter is in it: a twin
has keys of a laboratory. What it holds stands still; its profiles start empty and capture by themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from dlmskit.apps.simulator.description import TwinTable
from dlmskit.apps.simulator.listed_rights import ListedRights
from dlmskit.apps.simulator.modelled import MADE_BY_THE_SERVER, served_as
from dlmskit.association.context import AssociationContext
from dlmskit.client.aio import Meter
from dlmskit.client.readings import ObjectEntry
from dlmskit.codec.data import Data
from dlmskit.cosem.access import AccessMode, ObjectKey, ObjectRights
from dlmskit.cosem.model import InterfaceClass
from dlmskit.cosem.objects import ObjectTree
from dlmskit.errors import ConfigError, DecodeError, ServiceError
from dlmskit.types.enums import ApplicationContext, Mechanism
from dlmskit.types.obis import Obis

_BUFFER = 7, 2
_HEAD = """# The twin of {title}, as client {sap} saw it. Its keys are those of a laboratory, not those of the meter.

lab = true

[meter]
system_title = "{title}"
name = {name}

[keys]
guek = "000102030405060708090A0B0C0D0E0F"
gak = "D0D1D2D3D4D5D6D7D8D9DADBDCDDDEDF"
hls_secret = "4C41424F5241544F5259205345435245"
{public}
[[role]]
name = "twin"
sap = {sap}
mechanism = "{mechanism}"
names = "{names}"
ciphered = {ciphered}
association_version = {version}
{password}"""
_PASSWORD = 'password = "12345678"\n'  # noqa: S105 - of a laboratory
_PUBLIC = """
[[client]]
name = "public"
sap = 16
read = ["0.0.1.0.0.255", "0.0.42.0.0.255", "0.0.43.1.*.255"]
"""
_UNKNOWN_TITLE = "4C41420000000000"


# --- writing one down -----------------------------------------------------------------------------------------------------


async def export_twin(meter: Meter) -> str:
    """The TOML of a meter's twin: reads the object list and every attribute that may be read, but the rows of profiles.

    Raises what reading the list raises; an attribute that is refused is left out.
    """
    context = meter.context
    if context is None:
        raise ConfigError("the association is not open")
    entries = await meter.objects()
    values = {(entry.class_id, entry.obis): await _values(meter, entry) for entry in entries}
    return _head(context, entries, values) + "".join(_table(entry, values[entry.class_id, entry.obis]) for entry in entries)


async def _values(meter: Meter, entry: ObjectEntry) -> dict[int, Data]:
    found: dict[int, Data] = {}
    if entry.class_id in MADE_BY_THE_SERVER:
        return found
    for number, mode in entry.rights.attributes.items():
        if number == 1 or not mode & AccessMode.READ or (entry.class_id, number) == _BUFFER or _is_secret(entry, number):
            continue
        try:
            found[number] = await meter.get(entry.obis, number, class_id=entry.class_id)
        except ServiceError:
            continue
    return found


def _is_secret(entry: ObjectEntry, number: int) -> bool:
    """Whether the class declares a secret there: not asked for, whatever the meter would answer."""
    declared = None if entry.declaration is None else entry.declaration.attributes.get(number)
    return declared is not None and declared.secret


def _head(context: AssociationContext, entries: Sequence[ObjectEntry], values: dict[ObjectKey, dict[int, Data]]) -> str:
    short = context.application_context in {ApplicationContext.SN, ApplicationContext.SN_CIPHERED}
    own = next((entry.version for entry in entries if entry.class_id == (12 if short else 15)), 4 if short else 3)
    mechanism = Mechanism.HLS_GMAC if context.mechanism is Mechanism.HLS_ECDSA else context.mechanism  # a twin has no key pairs
    named = values.get((1, Obis("0.0.42.0.0.255")), {}).get(2)
    name = bytes(named.value).decode("ascii", "replace") if named is not None and isinstance(named.value, bytes) else ""
    fits = name.isascii() and name.isprintable() and 3 < len(name) <= 16
    title = context.server_system_title
    return _HEAD.format(
        title=_UNKNOWN_TITLE if title is None else title,
        name=json.dumps(name if fits else "LAB0000000000000"),
        public="" if context.client_sap == 16 else _PUBLIC,
        sap=context.client_sap,
        mechanism=mechanism.label,
        names="short" if short else "logical",
        password=_PASSWORD if mechanism is Mechanism.LLS else "",
        ciphered=str(context.ciphered).lower(),
        version=own,
    )


def _table(entry: ObjectEntry, values: dict[int, Data]) -> str:
    def inline(pairs: Iterable[tuple[int, str]]) -> str:
        return "{ " + ", ".join(f'"{number}" = {value}' for number, value in pairs) + " }"

    rights = entry.rights
    lines = [
        "\n[[twin]]",
        f'obis = "{entry.obis}"  # {"".join(letter for letter in entry.description if letter.isprintable())}',
        f"class_id = {entry.class_id}",
        f"version = {entry.version}",
        f"attributes = {inline((number, str(int(mode))) for number, mode in rights.attributes.items())}",
        f"methods = {inline((number, str(int(mode))) for number, mode in rights.methods.items())}",
        f"values = {inline((number, json.dumps(data.octets.hex())) for number, data in values.items())}",
    ]
    return "\n".join(lines) + "\n"


# --- being one ------------------------------------------------------------------------------------------------------------


def twin_rights(tables: Iterable[TwinTable]) -> ListedRights:
    """What the client that wrote it down may do."""
    listed = {
        (table.class_id, Obis(table.obis)): ObjectRights(_modes(table.attributes), _modes(table.methods)) for table in tables
    }
    return ListedRights(listed)


def add_twin(table: TwinTable, tree: ObjectTree) -> InterfaceClass | None:
    """Put an object of a twin into a logical device; None where the server has it already. Raises ConfigError."""
    name = Obis(table.obis)
    if table.class_id in MADE_BY_THE_SERVER or (table.class_id, name) in tree:
        return None
    try:
        values = {int(number): Data.decode(bytes.fromhex(text)) for number, text in table.values.items()}
    except (ValueError, DecodeError) as error:
        raise ConfigError(f"values of {name}: not COSEM data in hexadecimal digits: {error}") from None
    shown = {int(number): values.get(int(number), Data.null()) for number in table.attributes if int(number) != 1}
    return tree.add(served_as(table.class_id, table.version, name, shown, left_open=shown.keys() - values.keys()))


def _modes(words: dict[str, int]) -> dict[int, AccessMode]:
    try:
        return {int(number): AccessMode(mode) for number, mode in words.items()}
    except ValueError:
        raise ConfigError('attributes and methods are numbers with access modes, as { "2" = 1 }') from None
