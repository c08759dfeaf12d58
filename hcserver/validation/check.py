"""Requests to create or change a check: from the fields of the request to changed fields of Check."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final

import msgspec

from hcserver.domain.check import Check
from hcserver.domain.schedule import schedule_kind
from hcserver.domain.slug import MAX_SLUG, slugify
from hcserver.validation import json_fields
from hcserver.validation.limits import MAX_NAME, MAX_TAGS

_LATEST_VERSION: Final = 3  # of the API
MAX_DESC: Final = 10_000  # characters
MAX_KEYWORDS: Final = 200  # characters
MIN_SECONDS: Final = 60  # timeout and grace: one minute
MAX_SECONDS: Final = 31_536_000  # timeout, grace, max_runtime and repeat_after: 365 days
MAX_MIN_RUNTIME: Final = 259_200  # seconds: 72 hours, beyond which the log does not match starts with ends
MAX_EARLY: Final = 86_400  # one day
MAX_FAILURES: Final = 100  # failures_before_alert
MAX_SUCCESSES: Final = 100  # successes_before_up
MAX_EXIT_STATUS: Final = 255
MAX_DEPENDENCIES: Final = 10

UNIQUE_FIELDS: Final = frozenset({"name", "slug", "tags", "timeout", "grace"})


class Spec(msgspec.Struct, frozen=True, kw_only=True):
    """A valid request to create or update a check."""

    changes: dict[str, Any]  # fields of Check, derived ones included, with their new values
    channels: str | None = None  # as sent: "*", "", or comma-separated ids and names; None: unchanged
    depends_on: tuple[str, ...] | None = None  # as sent: ids and slugs; None: unchanged
    unique: tuple[str, ...] = ()
    given: dict[str, Any]  # those of UNIQUE_FIELDS that the request has
    sets_subject: bool = False  # subject or subject_fail was sent: filter_subject follows the keywords


def parse_spec(data: dict[str, object], version: int) -> Spec:
    """Check the fields of a request made in that version of the API; unknown ones are ignored.

    Raises InvalidRequest with the problem of the alphabetically first faulty field.
    """
    values = json_fields.parse(data, _READERS)
    changes = {name: values[name] for name in _PLAIN_FIELDS if name in values}
    require_apart(changes.get("success_exit_statuses", ()), changes.get("ignored_exit_statuses", ()))
    if version < 3 and "name" in values:
        changes["slug"] = values.get("slug", slugify(values["name"]))
    # A timeout that is sent together with a schedule has no effect but is kept: a later request with
    # `unique: ["timeout"]` must find this check.
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
        depends_on=values.get("depends_on"),
        unique=values.get("unique", ()),
        given={name: values[name] for name in UNIQUE_FIELDS if name in values},
        sets_subject="subject" in values or "subject_fail" in values,
    )


def apply_spec(check: Check, spec: Spec) -> Check:
    """The check with the changes made, but for what names channels and other checks, and for its
    deadlines, which the caller updates.

    Raises InvalidRequest if what is changed does not go together with what stays.
    """
    changed = msgspec.structs.replace(check, **spec.changes)
    require_apart(changed.success_exit_statuses, changed.ignored_exit_statuses)
    if _RUNTIMES & spec.changes.keys():
        require_possible_runtimes(changed.min_runtime, changed.max_runtime, changed.grace)
    if spec.sets_subject and "filter_subject" not in spec.changes:
        keywords = changed.success_kw or changed.failure_kw
        changed = msgspec.structs.replace(changed, filter_subject=bool(keywords))
    return changed


def require_possible_runtimes(min_runtime: int, max_runtime: int, grace: int) -> None:
    """Raises InvalidRequest if every run would be too short or too long."""
    if 0 < min_runtime >= (max_runtime or grace):
        limit = "max_runtime" if max_runtime else "grace, the time that a run may take without max_runtime"
        raise json_fields.fault(f"min_runtime is not less than {limit}")


def require_apart(success: Collection[int], ignored: Collection[int]) -> None:
    """Raises InvalidRequest if an exit status is to be a success and to be ignored."""
    for status in ignored:
        if status in success:
            raise json_fields.fault(f"ignored_exit_statuses has {status}, which is a success")


def with_tags(check: Check, added: Iterable[str], removed: Collection[str]) -> Check:
    """The check with these tags added behind those that it has, and without others.

    Raises InvalidRequest if it would have too many.
    """
    kept = [tag for tag in check.tag_list() if tag not in removed]
    tags = " ".join(dict.fromkeys([*kept, *added]))
    return apply_spec(check, parse_spec({"tags": tags}, _LATEST_VERSION))


def unique_values(spec: Spec) -> dict[str, Any] | None:
    """The values that an existing check must have to be changed; None: the request creates a check.

    Only fields of the request count: a slug that was derived from the name does not.
    """
    if not spec.unique or any(name not in spec.given for name in spec.unique):
        return None
    return {name: spec.given[name] for name in spec.unique}


def unique_matches(spec: Spec, check: Check) -> bool:
    """Whether the check has the values that the request names as unique."""
    wanted = unique_values(spec)
    return wanted is not None and all(getattr(check, name) == value for name, value in wanted.items())


@json_fields.takes(anyOf=[json_fields.moment.schema, {"type": "null"}])  # type: ignore[attr-defined]
def _moment_or_null(name: str, value: object) -> datetime | None:
    return None if value is None else json_fields.moment(name, value)


_SECONDS: Final = json_fields.integer(MIN_SECONDS, MAX_SECONDS)
_KEYWORDS: Final = json_fields.text(MAX_KEYWORDS)

_PLAIN_FIELDS: Final[dict[str, json_fields.Reader]] = {
    "desc": json_fields.text(MAX_DESC),
    "early": json_fields.integer(0, MAX_EARLY),
    "failure_kw": _KEYWORDS,
    "failures_before_alert": json_fields.integer(1, MAX_FAILURES),
    "filter_body": json_fields.boolean,
    "filter_default_fail": json_fields.boolean,
    "filter_http_body": json_fields.boolean,
    "filter_subject": json_fields.boolean,
    "grace": _SECONDS,
    "ignored_exit_statuses": json_fields.integers(1, MAX_EXIT_STATUS),
    "kw_ignore_case": json_fields.boolean,
    "kw_whole_word": json_fields.boolean,
    "manual_resume": json_fields.boolean,
    "max_runtime": json_fields.integer(MIN_SECONDS, MAX_SECONDS, or_zero=True),
    "methods": json_fields.choice("", "POST"),
    "min_runtime": json_fields.integer(0, MAX_MIN_RUNTIME),
    "name": json_fields.text(MAX_NAME),
    "repeat_after": json_fields.integer(MIN_SECONDS, MAX_SECONDS, or_zero=True),
    "schedule": json_fields.schedule,
    "slug": json_fields.pattern(r"[a-z0-9_-]*", MAX_SLUG),
    "snoozed_until": _moment_or_null,
    "start_kw": _KEYWORDS,
    "success_exit_statuses": json_fields.integers(1, MAX_EXIT_STATUS),
    "success_kw": _KEYWORDS,
    "successes_before_up": json_fields.integer(1, MAX_SUCCESSES),
    "tags": json_fields.text(MAX_TAGS),
    "timeout": _SECONDS,
    "tz": json_fields.tz,
}
_OTHER_FIELDS: Final[dict[str, json_fields.Reader]] = {
    "channels": json_fields.text(),
    "depends_on": json_fields.identifiers(MAX_DEPENDENCIES, MAX_SLUG),
    "subject": _KEYWORDS,
    "subject_fail": _KEYWORDS,
    "unique": json_fields.choices(*UNIQUE_FIELDS),
}
_RUNTIMES: Final = {"min_runtime", "max_runtime", "grace"}
_READERS: Final = _PLAIN_FIELDS | _OTHER_FIELDS
SCHEMA: Final = json_fields.object_schema(_READERS)
