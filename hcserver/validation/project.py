"""Requests to create or change a project."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from hcserver.domain.uuids import parse_uuid
from hcserver.validation import json_fields
from hcserver.validation.limits import MAX_NAME

MAX_CHECKS: Final = 1_000_000  # the highest limit that a project can have
MAX_PINGS: Final = 1000  # of each check
MIN_PING_KEY: Final = 16  # characters: whoever guesses it can report for all checks

_READERS: Final[dict[str, json_fields.Reader]] = {
    "checks_limit": json_fields.integer(0, MAX_CHECKS),
    "name": json_fields.line(MAX_NAME),
    "pings_limit": json_fields.integer(0, MAX_PINGS),
}
SCHEMA: Final = json_fields.object_schema(_READERS)
# What stands in ping addresses. In those for emails capital letters can't be told from others.
_read_ping_key: Final = json_fields.pattern(r"[A-Za-z0-9_-]*", 100)


class ProjectSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A request for a project; None: it does not have the field. A limit of 0 means the configured one."""

    name: str | None
    checks_limit: int | None
    pings_limit: int | None


def parse_ping_key(value: object) -> str:
    """A ping key that somebody has chosen, or another server had. Raises InvalidRequest without the key."""
    key: str = _read_ping_key("ping_key", value)
    if len(key) < MIN_PING_KEY or parse_uuid(key) is not None:
        problem = "is a uuid" if parse_uuid(key) else f"has fewer than {MIN_PING_KEY} characters"
        raise json_fields.fault(f"ping_key {problem}")
    return key


def parse_project(data: Mapping[str, object]) -> ProjectSpec:
    """Check the fields of a request; unknown ones are ignored.

    Raises InvalidRequest with the problem of the alphabetically first faulty field.
    """
    values = json_fields.parse(data, _READERS)
    return ProjectSpec(**{name: values.get(name) for name in ProjectSpec.__struct_fields__})
