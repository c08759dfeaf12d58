"""A check as a file declares it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from hcserver.declaration.faults import Faults
from hcserver.declaration.model import ALL, Chosen, DeclaredCheck, Settings
from hcserver.declaration.tables import Table, names, require_known
from hcserver.domain.check import Check
from hcserver.validation.check import SCHEMA, parse_spec, require_apart, require_possible_runtimes

_VERSION: Final = 3  # of the API, whose fields these are
# The identity, what is read here, old names of other fields, and what people do for a while only.
_OTHER: Final = ("slug", "channels", "unique", "subject", "subject_fail", "snoozed_until")
_FIRST: Final = ("name", "tags", "desc", "timeout", "schedule", "tz", "grace")
# The settings of a check in the order in which they are shown and written.
FIELDS: Final = (
    *_FIRST,
    *(field for field in SCHEMA["properties"] if field not in (*_FIRST, *_OTHER)),
)
# What they are where a file does not say it; by itself a check has no schedule.
DEFAULTS: Final[Settings] = {
    field.name: field.default
    for field in msgspec.structs.fields(Check)
    if field.name in FIELDS and field.name != "schedule"
}
_KNOWN: Final = ("slug", *FIELDS, "channels")
_TIMED: Final = ("schedule", "tz")


def read_check(table: Table, faults: Faults) -> DeclaredCheck | None:
    """The check of this table, with defaults for what it leaves out; None: it has faults, now noted."""
    before = len(faults.texts)
    require_known(table, _KNOWN, faults)
    slug = _read_slug(table, faults)
    given: dict[str, Any] = {}
    for field in FIELDS:
        if field in table:
            with faults.of_field(field):
                spec = parse_spec({field: table[field]}, _VERSION)
                given[field] = spec.depends_on if field == "depends_on" else spec.changes[field]
    if "timeout" in table and "schedule" in table:
        faults.add("timeout", "does not go together with schedule")
    if "tz" in table and "schedule" not in table:
        faults.add("tz", "is given without schedule")
    chosen = {**DEFAULTS, "name": slug, **given}
    with faults.of_field("min_runtime"):
        require_possible_runtimes(chosen["min_runtime"], chosen["max_runtime"], chosen["grace"])
    with faults.of_field("ignored_exit_statuses"):
        require_apart(given.get("success_exit_statuses", ()), given.get("ignored_exit_statuses", ()))
    channels = _read_channels(table, faults)
    if len(faults.texts) > before:
        return None
    return DeclaredCheck(
        place=faults.place, slug=slug, channels=channels, settings=relevant(chosen, "schedule" in given)
    )


def relevant(settings: Settings, has_schedule: bool) -> Settings:
    """The settings without those that have no effect: a check has either a period or a schedule."""
    without = ("timeout",) if has_schedule else _TIMED
    return {field: settings[field] for field in FIELDS if field not in without}


def _read_slug(table: Table, faults: Faults) -> str:
    if "slug" not in table:
        faults.add("slug", "is missing: it says which check is meant")
        return ""
    with faults.of_field("slug"):
        slug: str = parse_spec({"slug": table["slug"]}, _VERSION).changes["slug"]
        if not slug:
            faults.add("slug", "is empty: it says which check is meant")
        return slug
    return ""


def _read_channels(table: Table, faults: Faults) -> Chosen:
    if "channels" not in table or table["channels"] == ALL:
        return table.get("channels")
    found = names(table["channels"])
    if found is None:
        faults.add("channels", 'is neither an array of names nor "*"')
    return found
