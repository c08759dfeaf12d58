"""What clients say about a check when they create or update it: from the request's body to changed fields."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

import msgspec

from hcserver.domain.check import Check
from hcserver.domain.schedule import canonical_zone, schedule_kind
from hcserver.domain.slug import MAX_SLUG, slugify
from hcserver.errors import InvalidRequest

MAX_NAME: Final = 100  # characters
MAX_TAGS: Final = 500  # characters
MAX_DESC: Final = 10_000  # characters
MAX_SCHEDULE: Final = 100  # characters
MAX_KEYWORDS: Final = 200  # characters
MIN_SECONDS: Final = 60  # timeout and grace: one minute
MAX_SECONDS: Final = 31_536_000  # timeout and grace: 365 days

UNIQUE_FIELDS: Final = frozenset({"name", "slug", "tags", "timeout", "grace"})

_MAX_DIGITS: Final = 18  # of an integer that is worth computing; longer ones are too large for every field


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """A valid request to create or update a check."""

    changes: dict[str, Any]  # fields of Check, derived ones included, with their new values
    channels: str | None = (
        None  # as sent: "*", "" or comma-separated ids and names; None leaves them as they are
    )
    unique: tuple[str, ...] = ()
    given: dict[str, Any]  # the members among UNIQUE_FIELDS that the request has
    sets_subject: bool = False  # subject or subject_fail was sent, so filter_subject follows the keywords


def parse_body(raw: bytes) -> dict[str, object]:
    """The members of a request's JSON body; an empty body has none.

    Raises InvalidRequest if it is not JSON in UTF-8 (RFC 8259 section 8.1: no byte-order mark), nested too
    deeply, or not an object. Integers of more than 18 digits become one that is too large for any field.
    """
    if not raw:
        return {}
    try:
        # RecursionError: nested deeper than the parser goes.
        document = json.loads(raw.decode("utf-8"), parse_int=_bounded_int)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest("could not parse request body") from error
    if not isinstance(document, dict):
        raise InvalidRequest("json validation error: value is not an object")
    return document


def parse_spec(data: dict[str, object], version: int) -> Spec:
    """Check the members of a request made in that version of the API; unknown ones are ignored.

    Raises InvalidRequest with the problem of the alphabetically first faulty field.
    """
    values: dict[str, Any] = {}
    for name, parse in _PARSERS.items():
        if name in data:
            values[name] = parse(name, data[name])

    changes = {name: values[name] for name in _PLAIN_FIELDS if name in values}
    if version < 3 and "name" in values:
        changes["slug"] = values.get("slug", slugify(values["name"]))
    # Given together with a schedule the timeout has no effect, but is kept: a later request that finds its
    # check by `unique: ["timeout"]` must find this one.
    if "timeout" in values:
        changes["kind"] = "simple"
    if "schedule" in values:
        changes["kind"] = schedule_kind(values["schedule"])
    for old, new in (("subject", "success_kw"), ("subject_fail", "failure_kw")):
        if old in values:
            changes.setdefault(new, values[old])

    return Spec(
        changes=changes,
        channels=values.get("channels"),
        unique=values.get("unique", ()),
        given={name: values[name] for name in UNIQUE_FIELDS if name in values},
        sets_subject="subject" in values or "subject_fail" in values,
    )


def apply_spec(check: Check, spec: Spec) -> Check:
    """The check with the changes made; channels and `alert_after` are left to the caller."""
    changed = msgspec.structs.replace(check, **spec.changes)
    if spec.sets_subject and "filter_subject" not in spec.changes:
        keywords = changed.success_kw or changed.failure_kw
        changed = msgspec.structs.replace(changed, filter_subject=bool(keywords))
    return changed


def unique_values(spec: Spec) -> dict[str, Any] | None:
    """What an existing check must be equal to so that it is updated; None: a new one is to be created.

    Only what the request itself has counts: a slug derived from the name does not.
    """
    if not spec.unique or any(name not in spec.given for name in spec.unique):
        return None
    return {name: spec.given[name] for name in spec.unique}


def unique_matches(spec: Spec, check: Check) -> bool:
    """Whether the request is about this check."""
    wanted = unique_values(spec)
    return wanted is not None and all(getattr(check, name) == value for name, value in wanted.items())


def _bounded_int(digits: str) -> int:
    if len(digits) <= _MAX_DIGITS:
        return int(digits)
    return -(10**_MAX_DIGITS) if digits.startswith("-") else 10**_MAX_DIGITS


def _fault(text: str) -> InvalidRequest:
    return InvalidRequest(f"json validation error: {text}")


def _string(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise _fault(f"{name} is not a string")
    return value


def _text(limit: int | None) -> Callable[[str, object], str]:
    """Free text of at most `limit` characters."""

    def parse(name: str, value: object) -> str:
        text = _string(name, value)
        if limit is not None and len(text) > limit:
            raise _fault(f"{name} is too long")
        if "\0" in text or not _encodable(text):
            raise _fault(f"{name} contains characters that can't be stored")
        return text

    return parse


def _encodable(text: str) -> bool:
    """False for lone surrogates, which JSON can spell but UTF-8 can't."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _slug(name: str, value: object) -> str:
    slug = _string(name, value)
    if len(slug) > MAX_SLUG:
        raise _fault(f"{name} is too long")
    if not re.fullmatch(r"[a-z0-9_-]*", slug):
        raise _fault(f"{name} does not match pattern")
    return slug


def _schedule(name: str, value: object) -> str:
    schedule = _string(name, value)
    if len(schedule) > MAX_SCHEDULE:
        raise _fault(f"{name} is too long")
    try:
        schedule_kind(schedule)
    except ValueError as error:
        raise _fault(f"{name} is not a valid cron or OnCalendar expression") from error
    return schedule


def _tz(name: str, value: object) -> str:
    try:
        return canonical_zone(_string(name, value))
    except ValueError as error:
        raise _fault(f"{name} is not a valid timezone") from error


def _methods(name: str, value: object) -> str:
    methods = _string(name, value)
    if methods not in ("", "POST"):
        raise _fault(f"{name} has unexpected value")
    return methods


def _seconds(name: str, value: object) -> int:
    if type(value) is not int:  # a bool is no number
        raise _fault(f"{name} is not a number")
    if value < MIN_SECONDS:
        raise _fault(f"{name} is too small")
    if value > MAX_SECONDS:
        raise _fault(f"{name} is too large")
    return value


def _boolean(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise _fault(f"{name} is not a boolean")
    return value


def _unique(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _fault(f"{name} is not an array")
    if not all(isinstance(item, str) and item in UNIQUE_FIELDS for item in value):
        raise _fault(f"an item in '{name}' has unexpected value")
    return tuple(dict.fromkeys(value))


_PLAIN_FIELDS: Final[dict[str, Callable[[str, object], Any]]] = {
    "desc": _text(MAX_DESC),
    "failure_kw": _text(MAX_KEYWORDS),
    "filter_body": _boolean,
    "filter_default_fail": _boolean,
    "filter_http_body": _boolean,
    "filter_subject": _boolean,
    "grace": _seconds,
    "kw_ignore_case": _boolean,
    "kw_whole_word": _boolean,
    "manual_resume": _boolean,
    "methods": _methods,
    "name": _text(MAX_NAME),
    "schedule": _schedule,
    "slug": _slug,
    "start_kw": _text(MAX_KEYWORDS),
    "success_kw": _text(MAX_KEYWORDS),
    "tags": _text(MAX_TAGS),
    "timeout": _seconds,
    "tz": _tz,
}
_OTHER_FIELDS: Final[dict[str, Callable[[str, object], Any]]] = {
    "channels": _text(None),
    "subject": _text(MAX_KEYWORDS),
    "subject_fail": _text(MAX_KEYWORDS),
    "unique": _unique,
}
# In alphabetical order, in which faults are told.
_PARSERS: Final = dict(sorted((_PLAIN_FIELDS | _OTHER_FIELDS).items()))
