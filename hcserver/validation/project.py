"""Requests to create or change a project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from hcserver.validation import json_fields
from hcserver.validation.limits import MAX_NAME

MAX_CHECKS: Final = 1_000_000  # the highest limit that a project can have
MAX_PINGS: Final = 1000  # of each check

_READERS: Final[dict[str, json_fields.Reader]] = {
    "checks_limit": json_fields.integer(0, MAX_CHECKS),
    "name": json_fields.line(MAX_NAME),
    "pings_limit": json_fields.integer(0, MAX_PINGS),
}
SCHEMA: Final = json_fields.object_schema(_READERS)


class ProjectSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A request for a project; None: it does not have the field. A limit of 0 means the configured one."""

    name: str | None
    checks_limit: int | None
    pings_limit: int | None


def parse_project(data: Mapping[str, object]) -> ProjectSpec:
    """Check the fields of a request; unknown ones are ignored.

    Raises InvalidRequest with the problem of the alphabetically first faulty field.
    """
    values = json_fields.parse(data, _READERS)
    return ProjectSpec(**{name: values.get(name) for name in ProjectSpec.__struct_fields__})
