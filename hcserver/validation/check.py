"""What clients say about a check when they create or update it: from the request's body to changed fields."""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from hcserver.domain.check import Check
from hcserver.domain.schedule import schedule_kind
from hcserver.domain.slug import MAX_SLUG, slugify
from hcserver.errors import InvalidRequest
from hcserver.validation import json_fields

MAX_NAME: Final = 100  # characters
MAX_TAGS: Final = 500  # characters
MAX_DESC: Final = 10_000  # characters
MAX_KEYWORDS: Final = 200  # characters
MIN_SECONDS: Final = 60  # timeout and grace: one minute
MAX_SECONDS: Final = 31_536_000  # timeout, grace and repeat_after: 365 days
MAX_FAILURES: Final = 100  # failures_before_alert

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
        raise json_fields.fault("value is not an object")
    return document


def parse_spec(data: dict[str, object], version: int) -> Spec:
    """Check the members of a request made in that version of the API; unknown ones are ignored.

    Raises InvalidRequest with the problem of the alphabetically first faulty field.
    """
    values = json_fields.parse(data, _READERS)
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


_SECONDS: Final = json_fields.integer(MIN_SECONDS, MAX_SECONDS)
_KEYWORDS: Final = json_fields.text(MAX_KEYWORDS)

_PLAIN_FIELDS: Final[dict[str, json_fields.Reader]] = {
    "desc": json_fields.text(MAX_DESC),
    "failure_kw": _KEYWORDS,
    "failures_before_alert": json_fields.integer(1, MAX_FAILURES),
    "filter_body": json_fields.boolean,
    "filter_default_fail": json_fields.boolean,
    "filter_http_body": json_fields.boolean,
    "filter_subject": json_fields.boolean,
    "grace": _SECONDS,
    "kw_ignore_case": json_fields.boolean,
    "kw_whole_word": json_fields.boolean,
    "manual_resume": json_fields.boolean,
    "methods": json_fields.choice("", "POST"),
    "name": json_fields.text(MAX_NAME),
    "repeat_after": json_fields.integer(MIN_SECONDS, MAX_SECONDS, or_zero=True),
    "schedule": json_fields.schedule,
    "slug": json_fields.pattern(r"[a-z0-9_-]*", MAX_SLUG),
    "start_kw": _KEYWORDS,
    "success_kw": _KEYWORDS,
    "tags": json_fields.text(MAX_TAGS),
    "timeout": _SECONDS,
    "tz": json_fields.tz,
}
_OTHER_FIELDS: Final[dict[str, json_fields.Reader]] = {
    "channels": json_fields.text(),
    "subject": _KEYWORDS,
    "subject_fail": _KEYWORDS,
    "unique": json_fields.choices(*UNIQUE_FIELDS),
}
_READERS: Final = _PLAIN_FIELDS | _OTHER_FIELDS
