"""A channel as a file declares it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from hcserver.declaration.faults import Faults
from hcserver.declaration.model import DeclaredChannel, Settings
from hcserver.declaration.tables import Table, names, require_known, text_or_variable
from hcserver.domain.channel import Channel
from hcserver.errors import InvalidRequest
from hcserver.notify.group import Group
from hcserver.notify.registry import CHANNEL_KINDS, ChannelKind
from hcserver.validation.channel import EVENTS, parse_channel, require_assignable

# The settings of a channel in the order in which they are shown and written.
FIELDS: Final = ("events", "delay", "tags", "auto_assign", "disabled")
DEFAULTS: Final[Settings] = {
    **{field.name: field.default for field in msgspec.structs.fields(Channel) if field.name in FIELDS},
    "disabled": False,
}
_KNOWN: Final = ("name", "kind", "target", "fields", "channels", *FIELDS)


def read_channel(table: Table, environment: Mapping[str, str], faults: Faults) -> DeclaredChannel | None:
    """The channel of this table, with defaults for what it leaves out; None: it has faults, now noted."""
    before = len(faults.texts)
    require_known(table, _KNOWN, faults)
    name = _read_name(table, faults)
    kind = _read_kind(table, faults)
    target: str | None = None
    members: tuple[str, ...] = ()
    if isinstance(kind, Group):
        members = _read_members(table, faults)
    elif kind is not None:
        target = _read_target(table, kind, environment, faults)
    given = {field: _read(field, table[field], faults) for field in FIELDS if field in table}
    if kind is None or len(faults.texts) > before:
        return None
    return DeclaredChannel(
        place=faults.place,
        name=name,
        kind=kind.name,
        target=target,
        members=members,
        settings={**DEFAULTS, **given},
    )


def in_order(events: tuple[str, ...]) -> tuple[str, ...]:
    """Events in the order of EVENTS: which comes first in a channel means nothing."""
    return tuple(event for event in EVENTS if event in events)


def _read(field: str, value: object, faults: Faults) -> Any:
    with faults.of_field(field):
        spec = parse_channel({field: value})
        if field == "disabled":
            return spec.disabled
        return in_order(spec.changes[field]) if field == "events" else spec.changes[field]
    return None


def _read_name(table: Table, faults: Faults) -> str:
    if not table.get("name", ""):
        faults.add("name", "is missing: it says which channel is meant")
        return ""
    with faults.of_field("name"):
        name: str = parse_channel({"name": table["name"]}).changes["name"]
        require_assignable(name)
        return name
    return ""


def _read_kind(table: Table, faults: Faults) -> ChannelKind | None:
    name = table.get("kind")
    kind = CHANNEL_KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        problem = "has unexpected value" if "kind" in table else "is missing"
        faults.add("kind", f"{problem}: expected one of {', '.join(CHANNEL_KINDS)}")
    return kind


def _read_members(table: Table, faults: Faults) -> tuple[str, ...]:
    for key in ("target", "fields"):
        if key in table:
            faults.add(key, "is not for groups, which have channels")
    members = names(table.get("channels"))
    if members is None:
        faults.add("channels", "is not an array of the names of other channels")
    return members or ()


def _read_target(
    table: Table, kind: ChannelKind, environment: Mapping[str, str], faults: Faults
) -> str | None:
    """The target as it is stored, of the text `target` or of the table `fields`."""
    if "channels" in table:
        faults.add("channels", "is only for groups: others have a target")
    if ("target" in table) == ("fields" in table):
        problem = "does not go together with fields" if "target" in table else f"is missing: {kind.needs}"
        faults.add("target", problem)
        return None
    if "target" in table:
        written = text_or_variable(table["target"], "target", environment, faults)
        place = "target"
    else:
        written = _joined(table["fields"], kind, environment, faults)
        place = f"fields.{kind.form.main}"
    if written is None:
        return None
    try:
        return kind.normalise(written)
    except InvalidRequest as error:
        faults.add(place, f"does not fit: {error}")
        return None


def _joined(fields: object, kind: ChannelKind, environment: Mapping[str, str], faults: Faults) -> str | None:
    """The target that the fields make."""
    if not isinstance(fields, dict):
        faults.add("fields", "is not a table")
        return None
    known = [field.name for field in kind.form.all_fields]
    below = faults.below("fields")
    require_known(fields, known, below)
    values = {
        name: text_or_variable(value, name, environment, below)
        for name, value in fields.items()
        if name in known
    }
    texts = {name: value for name, value in values.items() if value is not None}
    if len(texts) < len(fields):
        return None
    try:
        return kind.form.to_target(texts)
    except InvalidRequest as error:
        name, _, problem = str(error).partition(" ")
        below.add(name, problem)
        return None
