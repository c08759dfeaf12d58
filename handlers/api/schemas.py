"""The documents that the API answers with, in JSON Schema, by the names that they have in its description."""

from __future__ import annotations

from typing import Any, Final, get_args

from handlers.api.query import MAX_PAGE
from hcserver.domain.keywords import Where
from hcserver.domain.ping import Signal
from hcserver.notify.target_form import FieldType
from hcserver.validation.channel import EVENTS
from hcserver.validation.check import MAX_EXIT_STATUS
from hcserver.validation.limits import MAX_MOMENT

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
NUMBER: Final[Schema] = {"type": "integer"}
FLAG: Final[Schema] = {"type": "boolean"}
SECONDS: Final[Schema] = {"type": "number", "minimum": 0, "description": "seconds"}
MOMENT: Final[Schema] = {"type": "string", "format": "date-time"}
UUID: Final[Schema] = {"type": "string", "format": "uuid"}
URL: Final[Schema] = {"type": "string", "format": "uri"}
_NO_TEXT: Final[Schema] = {"type": ["string", "null"]}
_NO_MOMENT: Final[Schema] = {"type": ["string", "null"], "format": "date-time"}
_NEXT: Final[Schema] = {
    "type": ["string", "null"],
    "description": "the `after` of the next page, if `limit` was given; null: there is none",
}


def ref(name: str) -> Schema:
    """The schema of this name."""
    assert name in COMPONENTS, name
    return {"$ref": f"#/components/schemas/{name}"}


def listed(member: str, name: str, *, paged: bool = False) -> Schema:
    """An object whose only member is a list, but for the `next` of a page."""
    page = {"next": _NEXT} if paged else {}
    return {
        "type": "object",
        "required": [member],
        "properties": {member: {"type": "array", "items": ref(name)}, **page},
    }


def _object(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
    }


def _enum(*words: str) -> Schema:
    return {"type": "string", "enum": list(words)}


_SECONDS_SET: Final[Schema] = {"type": "integer", "minimum": 0, "description": "seconds"}

_EXIT_STATUSES: Final[Schema] = {
    "type": "array",
    "items": {"type": "integer", "minimum": 1, "maximum": MAX_EXIT_STATUS},
}

_CHECK: Final = _object(
    {
        **dict.fromkeys(("name", "slug", "tags", "desc", "subject", "subject_fail"), TEXT),
        **dict.fromkeys(("start_kw", "success_kw", "failure_kw"), TEXT),
        **dict.fromkeys(("filter_subject", "filter_body", "filter_http_body", "filter_default_fail"), FLAG),
        **dict.fromkeys(("manual_resume", "started"), FLAG),
        "grace": _SECONDS_SET,
        "n_pings": {"type": "integer", "minimum": 0},
        "methods": _enum("", "POST"),
        "status": _enum("new", "up", "grace", "down", "paused", "started"),
        "last_ping": _NO_MOMENT,
        "next_ping": _NO_MOMENT,
        "badge_url": URL,
    },
    {
        "timeout": {"type": "integer", "minimum": 0, "description": "seconds; unless there is a schedule"},
        "schedule": TEXT,
        "tz": TEXT,
        "uuid": UUID,
        **dict.fromkeys(("ping_url", "update_url", "pause_url", "resume_url"), URL),
        "channels": {"type": "string", "description": "ids with commas between them"},
        "unique_key": {"type": "string", "description": "for a read-only key, in place of the uuid"},
        **dict.fromkeys(("kw_ignore_case", "kw_whole_word"), FLAG),
        **dict.fromkeys(("max_runtime", "min_runtime", "early"), _SECONDS_SET),
        "depends_on": {
            "type": "array",
            "items": TEXT,
            "description": "uuids; for a read-only key unique keys",
        },
        **dict.fromkeys(("success_exit_statuses", "ignored_exit_statuses"), _EXIT_STATUSES),
        **dict.fromkeys(("failures_before_alert", "successes_before_up"), NUMBER),
        "repeat_after": _SECONDS_SET,
        "snoozed_until": MOMENT,
        "last_duration": _SECONDS_SET,
    },
)

_REASON: Final = _object(
    {
        "signal": _enum(*get_args(Signal)),
        "keyword": _NO_TEXT,
        "where": _enum(*get_args(Where)),
    }
)

_PING: Final = _object(
    {
        "type": _enum(*get_args(Signal)),
        "date": MOMENT,
        "n": {"type": "integer", "minimum": 1},
        **dict.fromkeys(("scheme", "remote_addr", "method", "ua"), TEXT),
        "rid": {"type": ["string", "null"], "format": "uuid"},
        "body_url": {"type": ["string", "null"], "format": "uri"},
    },
    {
        "exit_status": {"type": "integer", "minimum": 0, "maximum": MAX_EXIT_STATUS},
        "duration": SECONDS,
        "body_cut_before": {"type": "integer", "minimum": 1},
        "subject": _NO_TEXT,
        "sender": _NO_TEXT,
        "reason": {"$ref": "#/components/schemas/Reason"},
    },
)

_CHANNEL: Final = _object(
    {
        "id": UUID,
        **dict.fromkeys(("name", "kind", "target", "tags"), TEXT),
        "events": {"type": "array", "items": _enum(*EVENTS)},
        "delay": _SECONDS_SET,
        "auto_assign": FLAG,
        "disabled": FLAG,
        "error": _NO_TEXT,
    }
)

_ATTEMPT: Final = _object(
    {"at": MOMENT, "duration": SECONDS, "status": {"type": ["integer", "null"]}, "error": _NO_TEXT}
)

_NOTIFICATION: Final = _object(
    {
        "check": UUID,
        "channel": UUID,
        "n": NUMBER,
        "event": TEXT,
        "reason": TEXT,
        "at": MOMENT,
        "status": _enum("pending", "sent", "failed", "skipped"),
        "why": _NO_TEXT,
        "attempts": {"type": "array", "items": {"$ref": "#/components/schemas/Attempt"}},
    }
)

_WINDOW: Final = _object(
    {
        "id": UUID,
        "name": TEXT,
        "check": {"type": ["string", "null"], "format": "uuid"},
        "tag": TEXT,
    },
    {
        **dict.fromkeys(("start", "end"), MOMENT),
        **dict.fromkeys(("schedule", "tz"), TEXT),
        "minutes": {"type": "integer", "minimum": 1},
    },
)

_LIMITS: Final = dict.fromkeys(("checks_limit", "pings_limit"), NUMBER)
_PROJECT_MEMBERS: Final = {"id": UUID, "name": TEXT, "created": MOMENT, **_LIMITS}
_KEYS: Final = dict.fromkeys(("api_key", "api_key_readonly", "ping_key", "badge_key"), TEXT)

_FIELD: Final = _object(
    {
        **dict.fromkeys(("name", "label", "help", "example", "default"), TEXT),
        "type": _enum(*get_args(FieldType)),
        "required": FLAG,
        "choices": {"type": "array", "items": TEXT},
    }
)

COMPONENTS: Final[dict[str, Schema]] = {
    "Error": _object({"error": TEXT}),
    "Check": _CHECK,
    "Ping": _PING,
    "Reason": _REASON,
    "Flip": _object({"timestamp": MOMENT, "up": {"type": "integer", "enum": [0, 1]}}),
    "Channel": _CHANNEL,
    "ChannelName": _object({"id": UUID, "name": TEXT, "kind": TEXT}),
    "ChannelKind": _object(
        {
            **dict.fromkeys(("kind", "label", "help"), TEXT),
            "fields": {"type": "array", "items": {"$ref": "#/components/schemas/Field"}},
        }
    ),
    "Field": _FIELD,
    "TestResult": _object(
        {"ok": FLAG, "status": {"type": ["integer", "null"]}, "error": _NO_TEXT, "duration": SECONDS}
    ),
    "Notification": _NOTIFICATION,
    "Attempt": _ATTEMPT,
    "Window": _WINDOW,
    "Project": _object(_PROJECT_MEMBERS),
    "NewProject": _object({**_PROJECT_MEMBERS, **_KEYS}),
    "RotatedKey": _object({"id": UUID, "kind": TEXT, "key": TEXT}),
    "Verdict": _object(
        {
            "reason": {"$ref": "#/components/schemas/Reason"},
            "subject": _NO_TEXT,
            "text": _NO_TEXT,
            "complete": FLAG,
        }
    ),
    "Badges": _object(
        {
            "badges": {
                "type": "object",
                "additionalProperties": {"type": "object", "additionalProperties": URL},
                "description": "by tag, and `*` for all checks: the addresses by format",
            }
        }
    ),
    "Metrics": _object(
        dict.fromkeys(("ts", "max_ping_id", "max_notification_id", "num_unprocessed_flips"), NUMBER)
    ),
    "Problems": _object(
        {"status": _enum("ill"), "problems": {"type": "object", "additionalProperties": TEXT}}
    ),
}

# Parameters of queries.
PAGE_SIZE: Final[Schema] = {"type": "integer", "minimum": 1, "maximum": MAX_PAGE}
CURSOR: Final[Schema] = {"type": "string", "description": "the `next` of an earlier answer"}
WHEN: Final[Schema] = {
    "anyOf": [
        {"type": "string", "format": "date-time"},
        {"type": "integer", "minimum": 0, "maximum": MAX_MOMENT},
    ]
}
