"""What the API tells of a check's notifications, and how they are held back for a while."""

from __future__ import annotations

from datetime import datetime, timedelta

from handlers.api.base import UUID_PATTERN, Call, Endpoint, endpoint, json_response
from handlers.api.channels import DEFAULT_PAGE
from handlers.api.checks import document_of, find_check, limit_asked
from handlers.api.payloads import notification_document
from handlers.ping.exchange import Response
from hcserver.validation import json_fields

MAX_SNOOZE = 31_536_000  # seconds: 365 days


async def list_notifications(call: Call) -> Response:
    """GET checks/<uuid>/notifications/"""
    check = await find_check(call)
    limit = limit_asked(call.query()) or DEFAULT_PAGE
    notifications = await call.services.checks.notifications(check, limit)
    return json_response({"notifications": [notification_document(one) for one in notifications]})


async def snooze_check(call: Call) -> Response:
    """POST checks/<uuid>/snooze: `until` a moment, or for `seconds`, of which 0 ends it."""
    check = await find_check(call)
    until = _until(call, call.services.clock())
    check = await call.services.check_editor.snooze(call.project, check.id, until)
    return json_response(document_of(call, check))


def _until(call: Call, now: datetime) -> datetime | None:
    readers = {"seconds": json_fields.integer(0, MAX_SNOOZE), "until": json_fields.moment}
    asked = json_fields.parse(call.data, readers)
    if len(asked) != 1:
        raise json_fields.fault("expected either seconds or until")
    if asked.get("seconds") == 0:
        return None
    until: datetime = asked["until"] if "until" in asked else now + timedelta(seconds=asked["seconds"])
    if until <= now:
        raise json_fields.fault("until is in the past")
    return until


ENDPOINTS: list[Endpoint] = [
    endpoint(rf"checks/{UUID_PATTERN}/notifications/", GET=("write", list_notifications)),
    endpoint(rf"checks/{UUID_PATTERN}/snooze", POST=("write", snooze_check)),
]
