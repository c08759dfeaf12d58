"""A notice as JSON, for programs, and its parts as placeholders of templates."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime

from hcserver.domain.check import Check
from hcserver.domain.ping import Ping
from hcserver.domain.status import grace_start, shown_status
from hcserver.notify.alert_message import AlertMessage, MessageEvent
from hcserver.notify.rendering import link, plain, title

_STATUS: dict[MessageEvent, str] = {
    "down": "down",
    "up": "up",
    "start-too-long": "down",
    "paused": "paused",
    "reminder": "down",
    "test": "test",
}
_PLACEHOLDER = re.compile(
    r"\$(CODE|STATUS|NOW|NAME_JSON|NAME|SLUG|TAGS|TAG[1-9][0-9]{0,2}|JSON|BODY_JSON|BODY|EXITSTATUS)"
)


def document(alert_message: AlertMessage) -> dict[str, object]:
    """The notice, laid out as the Standard Webhooks specification recommends it ("Payload structure").

    `title` and `text` are for people; chat servers that take Slack's webhooks show them.
    """
    return {
        "type": f"check.{alert_message.event.replace('-', '_')}",
        "timestamp": _iso(alert_message.happened),
        "id": str(alert_message.id),
        "status": _STATUS[alert_message.event],
        "reason": alert_message.reason,
        "since": _iso(alert_message.since),
        "project": alert_message.project,
        "check": check_document(alert_message),
        "last_ping": None if alert_message.last_ping is None else _ping_document(alert_message.last_ping),
        "title": title(alert_message),
        "text": plain(alert_message),
        "link": link(alert_message),
    }


def check_document(alert_message: AlertMessage) -> dict[str, object]:
    """The check in the words of the management API, version 3."""
    check, address = alert_message.check, link(alert_message)
    status = shown_status(check, alert_message.now)
    found: dict[str, object] = {
        "name": check.name,
        "slug": check.slug,
        "tags": check.tags,
        "desc": check.desc,
        "grace": check.grace,
        "n_pings": check.n_pings,
        "status": status,
        "started": check.last_start is not None,
        "last_ping": _iso(check.last_ping),
        "next_ping": None if status == "down" else _iso(grace_start(check)),
        "uuid": str(check.id),
        "ping_url": f"{alert_message.base_url}/ping/{check.id}",
        "update_url": address,
        "pause_url": f"{address}/pause",
        "resume_url": f"{address}/resume",
    }
    return found | _schedule(check)


def placeholders(alert_message: AlertMessage, body_limit: int) -> dict[str, str]:
    """What each placeholder stands for, by its name without "$"; at most `body_limit` characters of a body.

    TAG1, TAG2, … are the check's tags; EXITSTATUS is -1 if the last ping had none.
    """
    check, ping = alert_message.check, alert_message.last_ping
    body = "" if ping is None else (ping.body or b"").decode("utf-8", "replace")[:body_limit]
    exit_status = -1 if ping is None or ping.exit_status is None else ping.exit_status
    values = {
        "CODE": str(check.id),
        "STATUS": _STATUS[alert_message.event],
        "NOW": alert_message.happened.isoformat(timespec="seconds"),
        "NAME": check.name,
        "NAME_JSON": json.dumps(check.name),
        "SLUG": check.slug,
        "TAGS": check.tags,
        "JSON": json.dumps(check_document(alert_message)),
        "BODY": body,
        "BODY_JSON": json.dumps(body),
        "EXITSTATUS": str(exit_status),
    }
    return values | {f"TAG{n}": tag for n, tag in enumerate(check.tag_list(), 1)}


def expand(template: str, values: Mapping[str, str], encode: Callable[[str], str] = str) -> str:
    """The template with its placeholders replaced, in one pass: what looks like a placeholder in a value
    stays as it is, and so does one that stands for nothing ($TAG3 of a check with two tags).
    """

    def value(match: re.Match[str]) -> str:
        return encode(values[match[1]]) if match[1] in values else match[0]

    return _PLACEHOLDER.sub(value, template)


def _schedule(check: Check) -> dict[str, object]:
    if check.kind == "simple":
        return {"timeout": check.timeout}
    return {"schedule": check.schedule, "tz": check.tz}


def _ping_document(ping: Ping) -> dict[str, object]:
    return {
        "n": ping.n,
        "type": ping.type,
        "date": _iso(ping.at),
        "scheme": ping.scheme,
        "remote_addr": ping.remote_addr,
        "method": ping.method,
        "ua": ping.ua,
        "rid": None if ping.rid is None else str(ping.rid),
        "exit_status": ping.exit_status,
        "subject": ping.subject,
        "sender": ping.sender,
    }


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")
