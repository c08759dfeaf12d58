"""An alert message as JSON for programs, and its parts as placeholders of templates."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime

from hcserver.domain.ping import Ping
from hcserver.notify.alert_message import AlertMessage, MessageEvent
from hcserver.notify.body_preview import readable_body
from hcserver.notify.rendering import link, plain, title
from hcserver.payloads.check import check_payload as api_payload

Placeholders = Mapping[str, Callable[[], str]]

_STATUS: dict[MessageEvent, str] = {
    "down": "down",
    "up": "up",
    "start-too-long": "down",
    "paused": "paused",
    "reminder": "down",
    "test": "test",
    "channel-disabled": "channel-disabled",
}
# Of the API's members: what the check is and how it is. The uuid and the addresses let whoever reads them
# ping the check: they are only there where the owner of the channel asks for them.
_CHECK_MEMBERS = frozenset(
    {
        *("name", "slug", "tags", "desc", "grace", "n_pings", "status", "started", "last_ping", "next_ping"),
        *("unique_key", "uuid", "ping_url", "update_url", "pause_url", "resume_url"),
        *("timeout", "schedule", "tz"),
    }
)
# Longer names first: $BODY must not hide $BODY_JSON.
_PLACEHOLDER = re.compile(
    r"\$(CODE|STATUS|NOW|NAME_JSON|NAME|SLUG|TAGS|TAG[1-9][0-9]{0,2}|JSON"
    r"|BODY_TEXT_JSON|BODY_TEXT|BODY_JSON|BODY|EXITSTATUS)"
)


def document(alert_message: AlertMessage, *, full: bool) -> dict[str, object]:
    """The message, laid out as the Standard Webhooks specification recommends it ("Payload structure").

    `title` and `text` are for people; chat servers that accept Slack's webhooks show them. `full`: with the
    uuid of the check and the addresses that it is pinged and changed by.
    """
    return {
        "type": _type(alert_message.event),
        "timestamp": _iso(alert_message.happened),
        "id": str(alert_message.id),
        "status": _STATUS[alert_message.event],
        "reason": alert_message.reason,
        "since": _iso(alert_message.since),
        "project": alert_message.project,
        "check": check_payload(alert_message, full=full),
        "last_ping": None if alert_message.last_ping is None else _ping_document(alert_message.last_ping),
        "title": title(alert_message),
        "text": plain(alert_message),
        "link": link(alert_message),
    }


def check_payload(alert_message: AlertMessage, *, full: bool) -> dict[str, object]:
    """The check with members of the management API, version 3."""
    members = api_payload(
        alert_message.check, alert_message.now, alert_message.base_url, version=3, writable=full
    )
    return {name: value for name, value in members.items() if name in _CHECK_MEMBERS}


def placeholders(alert_message: AlertMessage, body_limit: int, *, full: bool) -> Placeholders:
    """What makes the value of each placeholder, by its name without "$": most templates use few of them.

    At most `body_limit` characters are taken of a body, from its end if its beginning is not kept. TAG1, TAG2
    and so on are the check's tags. EXITSTATUS is -1 if the last ping had none. `full` is about JSON: see
    `document`.
    """
    check, ping = alert_message.check, alert_message.last_ping

    def body() -> str:
        text = "" if ping is None else (ping.body or b"").decode("utf-8", "replace")
        return text[-body_limit:] if ping is not None and ping.cut_before else text[:body_limit]

    def body_text() -> str:
        return readable_body(ping, body_limit)

    exit_status = -1 if ping is None or ping.exit_status is None else ping.exit_status
    values: dict[str, Callable[[], str]] = {
        "CODE": lambda: str(check.id),
        "STATUS": lambda: _STATUS[alert_message.event],
        "NOW": lambda: alert_message.happened.isoformat(timespec="seconds"),
        "NAME": lambda: check.name,
        "NAME_JSON": lambda: json.dumps(check.name),
        "SLUG": lambda: check.slug,
        "TAGS": lambda: check.tags,
        "JSON": lambda: json.dumps(check_payload(alert_message, full=full)),
        "BODY": body,
        "BODY_JSON": lambda: json.dumps(body()),
        "BODY_TEXT": body_text,
        "BODY_TEXT_JSON": lambda: json.dumps(body_text()),
        "EXITSTATUS": lambda: str(exit_status),
    }
    for n, tag in enumerate(check.tag_list(), 1):
        values[f"TAG{n}"] = lambda tag=tag: tag  # type: ignore[misc]
    return values


def expand(template: str, values: Placeholders, encode: Callable[[str], str] = str) -> str:
    """The template with its placeholders replaced, in one pass.

    What looks like a placeholder in a value stays as it is. So does a placeholder without a value ($TAG3 of a
    check with two tags).
    """

    def value(match: re.Match[str]) -> str:
        return encode(values[match[1]]()) if match[1] in values else match[0]

    return _PLACEHOLDER.sub(value, template)


def _type(event: MessageEvent) -> str:
    return "channel.disabled" if event == "channel-disabled" else f"check.{event.replace('-', '_')}"


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
